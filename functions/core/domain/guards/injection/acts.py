"""A text as a string of word classes, which the patterns over speech acts are looked for in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from functions.core.domain.guards.injection import lexicon

_WORD: Final = re.compile(r"\w+(?:['-]\w+)*|[.!?](?=\s|$)|\n[ \t]*\n|[。!?]")
_WORDS: Final = lexicon.words()
_STRINGS: Final = lexicon.strings()
_UNSPACED: Final = re.compile("|".join(map(re.escape, _STRINGS)))
_SCRIPTS: Final = re.compile(
    r"[\u0590-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_ENDS: Final = ".!?\n。"
_FAR: Final = 6
"""Characters between two strings of a script without spaces that count as one word."""


@dataclass(frozen=True)
class Acts:
    """The classes of a text's words, and where each word stands."""

    codes: str
    spans: Sequence[tuple[int, int]]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the words from *start* to *end* stand."""
        return self.spans[start][0], self.spans[end - 1][1]


def acts(text: str) -> Acts:
    """Return the word classes of folded *text*."""
    found = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
    codes: list[str] = []
    spans: list[tuple[int, int]] = []
    at, count = 0, len(found)
    while at < count:
        word, start, _ = found[at]
        code, length = lexicon.OTHER, 1
        if word[0] in _ENDS:
            code = lexicon.STOP
        elif (entries := _WORDS.get(word)) is not None:
            for rest, of in entries:
                if all(
                    at + n < count and found[at + n][0] == next_word
                    for n, next_word in enumerate(rest, 1)
                ):
                    code, length = of, len(rest) + 1
                    break
        elif word.endswith("gpt"):
            code = lexicon.MODEL
        codes.append(code)
        spans.append((start, found[at + length - 1][2]))
        at += length
    if _SCRIPTS.search(text):
        return _with_unspaced(text, Acts("".join(codes), spans))
    return Acts("".join(codes), spans)


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
        [*spaced.spans, (0, 0), *spans],
    )
