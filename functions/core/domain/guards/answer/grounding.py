"""What an answer claims from its source: quotes and numbers occur there, or are made up."""

import re
from collections.abc import Iterator
from typing import Any, Final

from functions.core.domain.guards.injection.folding import fold

_QUOTE: Final = re.compile(
    r"\"([^\"\n]{4,400})\"|\u201c([^\u201d\n]{4,400})\u201d|\u00ab([^\u00bb\n]{4,400})\u00bb|\u201e([^\u201c\u201d\n]{4,400})[\u201c\u201d]"
)
_NUMBER: Final = re.compile(r"(?<![\w.,])\d[\d.,'\u00a0\u202f]*\d(?![\w])")
THOUSANDS: Final = 3
"""Digits after a mark that sets thousands apart."""
_SPACE: Final = re.compile(r"[\s\u00a0\u202f]+")


class Source:
    """What the model was given, ready to be looked up in."""

    def __init__(self, values: Any) -> None:
        texts = list(_texts(values))
        self._words = "\n".join(_plain(text) for text in texts)
        self._numbers = {n for text in texts for n in map(_digits, _NUMBER.findall(text))}

    def has(self, quote: str) -> bool:
        """Whether *quote* occurs, whatever its case, accents and spaces."""
        return _plain(quote).strip(" .,;:!?") in self._words

    def says(self, number: str) -> bool:
        """Whether *number* occurs, whatever separates its digits."""
        return _digits(number) in self._numbers


def quotes(text: str, source: Source) -> Iterator[tuple[int, int]]:
    """Yield where *text* quotes what *source* does not have."""
    for found in _QUOTE.finditer(text):
        said = next(part for part in found.groups() if part is not None)
        if not source.has(said):
            yield found.span()


def numbers(text: str, source: Source) -> Iterator[tuple[int, int]]:
    """Yield where *text* has a number of two digits or more that *source* does not say."""
    for found in _NUMBER.finditer(text):
        if not source.says(found[0]):
            yield found.span()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _plain(text: str) -> str:
    return _SPACE.sub(" ", fold(text).text)


def _digits(number: str) -> str:
    """Return a number in one form: its digits, and what lies after the last mark if not thousands.

    `1.250,00`, `1,250.00` and `1250` are one number.
    """
    marks = re.split(r"[.,'\u00a0\u202f]", number)
    if len(marks) > 1 and len(marks[-1]) != THOUSANDS:
        whole, part = "".join(marks[:-1]), marks[-1].rstrip("0")
        return f"{whole.lstrip('0')}.{part}" if part else whole.lstrip("0")
    return "".join(marks).lstrip("0")
