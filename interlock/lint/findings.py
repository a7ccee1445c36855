"""What the linter says: a rule, where it is broken, and what is wrong there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.lint.machine import Machine


class Severity(StrEnum):
    """What a finding stops: an error stops synthesis, a warning is printed."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Rule:
    """One rule of the linter.

    Attributes
    ----------
    id
        `ASL…`: of the Amazon States Language; `IL…`: of Interlock.
    demands
        What holds where the rule is kept: one sentence.
    todo
        What to do where it is broken: one sentence.
    """

    id: str
    severity: Severity
    demands: str
    todo: str


def error(id_: str, demands: str, todo: str) -> Rule:
    """Return a rule whose findings are errors."""
    return Rule(id_, Severity.ERROR, demands, todo)


def warning(id_: str, demands: str, todo: str) -> Rule:
    """Return a rule whose findings are warnings."""
    return Rule(id_, Severity.WARNING, demands, todo)


@dataclass(frozen=True)
class Finding:
    """One place where a rule is broken.

    Attributes
    ----------
    place
        JSON pointer into the file; for a TOML file its dotted key; empty: the file as a whole.
    line
        Counted from 1; 0 where it is not known.
    """

    rule: Rule
    place: str
    what: str
    file: str = ""
    line: int = 0

    @property
    def is_error(self) -> bool:
        """Whether it stops synthesis."""
        return self.rule.severity is Severity.ERROR

    def at(self, file: str, line: int = 0) -> "Finding":
        """Return this finding as one of *file*."""
        return replace(self, file=file, line=line)

    def __str__(self) -> str:
        where = ":".join(filter(None, (self.file, str(self.line or ""), self.place)))
        return f"{where}: {self.rule.id} {self.what}. {self.rule.todo}"


Check = Callable[["Machine"], Iterator[Finding]]
"""Judges a state machine that was read."""
