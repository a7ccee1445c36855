"""The Amazon States Language: every check of it, in the order in which they are read.

Sources: the specification at states-language.net (JSONPath and JSONata), and the Step Functions
developer guide where the service says more.
"""

from collections.abc import Iterator
from typing import Any, Final

from functions.core.domain.canonical import parse_strict
from functions.core.domain.errors import InvalidJson
from interlock.lint import (
    choice,
    integrations,
    intrinsics,
    maps,
    queries,
    retry,
    structure,
    templates,
    values,
)
from interlock.lint.findings import Check, Finding, Rule, error
from interlock.lint.lines import line_of, lines
from interlock.lint.machine import Machine, read

NO_JSON = error(
    "ASL001",
    "A definition is one JSON object in UTF-8 that says each key once.",
    "Correct the JSON.",
)

CHECKS: Final[tuple[Check, ...]] = (
    structure.check,
    values.check,
    templates.check,
    choice.check,
    retry.check,
    maps.check,
    integrations.check,
    queries.check,
)
RULES: Final[tuple[Rule, ...]] = (
    NO_JSON,
    *structure.RULES,
    *values.RULES,
    *templates.RULES,
    *choice.RULES,
    *intrinsics.RULES,
    *retry.RULES,
    *maps.RULES,
    *integrations.RULES,
    *queries.RULES,
)


def check_text(text: str | bytes, file: str, more: tuple[Check, ...] = ()) -> list[Finding]:
    """Return what is wrong with the definition *text* of *file*, in the order of its lines.

    Parameters
    ----------
    more
        Checks beside those of the language.
    """
    try:
        body: Any = parse_strict(text)
    except InvalidJson as problem:
        return [Finding(NO_JSON, problem.pointer or "", problem.reason).at(file, 1)]
    if not isinstance(body, dict):
        return [Finding(NO_JSON, "", "no JSON object").at(file, 1)]
    return located(text, file, check_machine(read(body), more))


def check_machine(machine: Machine, more: tuple[Check, ...] = ()) -> Iterator[Finding]:
    """Yield what is wrong with *machine*, each thing once."""
    seen: set[tuple[str, str]] = set()
    for check in (*CHECKS, *more):
        for finding in check(machine):
            if (finding.rule.id, finding.place) not in seen:
                seen.add((finding.rule.id, finding.place))
                yield finding


def located(text: str | bytes, file: str, findings: Iterator[Finding]) -> list[Finding]:
    """Return *findings* with file and line, in the order of lines."""
    found = list(findings)
    where = lines(text if isinstance(text, str) else text.decode()) if found else {}
    placed = [finding.at(file, line_of(where, finding.place)) for finding in found]
    return sorted(placed, key=lambda finding: (finding.line, finding.rule.id, finding.place))
