"""Finds the one value in an answer that is more than JSON, or that is nearly JSON.

A value counts only if nothing outside it could belong to it: stray brackets, another value that
differs, a key or a comma beside it are faults. What was cut is never completed, and what was left
out is never guessed: a text that can be read in two ways is refused.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from functions.core.domain.answer_faults import AnswerFault, AnswerProblem
from functions.core.domain.answer_syntax import StrictForm
from functions.core.domain.canonical import canonical, parse_strict
from functions.core.domain.errors import InvalidJson

_MAX_STRICT_BYTES: Final = 4_194_304
"""The strict form of an answer is longer than the answer by its escapes and spaces at most."""

_FENCE: Final = re.compile(
    r"(?:^|(?<=[\s>]))(?P<mark>`{3,}|~{3,})[ \t]*(?P<tag>[\w+-]*)[^\n`~\[{]*\n?", re.MULTILINE
)
_THOUGHTS: Final = re.compile(r"\s*<(think|thinking|reasoning)>")
_JSON_TAGS: Final = frozenset({"", "json", "json5", "jsonc"})
_IGNORED: Final = re.compile(r"(?:\s++|//[^\n]*+(?:\n|\Z)|(?>/\*.*?\*/))*+", re.DOTALL)

_BRACKET: Final = re.compile(r"[\[\]{}]")
_IN_SENTENCE: Final = re.compile(
    r"(?<=\w)\[\d{0,3}\]|(?<=[\w.,;:] )\[\d{1,3}(?:, ?\d{1,3})*\]"  # citations
    r"|\[(?: |[A-Za-z_][^\[\]{}\"'\u201c\u2018]*)\]"  # a box, a link, a remark
    r"|\{{1,2} ?[\w.-]+ ?\}{1,2}"  # a placeholder
)
"""Brackets that are no value: their text could be read as one in no notation with quotes."""
_BELONGS_BEFORE: Final = re.compile(r"[\"'\u201d\u2019]\s*:\s*\Z|\A\s*[,:]\s*\Z")
_BELONGS_AFTER: Final = re.compile(
    r"\s*[,:+]|[\w\"'\u201c\u2018]|\s*[\"'\u201c\u2018][^\"'\n]*[\"'\u201d\u2019]\s*:"
)
"""What ties a value to something beside it: a key, a comma, an operator."""


@dataclass(frozen=True)
class Recovered:
    """A value, and the names of what had to be mended before it could be read."""

    value: Any
    repairs: tuple[str, ...] = ()


def recover(text: str) -> Recovered:
    """Return the one object or list that *text* holds, whatever stands around it.

    Raises
    ------
    AnswerProblem
        If there is none, if values differ, or if the value is cut or can be read in two ways.
    """
    thoughts = _THOUGHTS.match(text)
    if thoughts is None:
        return _alone(text) or _Search(text).agreed()
    _, end, rest = text.partition(f"</{thoughts[1]}>")
    if not end:
        raise AnswerProblem(AnswerFault.TRUNCATED)
    found = _alone(rest) or _Search(rest).agreed()
    return Recovered(found.value, ("reasoning", *found.repairs))


def _alone(text: str) -> Recovered | None:
    """Return the value that is all of *text*, but for space and comments."""
    before = _IGNORED.match(text)
    start = before.end() if before else 0
    if text[start : start + 1] not in ("{", "["):
        return None
    try:
        form = StrictForm(text, start)
    except AnswerProblem:
        return None  # a search meets it again, and says what is wrong
    after = _IGNORED.fullmatch(text, form.end)
    if after is None:
        return None
    commented = text[:start].strip() or after.group().strip()
    return Recovered(_value_of(form), _names(("comment",) if commented else (), form.repairs))


class _Search:
    """Everything in a text that is a value, in fences and in prose."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: list[Any] = []
        self._repairs: dict[str, None] = {}
        self._empty_block = False
        at = 0
        fence = _FENCE.search(text)
        bracket = _BRACKET.search(text)
        while fence or bracket:
            if fence and (not bracket or fence.start() < bracket.start()):
                self._prose(text[at : fence.start()])
                at = self._block(fence)
            elif bracket:
                at = self._inline(at, bracket.start())
            bracket = _BRACKET.search(text, at) if bracket else None
            fence = _FENCE.search(text, at) if fence and fence.start() < at else fence
        self._prose(text[at:])

    def agreed(self) -> Recovered:
        """Return the value that all agree on."""
        if not self._found:
            raise AnswerProblem(AnswerFault.EMPTY if self._empty_block else AnswerFault.NO_JSON)
        return Recovered(self._found[0], tuple(self._repairs))

    def _take(self, value: Any, *repairs: str) -> None:
        self._repairs.update(dict.fromkeys(repairs))
        if self._found:
            if canonical(value) != canonical(self._found[0]):
                raise AnswerProblem(AnswerFault.TWO_VALUES)
            if not value:  # said twice, or a list of empty records: nothing tells
                raise AnswerProblem(AnswerFault.TWO_VALUES)
            self._repairs["repeated"] = None
        self._found.append(value)

    def _prose(self, text: str) -> None:
        if text.strip():
            self._repairs["prose"] = None

    def _block(self, fence: re.Match[str]) -> int:
        """Read the block that begins with *fence*; return where it ends."""
        mark = fence["mark"]
        closing = re.compile(
            rf"^[ \t]*{mark}(?=[ \t]*(?:\r?$|<))|(?<=[\]}}])[ \t]*{mark}", re.MULTILINE
        )
        end = closing.search(self._text, fence.end())
        if end is None:
            raise AnswerProblem(AnswerFault.TRUNCATED)
        body = self._text[fence.end() : end.start()]
        self._empty_block = self._empty_block or not body.strip()
        whole = _alone(body)
        if whole is not None:
            self._take(whole.value, "fence", *whole.repairs)
        elif fence["tag"].lower() in _JSON_TAGS:
            inside = _Search(body)
            if inside._found:
                self._take(inside._found[0], "fence", *inside._repairs)
        return end.end()

    def _inline(self, at: int, start: int) -> int:
        """Read what begins with the bracket at *start*; return where to go on."""
        sentence = _IN_SENTENCE.match(self._text, start)
        if sentence is not None:
            self._prose(sentence.group())
            return sentence.end()
        if self._text[start] in "]}":
            raise AnswerProblem(AnswerFault.NOT_STRICT, "brackets that don't match")
        form = StrictForm(self._text, start)
        before = self._text[at:start]
        if _BELONGS_BEFORE.search(before) or _BELONGS_AFTER.match(self._text, form.end):
            raise AnswerProblem(_beside(self._text, form.end), "something belongs to the value")
        self._prose(before)
        self._take(_value_of(form), *form.repairs)
        return form.end


def _beside(text: str, end: int) -> AnswerFault:
    rest = text[end:].lstrip(" \t\r\n,")
    return AnswerFault.TWO_VALUES if rest[:1] in ("[", "{") else AnswerFault.NOT_STRICT


def _value_of(form: StrictForm) -> Any:
    try:
        return parse_strict(form.text, max_bytes=_MAX_STRICT_BYTES)
    except InvalidJson as problem:
        raise AnswerProblem(AnswerFault.NOT_STRICT, problem.reason) from None


def _names(*repairs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in repairs for name in some))
