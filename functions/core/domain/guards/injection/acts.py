"""A text as a string of word classes, which the patterns over speech acts are looked for in.

Most texts give no order: their words are looked up, and where each stands is worked out only
when a pattern was found.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import repeat
from typing import Final

from functions.core.domain.guards.injection import lexicon

# an empty line is a match whose group is empty
_WORD: Final = re.compile(r"(\w++(?:['-]\w++)*+|[.!?](?=\s|$)|[。!?])|\n[ \t]*\n")
_ENDS: Final = ".!?\n。"
_ENTRIES: Final = lexicon.words()
_CODES: Final = {"": lexicon.STOP} | dict.fromkeys(_ENDS, lexicon.STOP)
_PHRASES: Final[dict[str, dict[str, list[tuple[list[str], str]]]]] = {}
"""First word -> second word -> the words after the first with their class, the longest first."""
for _first, _entries in _ENTRIES.items():
    for _rest, _code in _entries:
        if _rest:
            _PHRASES.setdefault(_first, {}).setdefault(_rest[0], []).append(([*_rest], _code))
        else:
            _CODES[_first] = _code
_FIRST_WORDS: Final = frozenset(_PHRASES)
_STRINGS: Final = lexicon.strings()
_UNSPACED: Final = re.compile("|".join(map(re.escape, _STRINGS)))
_SCRIPTS: Final = re.compile(
    r"[\u0590-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_FAR: Final = 6
"""Characters between two strings of a script without spaces that count as one word."""

Spans = Sequence[tuple[int, int]]


_KNOWN: Final = _CODES.keys() | {
    word for first, more in _ENTRIES.items() for rest, _ in more for word in (first, *rest)
}


def holds_known(text: str) -> bool:
    """Say whether a word of folded *text* has a class, alone or in a phrase."""
    return any(word in _KNOWN or word.endswith("gpt") for word in _WORD.findall(text))


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
    words = _WORD.findall(text)
    codes = list(map(_CODES.get, words, repeat(lexicon.OTHER)))
    if "gpt" in text:
        for at, word in enumerate(words):
            if word.endswith("gpt") and word not in _ENTRIES:
                codes[at] = lexicon.MODEL
    if not _FIRST_WORDS.isdisjoint(words):
        _read_phrases(words, codes)
    found = Acts("".join(codes), partial(_spans, text, codes))
    if not text.isascii() and _SCRIPTS.search(text):
        return _with_unspaced(text, found)
    return found


def _read_phrases(words: Sequence[str], codes: list[str]) -> None:
    """Give the words of each phrase one class: the first of them has it, the others nothing."""
    end = 0
    for at in [at for at, word in enumerate(words[:-1]) if word in _PHRASES]:
        for rest, code in _PHRASES[words[at]].get(words[at + 1], ()) if at >= end else ():
            beyond = at + 1 + len(rest)
            if words[at + 1 : beyond] == rest:
                codes[at:beyond] = [code] + [""] * len(rest)
                end = beyond
                break


def _spans(text: str, codes: Sequence[str]) -> Spans:
    spans: list[tuple[int, int]] = []
    for word, code in zip(_WORD.finditer(text), codes, strict=True):
        if code:
            spans.append(word.span())
        else:
            spans[-1] = spans[-1][0], word.end()
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
