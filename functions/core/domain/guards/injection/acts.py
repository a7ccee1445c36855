"""A text as a string of word classes, which the patterns over speech acts are looked for in.

Most texts give no order: their words are looked up, and where each stands is worked out only
when a pattern was found.
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import chain, compress, islice, repeat
from typing import Final

from functions.core.domain.guards.gate import Gate, Pattern
from functions.core.domain.guards.injection import lexicon

_WORD: Final = re.compile(r"\w++(?:['-]\w++)*+|[.!?](?=\s|$)|[。!?]|\n[ \t]*\n")
_ENDS: Final = ".!?\n。"
_ENTRIES: Final = lexicon.words()
_CODES: Final = dict.fromkeys([*_ENDS, "\n\n"], lexicon.STOP)
_CODES.update({first: code for first, more in _ENTRIES.items() for rest, code in more if not rest})
_PHRASES: Final = lexicon.phrases(_ENTRIES)
_STRINGS: Final = lexicon.strings()
_UNSPACED: Final = Pattern("|".join(map(re.escape, _STRINGS)))
_WITHOUT_SPACES: Final = Pattern(
    r"[\u0590-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_FAR: Final = 6
"""Characters between two strings of a script without spaces that count as one word."""

Spans = Sequence[tuple[int, int]]

_KNOWN: Final = _CODES.keys() | {
    word for first, more in _ENTRIES.items() for rest, _ in more for word in (first, *rest)
}


def speaks_with(classes: Collection[str]) -> Gate:
    """Return the gate that says whether a folded text may hold a word of one of *classes*."""
    # of a phrase its longest word is looked for, which is the rarest, as a rule
    words = {
        max((w, *rest), key=len) for w, more in _ENTRIES.items() for rest, c in more if c in classes
    }
    words |= {text for text, code in _STRINGS.items() if code in classes}
    plain = "|".join(sorted(re.escape(word) for word in words if word.isascii()))
    other = "|".join(sorted(re.escape(word) for word in words if not word.isascii()))
    return Gate(Pattern(rf"\b(?:{plain})\b", re.ASCII), Pattern(rf"gpt|{other}"))


def holds_known(text: str) -> bool:
    """Say whether a word of folded *text* has a class, alone or in a phrase."""
    return any(word in _KNOWN or word.endswith("gpt") for word in _WORD.findall(text))


class Acts:
    """The classes of a text's words, one letter each, and where the words stand."""

    def __init__(self, codes: str, places: Callable[[Spans], Spans]) -> None:
        self.codes = codes
        self.places = places
        """Takes from which to beyond which word something was found; tells where that stands."""


def acts(text: str) -> Acts:
    """Return the word classes of folded *text*."""
    words = _WORD.findall(text)
    codes = [*map(_CODES.get, words, repeat(lexicon.OTHER))]
    if "\n " in text or "\n\t" in text:  # a line may hold nothing but blanks
        codes = [lexicon.STOP if w[0] == "\n" else c for w, c in zip(words, codes, strict=True)]
    if "gpt" in text and (models := {w for w in words if w.endswith("gpt")}.difference(_ENTRIES)):
        codes = [lexicon.MODEL if w in models else c for w, c in zip(words, codes, strict=True)]
    _read_phrases(words, codes)
    found = Acts("".join(codes), partial(_places, text, codes))
    if not text.isascii() and _WITHOUT_SPACES.may_match(text):
        return _with_unspaced(text, found)
    return found


def _read_phrases(words: Sequence[str], codes: list[str]) -> None:
    """Give the words of each phrase one class: the first of them has it, the others nothing."""
    end = 0
    for at in compress(range(len(words) - 1), map(_PHRASES.__contains__, words)):
        for rest, code in _PHRASES[words[at]].get(words[at + 1], ()) if at >= end else ():
            beyond = at + 1 + len(rest)
            if words[at + 1 : beyond] == rest:
                codes[at:beyond] = [code] + [""] * len(rest)
                end = beyond
                break


def _places(text: str, codes: Sequence[str], found: Spans) -> Spans:
    """Return where words stand; a word without a class belongs to the one before it."""
    firsts = [*compress(range(len(codes)), codes), len(codes)]
    sought = [(firsts[start], firsts[end] - 1) for start, end in found]
    words, at = _WORD.finditer(text), 0
    where: dict[int, tuple[int, int]] = {}
    for number in sorted({*chain.from_iterable(sought)}):
        where[number] = next(islice(words, number - at, None)).span()
        at = number + 1
    return [(where[first][0], where[last][1]) for first, last in sought]


def _with_unspaced(text: str, spaced: Acts) -> Acts:
    """Return the classes of *text* where words of some scripts are not set apart."""
    codes: list[str] = []
    spans: list[tuple[int, int]] = []
    for match in _UNSPACED.compiled.finditer(text):
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

    def places(found: Spans) -> Spans:
        each = [(at, at + 1) for at in range(len(spaced.codes))]
        known = [*spaced.places(each), (0, 0), *spans]
        return [(known[start][0], known[end - 1][1]) for start, end in found]

    return Acts(f"{spaced.codes}{lexicon.STOP}{''.join(codes)}", places)
