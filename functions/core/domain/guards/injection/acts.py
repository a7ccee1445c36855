"""A text as a string of word classes, which the patterns over speech acts are looked for in.

Most texts give no order: their words are looked up, and where each stands is worked out only
when a pattern was found.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate, compress, count
from typing import Final

from functions.core.domain.guards.injection import lexicon

_WORD: Final = re.compile(r"(\w++(?:['-]\w++)*+|[.!?](?=\s|$)|[。!?]|\n[ \t]*+\n)")
"""A word, the end of a sentence, an empty line; one group, so a split loses nothing."""
_ENDS: Final = ".!?\n。"
_ENTRIES: Final = lexicon.words()
_CODES: Final = dict.fromkeys(_ENDS, lexicon.STOP)
_PHRASES: Final[dict[str, dict[str, list[tuple[list[str], str]]]]] = {}
"""First word -> second word -> the words after the first with their class, the longest first."""
for _first, _entries in _ENTRIES.items():
    for _rest, _code in _entries:
        if _rest:
            _PHRASES.setdefault(_first, {}).setdefault(_rest[0], []).append(([*_rest], _code))
        else:
            _CODES[_first] = _code
_TELLING: Final[dict[str, list[tuple[frozenset[str], str]]]] = {}
"""The longest part of each entry -> all its parts, split as `_BETWEEN` does, and its class."""
for _first, _entries in _ENTRIES.items():
    for _rest, _code in _entries:
        _parts = re.split(r"['-]", "-".join((_first, *_rest)))
        _TELLING.setdefault(max(_parts, key=len), []).append((frozenset(_parts), _code))
_TELLS: Final = frozenset(_TELLING)
_BETWEEN: Final = bytes(
    code if chr(code).isalnum() or chr(code) == "_" else ord(" ") for code in range(128)
).ljust(256)
"""What stands between the parts of words becomes blanks."""
_STRINGS: Final = lexicon.strings()
_UNSPACED: Final = re.compile("|".join(map(re.escape, _STRINGS)))
_SCRIPTS: Final = re.compile(
    r"[\u0590-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_ALL: Final = frozenset(lexicon.CLASSES)
_FAR: Final = 6
"""Characters between two strings of a script without spaces that count as one word."""

Spans = Sequence[tuple[int, int]]


_KNOWN: Final = _CODES.keys() | {
    word for first, more in _ENTRIES.items() for rest, _ in more for word in (first, *rest)
}


def holds_known(text: str) -> bool:
    """Say whether a word of folded *text* has a class, alone or in a phrase."""
    return any(word in _KNOWN or word.endswith("gpt") for word in _WORD.findall(text))


def may_hold(text: str) -> frozenset[str]:
    """Return the classes that `acts` may find in folded *text*: all of them, and perhaps more.

    A word or phrase can only stand in a text whose parts of words hold each of its own, so one of
    them tells. That needs no order and no places, and costs a fifth.
    """
    if not text.isascii():
        return _ALL
    parts = set(text.encode().translate(_BETWEEN).decode().split())
    told = {
        code
        for part in _TELLS & parts
        for entry, code in _TELLING[part]
        if len(entry) == 1 or entry <= parts
    }
    if "gpt" in text:
        told.add(lexicon.MODEL)
    return frozenset(told)


@dataclass(frozen=True)
class Acts:
    """The classes of a text's words, and where each word stands."""

    codes: str
    _places: Callable[[], Spans]

    @cached_property
    def spans(self) -> Spans:
        """From where to where the word of each class stands."""
        return self._places()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the words from *start* to *end* stand."""
        return self.spans[start][0], self.spans[end - 1][1]


def acts(text: str) -> Acts:
    """Return the word classes of folded *text*."""
    pieces = _WORD.split(text)  # what stands between words, a word, in turn
    words = pieces[1::2]
    codes = [_CODES.get(word, lexicon.OTHER) for word in words]
    if "\n" in text or "gpt" in text:
        codes = list(map(_beyond, words, codes))
    _read_phrases(words, codes)
    found = Acts("".join(codes), partial(_spans, pieces, codes))
    if not text.isascii() and _SCRIPTS.search(text):
        return _with_unspaced(text, found)
    return found


def _read_phrases(words: Sequence[str], codes: list[str]) -> None:
    """Give the words of each phrase one class: the first of them has it, the others nothing."""
    end = 0
    for at in list(compress(count(), map(_PHRASES.__contains__, words[:-1]))):
        for rest, code in _PHRASES[words[at]].get(words[at + 1], ()) if at >= end else ():
            beyond = at + 1 + len(rest)
            if words[at + 1 : beyond] == rest:
                codes[at:beyond] = [code] + [""] * len(rest)
                end = beyond
                break


def _beyond(word: str, code: str) -> str:
    """Return what *word* is, of which the lexicon alone says *code*."""
    if word[0] == "\n":
        return lexicon.STOP
    return lexicon.MODEL if word.endswith("gpt") and word not in _ENTRIES else code


def _spans(pieces: Sequence[str], codes: Sequence[str]) -> Spans:
    ends = list(accumulate(map(len, pieces)))
    words = list(zip(ends[::2], ends[1::2], strict=False))  # a last piece has no word behind it
    if "" not in codes:
        return words
    spans: list[tuple[int, int]] = []
    for span, code in zip(words, codes, strict=True):
        if code:
            spans.append(span)
        else:
            spans[-1] = spans[-1][0], span[1]
    return spans


def _with_unspaced(text: str, spaced: Acts) -> Acts:
    """Return the classes of *text* where words of some scripts are not set apart."""
    codes: list[str] = []
    spans: list[tuple[int, int]] = []
    for match in _UNSPACED.finditer(text):
        if spans:
            gap = match.start() - spans[-1][1]
            between = text[spans[-1][1] : match.start()]
            stops = any(end in between for end in _ENDS)
            fillers = [lexicon.STOP] if stops else [lexicon.OTHER] * min(gap // _FAR, 9)
            codes += fillers
            spans += [(spans[-1][1], match.start())] * len(fillers)
        codes.append(_STRINGS[match[0]])
        spans.append(match.span())
    if not codes:
        return spaced
    return Acts(
        f"{spaced.codes}{lexicon.STOP}{''.join(codes)}",
        lambda: [*spaced.spans, (0, 0), *spans],
    )
