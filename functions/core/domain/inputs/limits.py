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
    return _piece(text, 0, room) + mark


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


def parts(text: str, limits: Limits, most: int) -> list[str] | None:
    """Return *text* in parts within *limits*, without blank ones; None: there are over *most*."""
    found: list[str] = []
    start = 0
    while start < len(text):
        part = _piece(text, start, limits)
        start += len(part)
        if part.strip():
            found.append(part)
        if len(found) > most:
            return None
    return found


def line_parts(
    heading: str, lines: Sequence[str], limits: Limits, rows: int, most: int
) -> list[str] | None:
    """Return *lines* in parts within *limits*, each under *heading*.

    Parameters
    ----------
    rows, most
        Lines of a part and parts, at most.

    Returns
    -------
    list of str or None
        None: a line is too long, or there are too many parts.
    """
    found: list[str] = []
    while lines:
        number = _fitting(heading, lines, limits, rows)
        if not number or len(found) == most:
            return None
        found.append(joined(heading, lines[:number]))
        lines = lines[number:]
    return found


def joined(heading: str, lines: Sequence[str], mark: str = "") -> str:
    """Return heading, lines and mark as one text."""
    return "\n".join(part for part in (heading, *lines, mark) if part)


def _fitting(heading: str, lines: Sequence[str], limits: Limits, most: int, mark: str = "") -> int:
    """Return how many of the first *lines* fit under *heading*, at *most*, with *mark*."""
    around = [f"{part}\n" for part in (heading, mark) if part]
    characters = sum(map(len, around)) - 1
    tokens = sum(map(outside_tokens, around)) - 1
    for number, line in enumerate(lines[:most]):
        characters += len(line) + 1
        tokens += outside_tokens(line) + 1
        if characters > limits.characters or (limits.tokens and tokens > limits.tokens):
            return number
    return min(most, len(lines))


def _piece(text: str, start: int, limits: Limits) -> str:
    """Return what of *text* from *start* on is within *limits*, up to the end of a line or word.

    Such an end counts in the second half only: pieces don't get many by it. What a guard looks
    for hardly ever goes over one.
    """
    part = text[start : start + limits.characters]
    if limits.tokens is not None:
        part = part.encode()[: limits.tokens].decode(errors="ignore")
    if start + len(part) == len(text):
        return part
    ends = (part.rfind(end) + 1 for end in ("\n", " "))
    return part[: next((end for end in ends if end > len(part) // 2), len(part))]
