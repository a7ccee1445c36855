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
    low, high = 0, min(most, len(lines))
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high)
            if limits.hold(joined(heading, lines[:middle], MARK))
            else (low, middle - 1)
        )
    if not low:  # not even the first: what of it fits
        return cut(joined(heading, lines[:1]), limits), 0
    return joined(heading, lines[:low], MARK), low


def joined(heading: str, lines: Sequence[str], mark: str = "") -> str:
    """Return heading, lines and mark as one text."""
    return "\n".join(part for part in (heading, *lines, mark) if part)


def _beginning(text: str, limits: Limits) -> str:
    text = text[: limits.characters]
    if limits.tokens is None:
        return text
    return text.encode()[: limits.tokens].decode(errors="ignore")
