"""What `interlock.definitions` says of a project, as findings of the linter.

The definitions are checked there, once; here each complaint gets a rule by the place it names, so
that an editor can show it and a reader can look it up.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from interlock.definitions.problems import DefinitionError
from interlock.lint.findings import Finding, Rule, error

DECLARED = error(
    "IL001",
    "Every file of a workflow and of the catalog is there, is read by somebody, and has the keys "
    "and values that it may have.",
    "Correct the file as docs/write-a-workflow.md and docs/write-an-ai-task.md have it.",
)
OWNED = error(
    "IL002",
    "Whatever is declared says its owner, its team and its purpose.",
    "Say them in a line each.",
)
SCHEMAS = error(
    "IL003",
    "A schema is JSON Schema 2020-12, as every part of the service understands it.",
    "Correct the schema.",
)
SAMPLES = error(
    "IL004",
    "Sample events, examples and golden rows fit their schemas; refused samples don't.",
    "Correct the sample, or the schema.",
)
REFERENCES = error(
    "IL005",
    "What is named exists: AI tasks, operations, systems, routes, policies, placeholders, fields; "
    "and a machine uses only what its workflow declares.",
    "Correct the name, or declare what it names.",
)
TRIGGERS = error(
    "IL006",
    "Rules and schedules are such as EventBridge takes, with operators that the service knows.",
    "Correct the trigger.",
)
TIME_OUTS = error(
    "IL201",
    "The machine and each of its Tasks say TimeoutSeconds.",
    "Add TimeoutSeconds; a step that may park waits for days.",
)
JSONATA_ONLY = error(
    "IL202", "A workflow is JSONata.", 'Say "QueryLanguage": "JSONata" at the top.'
)
PLATFORM_ONLY = error(
    "IL203",
    "A workflow starts platform machines, and nothing else.",
    "Use arn:aws:states:::states:startExecution.sync:2 on one of the platform's placeholders.",
)
STEP_LENGTH = error(
    "IL204",
    "A state's name has at most 32 characters: a step's identity begins with it.",
    "Shorten the name.",
)
RULES: Final = (
    DECLARED,
    OWNED,
    SCHEMAS,
    SAMPLES,
    REFERENCES,
    TRIGGERS,
    TIME_OUTS,
    JSONATA_ONLY,
    PLATFORM_ONLY,
    STEP_LENGTH,
)

_MACHINE: Final = ".asl.json"
_NAMED: Final = ("/task", "/operation", "/approval", "/variables", "/fields")
_OF_MACHINES: Final[tuple[tuple[Rule, Callable[[str], bool]], ...]] = (
    (TIME_OUTS, lambda key: key.endswith("/TimeoutSeconds")),
    (JSONATA_ONLY, lambda key: key.endswith("/QueryLanguage")),
    (PLATFORM_ONLY, lambda key: key.endswith(("/Resource", "/StateMachineArn"))),
    (STEP_LENGTH, lambda key: key.rpartition("/")[0].endswith("/States")),
    (REFERENCES, lambda key: key == "" or key.endswith(_NAMED) or "/Input/" in key),
)
_LINKS: Final = ("route", "policy")
_OF_OTHERS: Final[tuple[tuple[Rule, Callable[[DefinitionError], bool]], ...]] = (
    (SCHEMAS, lambda told: told.file.endswith(".schema.json") or "_schema" in told.key),
    (SAMPLES, lambda told: "/events" in told.file or told.file.endswith("golden.jsonl")),
    (SAMPLES, lambda told: told.key.startswith("examples")),
    (OWNED, lambda told: told.key in ("owner", "team", "purpose")),
    (TRIGGERS, lambda told: told.key.startswith("triggers.")),
    (REFERENCES, lambda told: told.key.startswith(("uses.", "routes.")) or told.key in _LINKS),
)


def rule_of(complaint: DefinitionError) -> Rule:
    """Return the rule that *complaint* is about."""
    if complaint.file.endswith(_MACHINE):
        return next((rule for rule, is_it in _OF_MACHINES if is_it(complaint.key)), DECLARED)
    return next((rule for rule, is_it in _OF_OTHERS if is_it(complaint)), DECLARED)


def findings(complaints: Iterable[DefinitionError]) -> Iterator[Finding]:
    """Yield each complaint as a finding, with the line where the complaint itself names one."""
    for complaint in complaints:
        line, _, rest = complaint.key.partition(" ")
        number = int(rest) if line == "line" and rest.isdigit() else 0
        place = "" if number else complaint.key
        yield Finding(rule_of(complaint), place, complaint.reason, complaint.file, number)
