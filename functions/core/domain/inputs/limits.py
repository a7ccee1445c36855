"""How much of a text is shown: whole, or cut in sight of whoever reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from functions.core.domain.token_bounds import outside_tokens

MARK: Final = "[cut here: the rest is not shown]"


@dataclass(frozen=True)
class Limits:
    """What a text may have.

    Attributes
    ----------
    characters, tokens
        At most; None: tokens are bounded by the characters alone.
    """

    characters: int
    tokens: int | None = None

    def hold(self, text: str) -> bool:
        """Say whether *text* is within them."""
        if len(text) > self.characters:
            return False
        return self.tokens is None or outside_tokens(text) <= self.tokens


def cut(text: str, limits: Limits) -> str:
    """Return the beginning of *text* and a mark that says so, together within *limits*."""
    mark = f"\n{MARK}"
    room = Limits(
        limits.characters - len(mark),
        None if limits.tokens is None else limits.tokens - outside_tokens(mark),
    )
    return _beginning(text, room) + mark


def cut_lines(heading: str, lines: Sequence[str], limits: Limits, most: int) -> tuple[str, int]:
    """Return the first *lines*, under *heading*, within *limits*, with a mark, and their number.

    Parameters
    ----------
    most
        Of the lines, at most.
    """
    number = _fitting(heading, lines, limits, most, MARK)
    if not number:  # not even the first: what of it fits
        return cut(joined(heading, lines[:1]), limits), 0
    return joined(heading, lines[:number], MARK), number


def parts(text: str, limits: Limits) -> list[str]:
    """Return *text* in parts within *limits*, cut after a line or else a word where one ends.

    A line's or a word's end counts in the second half of a part only: parts don't get many by it.
    """
    found = []
    while text:
        part = _beginning(text, limits)
        if len(part) < len(text):
            ends = (part.rfind(end) + 1 for end in ("\n", " "))
            part = part[: next((end for end in ends if end > len(part) // 2), len(part))]
        found.append(part)
        text = text[len(part) :]
    return found


def line_parts(heading: str, lines: Sequence[str], limits: Limits, most: int) -> list[str] | None:
    """Return *lines* in parts within *limits*, each under *heading*; None: a line is too long."""
    found = []
    while lines:
        number = _fitting(heading, lines, limits, most, "")
        if not number:
            return None
        found.append(joined(heading, lines[:number]))
        lines = lines[number:]
    return found


def joined(heading: str, lines: Sequence[str], mark: str = "") -> str:
    """Return heading, lines and mark as one text."""
    return "\n".join(part for part in (heading, *lines, mark) if part)


def _fitting(heading: str, lines: Sequence[str], limits: Limits, most: int, mark: str) -> int:
    """Return how many of the first *lines* fit under *heading*, at *most*, with *mark*."""
    low, high = 0, min(most, len(lines))
    while low < high:
        middle = (low + high + 1) // 2
        if limits.hold(joined(heading, lines[:middle], mark)):
            low = middle
        else:
            high = middle - 1
    return low


def _beginning(text: str, limits: Limits) -> str:
    text = text[: limits.characters]
    if limits.tokens is None:
        return text
    return text.encode()[: limits.tokens].decode(errors="ignore")
