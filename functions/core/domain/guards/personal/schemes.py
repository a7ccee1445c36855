"""What a scheme of numbers is: its form, its check, and how much company it needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from functions.core.domain.guards.personal.checksums import Check

_SEPARATORS: Final = re.compile(r"[^0-9A-Za-z]+")


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
    shape: re.Pattern[str]
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
    flags = re.ASCII if capitals else re.ASCII | re.IGNORECASE
    pattern = re.compile(rf"(?:{shape})(?![0-9A-Za-z])", flags)
    return Scheme(rule, kind, pattern, where, words(beside), check)


def compact(text: str) -> str:
    """Return *text* as checks take it: capitals, no separators."""
    return _SEPARATORS.sub("", text).upper()


def any_of(schemes: Sequence[Scheme]) -> re.Pattern[str]:
    """Return one pattern that matches wherever one of *schemes* does: most places have none."""
    # groups are numbered anew in the whole, so a separator that repeats becomes any separator
    shapes = [one.shape.pattern.replace(r"\1", "[ .-]?") for one in schemes]
    return re.compile("|".join(shapes), re.ASCII | re.IGNORECASE)
