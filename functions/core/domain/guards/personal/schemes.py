"""What a scheme of numbers is: its form, its check, and how much company it needs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from functions.core.domain.guards.gate import Gate, Pattern
from functions.core.domain.guards.personal.checksums import Check

_SEPARATORS: Final = re.compile(r"[^0-9A-Za-z]+")
_FLAGS: Final = re.ASCII | re.IGNORECASE
_GROUP: Final = 8
"""Schemes behind one gate."""


def words(text: str) -> frozenset[str]:
    """Return the words of *text*."""
    return frozenset(text.split())


class Where(Enum):
    """Where a number of a scheme is taken for one."""

    ANYWHERE = "anywhere"
    """Its form, or form and check, leave no doubt."""
    ALONE = "alone"
    """Where it is the whole text, a field's value; else beside one of its words."""
    LABELLED = "labelled"
    """Beside one of its words only: half of all numbers look like it."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One kind of number, as one country or body writes it.

    `shape` is matched where a word begins and has to end where one ends; `words` are lower-case;
    `check` takes the number in capitals without separators.
    """

    rule: str
    kind: str
    shape: Pattern
    where: Where
    words: frozenset[str]
    check: Check | None


def scheme(
    rule: str,
    kind: str,
    shape: str,
    where: Where,
    beside: str = "",
    check: Check | None = None,
    *,
    capitals: bool = False,
) -> Scheme:
    """Return the scheme *rule*, told by words *beside* it; *capitals*: never in small ones."""
    flags = re.ASCII if capitals else _FLAGS
    pattern = Pattern(rf"(?:{shape})(?![0-9A-Za-z])", flags)
    return Scheme(rule, kind, pattern, where, words(beside), check)


def compact(text: str) -> str:
    """Return *text* as checks take it: capitals, no separators."""
    return _SEPARATORS.sub("", text).upper()


class Group:
    """A few schemes behind the gate of their shapes."""

    def __init__(self, schemes: Sequence[Scheme]) -> None:
        self._schemes = schemes
        self._begins = begins([one.shape for one in schemes])

    def of(self, text: str) -> Sequence[Scheme]:
        """Return the schemes that *text* may begin with a number of: all of them, or none."""
        return self._schemes if self._begins.may_match(text) else ()


@dataclass(frozen=True, slots=True)
class Table:
    """Schemes in groups, and the gate of all of them and of what else is looked for there.

    `certain` are those whose numbers need no company.
    """

    begins: Gate
    groups: Sequence[Group]
    certain: Sequence[Group]


def table(schemes: Sequence[Scheme], also: Pattern) -> Table:
    """Return the table of *schemes*, and of what has the form *also*."""
    certain = [one for one in schemes if one.where is Where.ANYWHERE]
    gate = begins([also, *(one.shape for one in schemes)])
    return Table(gate, _grouped(schemes), _grouped(certain))


def _grouped(schemes: Sequence[Scheme]) -> Sequence[Group]:
    return [Group(schemes[at : at + _GROUP]) for at in range(0, len(schemes), _GROUP)]


def begins(shapes: Iterable[Pattern]) -> Gate:
    """Return the gate that says whether a text may begin with one of *shapes*, and end there."""
    # a separator that repeats becomes any separator
    forms = (re.sub(r"\\[1-9]", "[ .-]?", shape.pattern) for shape in shapes)
    return Gate(*(Pattern(rf"^(?:{form})(?:[^0-9a-z]|\Z)", _FLAGS) for form in forms))


def speaks_of(schemes: Iterable[Scheme]) -> Gate:
    """Return the gate that says whether a text may hold a word of one of *schemes*."""
    either = "|".join(sorted({re.escape(word) for one in schemes for word in one.words}))
    return Gate(Pattern(rf"(?:^|[^a-z])(?:{either})(?:[^a-z]|\Z)", re.IGNORECASE))
