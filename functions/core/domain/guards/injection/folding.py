# ruff: noqa: RUF001 - the table is about letters that look alike
"""A copy of a text in which look-alikes are one: for finding, never for sending.

Lower case, compatibility forms apart (full width, mathematical, circled letters), Latin letters
without accents; Cyrillic and Greek letters in a word that has Latin ones become what they look
like. Every character of the copy knows where it comes from.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple

from functions.core.domain.guards.gate import Gate, Pattern

_TWINS: Final = str.maketrans(
    "аеорсухіјѕһԁԛԝкмтвнгзԍαεοιρτυνκχηωɡıɩ",
    "aeopcyxijshdqwkmtbhr3gaeoiptuvkxnwgii",
)
_LETTERS: Final = {
    "’": "'", "ß": "ss", "ẞ": "ss", "ı": "i", "ł": "l", "Ł": "l", "ø": "o", "Ø": "o",
    "đ": "d", "Đ": "d", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe",
}  # fmt: skip
"""Letters that have no accent to take off, as they are written without them."""
_BEYOND: Final = re.compile(r"[^\x00-\x7f]+")
_PAIR: Final = re.compile(r"[a-z][а-яіјѕԁԛԝһα-ω]|[а-яіјѕԁԛԝһα-ω][a-z]")
_TWINNED: Final = Gate(_PAIR)
_WORD: Final = re.compile(r"\w+")
_LEET_INSIDE: Final = re.compile(r"[013457@$!](?:(?=[a-z])|(?<=[a-z].))")
"""Such a digit beside a letter; it begins with the digit, which is quick to look for."""
_LEET_BESIDE: Final = Pattern(r"[013457@$!][a-z]|[a-z][013457@$!]")
_LEET: Final = re.compile(r"(?<![\w@$!])[^\W013457]*+[013457@$!][\w@$!]*+")
_SPELT: Final = re.compile(r"(?<![\w@$!'-])(?:[^\W013457]|['-])*+[013457@$!][\w@$!'-]*+")
"""A word as a reader sees it, apostrophes and hyphens among its letters, with such a digit."""
_LONGEST: Final = 40
_LEETS: Final = (str.maketrans("013457@$!", "oieastasi"), str.maketrans("013457@$!", "oleastasi"))
_SPREAD: Final = re.compile(r"(?<![a-z])[a-z]([ ._\-*])(?:[a-z]\1){3,}[a-z](?![a-z])")
_LETTERS_APART: Final = Pattern(r"[a-z][ ._\-*](?:[a-z][ ._\-*]){3}[a-z]")
SPELT_OTHERWISE: Final = (_LEET_BESIDE, _LETTERS_APART)
"""What words look like that are not spelt as words."""


class Folded(NamedTuple):
    """A folded text; `span` says where a part of it stands in the text it was made from."""

    text: str
    places: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters from *start* to *end* come from."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end]


def fold(text: str) -> Folded:
    """Return the folded copy of *text*."""
    if text.isascii():
        return Folded(text.lower())
    folded = _BEYOND.sub(_folded_run, text).lower()
    places = _places(text) if len(folded) != len(text) else None
    if _TWINNED.may_match(folded):
        folded = _WORD.sub(_untwinned, folded)
    return Folded(folded, places)


def _places(text: str) -> Sequence[int]:
    """Return where in *text* each character of its folded copy comes from, and its end."""
    places: list[int] = []
    end = 0
    for run in _BEYOND.finditer(text):
        places += range(end, run.start())
        for at, character in enumerate(run[0], run.start()):
            places += [at] * len(_folded(character))
        end = run.end()
    places += range(end, len(text) + 1)
    return places


def unleeted(text: str, holds_known: Callable[[str], bool]) -> list[str]:
    """Return folded *text* with the digits in its words read as letters: a one is an i, or an l.

    Only where that makes a word which is known: part numbers and names of files have digits, too.

    Parameters
    ----------
    holds_known
        Whether a text of words holds one that is known.
    """
    if not _LEET_BESIDE.may_match(text):
        return []
    words = {word for part in _leet_parts(text) for word in _SPELT.findall(part)}
    spelt = " ".join(filter(_LEET_INSIDE.search, words))
    views: list[str] = []
    for table in _LEETS:
        read = partial(_read_as, table)
        if holds_known(_LEET.sub(read, spelt)):
            views.append(_LEET.sub(read, text))
    return views[:1] if len(views) > 1 and views[0] == views[1] else views


def _leet_parts(text: str) -> Iterator[str]:
    """Yield what of *text*, from blank to blank, has such a digit in it."""
    end = 0
    for found in _LEET_INSIDE.finditer(text):
        if found.start() >= end:
            end = text.find(" ", found.end()) % (len(text) + 1)
            yield text[text.rfind(" ", 0, found.start()) + 1 : end]


def joined(text: str) -> list[str]:
    """Return folded *text* with words whose letters stand apart put together, if there are any."""
    if not _LETTERS_APART.may_match(text):
        return []
    found, count = _SPREAD.subn(_together, text)
    return [found] if count else []


def _untwinned(word: re.Match[str]) -> str:
    return word[0].translate(_TWINS) if _PAIR.search(word[0]) else word[0]


def _read_as(table: dict[int, int], word: re.Match[str]) -> str:
    short = len(word[0]) <= _LONGEST
    return word[0].translate(table) if short and _LEET_INSIDE.search(word[0]) else word[0]


def _together(spread: re.Match[str]) -> str:
    return spread[0][::2]


def _folded_run(run: re.Match[str]) -> str:
    return "".join(map(_folded, run[0]))


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    if character in _LETTERS:
        return _LETTERS[character]
    apart = unicodedata.normalize("NFKD", character)
    if len(apart) > 1 and ("a" <= apart[0].lower() <= "z"):
        apart = "".join(one for one in apart if not unicodedata.combining(one))
    else:
        apart = unicodedata.normalize("NFKC", character)
    return apart.lower()
