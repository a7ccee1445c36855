"""What can be wrong with a model's answer, and what may be said of it."""

from enum import StrEnum
from typing import Final

from functions.core.domain.errors import PermanentError
from functions.core.domain.schemas import Violation

MAX_ANSWER_BYTES: Final = 262_144
_SHOWN_VIOLATIONS: Final = 5


class AnswerFault(StrEnum):
    """What can be wrong with an answer."""

    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    MARKUP = "MARKUP"
    """An HTML or XML page, as a proxy sends."""
    NO_JSON = "NO_JSON"
    """Prose without a value."""
    TRUNCATED = "TRUNCATED"
    """It ends inside a value or a fence."""
    TWO_VALUES = "TWO_VALUES"
    """Values that differ, and nothing says which is meant."""
    NOT_STRICT = "NOT_STRICT"
    """Looks like JSON and can't be read in one way only: duplicate keys, NaN, too deep."""
    SCHEMA = "SCHEMA"
    """A value that misses the schema."""


_TOLD: Final = {
    AnswerFault.EMPTY: "it was empty",
    AnswerFault.TOO_LARGE: "it was too long",
    AnswerFault.MARKUP: "it was mark-up, not JSON",
    AnswerFault.NO_JSON: "it held no JSON object",
    AnswerFault.TRUNCATED: "it ended in the middle of a value",
    AnswerFault.TWO_VALUES: "it held more than one JSON value",
    AnswerFault.NOT_STRICT: "it was not strict JSON",
    AnswerFault.SCHEMA: "it did not fit the schema",
}


class AnswerProblem(PermanentError):
    """An answer that can't be accepted; its text says kind and place, never a value."""

    def __init__(
        self, fault: AnswerFault, detail: str = "", violations: tuple[Violation, ...] = ()
    ) -> None:
        self.fault = fault
        self.violations = violations
        shown = "; ".join(map(str, violations[:_SHOWN_VIOLATIONS])) or detail
        super().__init__(f"{fault}: {shown}" if shown else str(fault))

    @property
    def complaints(self) -> tuple[str, ...]:
        """What its author may be told: place, keyword and limit of each fault, or its kind."""
        told = tuple(map(str, self.violations[:_SHOWN_VIOLATIONS]))
        return told or (_TOLD[self.fault],)
