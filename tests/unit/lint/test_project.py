# ruff: noqa: E501 - a table reads best with a case a line
"""A whole project is judged: ours is clean, and each complaint has its rule, file and line."""

import json
from pathlib import Path

import pytest

from interlock.lint import declarations
from interlock.lint.lines import line_of, lines
from interlock.lint.project import (
    MachinesRefused,
    lint_platform,
    lint_project,
    lint_workflow,
    require_no_errors,
)
from interlock.lint.registry import RULES
from interlock.lint.spec import check_text

ROOT = Path(__file__).parents[3]
FLOW = "statemachines/workflows/triage_ticket"
CONTRACT = f"{FLOW}/workflow.toml"
ASL = f"{FLOW}/triage_ticket.asl.json"
TASK = "catalog/ai_tasks/classify_ticket"


def test_our_own_project_is_clean() -> None:
    """No error and no warning in our workflows, catalog and platform machines."""
    assert list(map(str, lint_project(ROOT))) == []


def machines() -> list[Path]:
    """Return every machine that somebody wrote, wherever it lies."""
    made = {"build", "cdk.out", "node_modules"}
    written = (at for at in ROOT.iterdir() if at.name[0] != "." and at.name not in made)
    return sorted(file for folder in written for file in folder.glob("**/*.asl.json"))


@pytest.mark.parametrize("file", machines(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_state_machine_of_the_repository_keeps_the_language(file: Path) -> None:
    """Those of the examples, too."""
    assert [str(finding) for finding in check_text(file.read_bytes(), file.name)] == []


BROKEN = [
    ("IL001", "catalog/models.toml", 'dialect = "', 'speech = "', "targets.embedded_lexical_1.speech", 0),
    ("IL001", TASK + "/task.toml", "owner =", "owner = =", "", 3),
    ("IL002", CONTRACT, "owner =", "# ", "owner", 0),
    ("IL002", TASK + "/task.toml", "purpose =", "# ", "purpose", 0),
    ("IL003", f"{FLOW}/input.schema.json", '"maxLength": 64', '"maxLength": "64"', "/properties/ticket_id/maxLength", None),
    ("IL004", f"{FLOW}/events/spam_ticket.json", '"ticket_id"', '"id"', "/detail", None),
    ("IL004", TASK + "/golden.jsonl", '"text":', '"body":', "", 1),
    ("IL005", CONTRACT, '"draft_reply"', '"draft"', "uses.ai_tasks.1", 0),
    ("IL005", ASL, '"task": "draft_reply"', '"task": "draft"', "/States/DraftReply/Arguments/Input/task", None),
    ("IL005", ASL, '"reason": "spam"', '"why": "spam"', "/States/CloseTicket/Arguments/Input/fields/why", None),
    ("IL005", TASK + "/task.toml", 'route = "', 'route = "no_', "route", 0),
    ("IL006", CONTRACT, 'source = ["helpdesk"]', "", "triggers.0.source", 0),
    ("IL201", ASL, '"TimeoutSeconds": 2592000,', "", "/TimeoutSeconds", None),
    ("IL201", ASL, '"TimeoutSeconds": 864000,', "", "/States/Classify/TimeoutSeconds", None),
    ("IL202", ASL, '"QueryLanguage": "JSONata",', "", "/QueryLanguage", None),
    ("IL203", ASL, "states:startExecution.sync:2", "lambda:invoke", "/States/Classify/Resource", None),
    ("IL203", ASL, "${run_ai_task_arn}", "arn:aws:states:eu-central-1:1:stateMachine:x", "/States/Classify/Arguments/StateMachineArn", None),
    ("IL204", ASL, '"ReportFailure": {', '"' + "R" * 33 + '": {"Type": "Fail"}, "ReportFailure": {', "/States/" + "R" * 33, None),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "file", "old", "new", "place", "line"), BROKEN)
def test_what_is_declared_wrongly_has_its_rule(
    project: Path, rule: str, file: str, old: str, new: str, place: str, line: int | None
) -> None:
    """With file and place; and with the line in JSON, where something stands there to point at."""
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new, 1))

    found = [
        f for f in lint_project(project) if (f.rule.id, f.file, f.place) == (rule, file, place)
    ]

    assert found
    assert all(f.line == line if line is not None else f.line > 0 for f in found)


def test_each_rule_of_declarations_is_broken_above() -> None:
    """So that none can be lost."""
    assert {rule.id for rule in declarations.RULES} == {rule for rule, *_ in BROKEN}


def test_what_the_language_says_is_not_said_twice(project: Path) -> None:
    """A StartAt that names nothing is one finding, though two checks see it."""
    text = (project / ASL).read_text()
    (project / ASL).write_text(text.replace('"StartAt": "Classify"', '"StartAt": "Nothing"'))

    found = [f for f in lint_project(project) if f.file == ASL]

    assert [(finding.rule.id, finding.place) for finding in found] == [("ASL102", "/StartAt")]


def test_a_machine_that_is_no_json_is_one_finding(project: Path) -> None:
    """Not one for each thing that can't be read in it."""
    (project / ASL).write_text("{")

    assert [f.rule.id for f in lint_project(project) if f.file == ASL] == ["ASL001"]


def test_a_broken_platform_machine_is_found(project: Path) -> None:
    """The platform's own machines are judged with the teams'."""
    file = project / "statemachines/platform/call_system.asl.json"
    file.write_text(file.read_text().replace('"Next": "RouteByVerdict"', '"Next": "Route"'))

    found = lint_platform(file.parent, project)

    assert ("ASL102", "statemachines/platform/call_system.asl.json") in {
        (finding.rule.id, finding.file) for finding in found
    }


def test_errors_stop_and_warnings_pass(project: Path) -> None:
    """Synthesis goes on with warnings, and stops with a sentence for each error."""
    text = (project / ASL).read_text()
    (project / ASL).write_text(text.replace('"JitterStrategy": "FULL"', '"Comment": "-"', 1))

    warnings = require_no_errors(lint_workflow(project / ASL, project))

    assert [finding.rule.id for finding in warnings] == ["IL306"]
    (project / ASL).write_text(text.replace("{% $ticket %}", "{% $text %}", 1))
    with pytest.raises(MachinesRefused, match=rf"(?s)1 error in .*{ASL}:\d+:.*ticket: IL301"):
        require_no_errors(lint_workflow(project / ASL, project))


def test_lines_are_those_of_keys_and_elements() -> None:
    """As an editor counts them."""
    text = '{\n "a": [\n  1,\n  {"b": 2,\n   "c/d~": [[], {}]}],\n "e": "x\\"]",\n "f": {}\n}'

    found = lines(text)

    assert json.loads(text)
    assert found == {
        "": 1,
        "/a": 2,
        "/a/0": 3,
        "/a/1": 4,
        "/a/1/b": 4,
        "/a/1/c~1d~0": 5,
        "/a/1/c~1d~0/0": 5,
        "/a/1/c~1d~0/1": 5,
        "/e": 6,
        "/f": 7,
    }
    assert line_of(found, "/a/1/missing/x") == 4


def test_rules_have_ids_of_their_own_and_whole_sentences() -> None:
    """What a rule demands and what to do are sentences."""
    ids = [rule.id for rule in RULES]

    assert len(ids) == len(set(ids))
    for rule in RULES:
        for sentence in (rule.demands, rule.todo):
            assert sentence.endswith("."), rule.id
            assert sentence[0].isupper() or not sentence[0].isalpha(), rule.id
