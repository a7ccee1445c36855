"""From almost-JSON to the strict JSON that it can only have meant.

A token is rewritten where one other way of writing it is common and has one meaning: other
quotes, Python's literals, a comma before a bracket. Nothing is added: a missing value, comma,
quote or end is a fault. What comes out goes through the strict parser like any other text, which
judges grammar, duplicate keys, depth and numbers.
"""

import json
import re
from typing import Final, NoReturn

from functions.core.domain.answer_faults import AnswerFault, AnswerProblem

_SPACE: Final = re.compile(r"[\s\ufeff\u200b\u2060]+")
_COMMENT: Final = re.compile(r"//[^\r\n]*|\#[^\r\n]*|/\*.*?(?P<end>\*/|\Z)", re.DOTALL)
_WORD: Final = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_NUMBER: Final = re.compile(
    r"(?P<plus>\+?)(?P<minus>-?)(?P<whole>(?:0|[1-9][0-9]*)?)(?P<part>\.[0-9]*)?"
    r"(?P<power>[eE][+-]?[0-9]+)?(?![\w.+-])"
)
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<simple>[\"\\/bfnrt])|u(?P<unit>[0-9a-fA-F]{4})|x(?P<byte>[0-9a-fA-F]{2})"
    r"|(?P<quote>')|(?P<other>.|\Z))",
    re.DOTALL,
)
_CONTROL: Final = re.compile(r"[\x00-\x1f]")

_CLOSING: Final = {
    '"': '"',
    "'": "'",
    "\u201c": "\u201d",  # English
    "\u201d": "\u201d",  # Swedish
    "\u201e": "\u201c\u201d",  # German, Polish
    "\u2018": "\u2019",
    "\uff02": "\uff02",
}
"""Opening quote -> what may close it."""
_BODY: Final = {
    opening: re.compile(rf"(?:[^\\{closing}]|\\.)*+", re.DOTALL)
    for opening, closing in _CLOSING.items()
}
_BRACKETS: Final = {"{": "}", "[": "]", "(": ")"}
_STRICT: Final = {"(": "[", ")": "]"}
_LITERALS: Final = {"True": "true", "False": "false", "None": "null"}
_JSON_WORDS: Final = frozenset({"true", "false", "null"})
_NO_KEYS: Final = frozenset({*_LITERALS, *_JSON_WORDS, "undefined", "NaN", "Infinity"})
_ELIDED: Final = re.compile(r"\.\.\.|\u2026|\betc\b|\band so on\b|\b(?:rest|remain)", re.IGNORECASE)
"""A comment that says what was left out: then the value is not the whole one."""


class StrictForm:
    """The strict form of the one object or list that begins at *start* of *text*.

    Attributes
    ----------
    text
        JSON, as strict as its author's structure lets it be.
    end
        Where the value ends in the given text.
    repairs
        Names of what was rewritten, in the order of their first use.

    Raises
    ------
    AnswerProblem
        `TRUNCATED` where the text ends first, `NOT_STRICT` where it can't be read in one way.
    """

    def __init__(self, text: str, start: int = 0) -> None:
        self._given = text
        self._at = start
        self._out: list[str] = []
        self._open: list[str] = []
        self._tuple_commas: list[int] = []
        self._repairs: dict[str, None] = {}
        self._read()
        self.text = " ".join(self._out)  # spaces: two numbers without a comma stay two
        self.end = self._at

    @property
    def repairs(self) -> tuple[str, ...]:
        """Names of what was rewritten."""
        return tuple(self._repairs)

    def _read(self) -> None:
        is_whole = False
        while not is_whole:
            self._skip()
            if self._at >= len(self._given):
                raise AnswerProblem(AnswerFault.TRUNCATED)
            mark = self._given[self._at]
            if mark in ")]}":
                is_whole = self._close(mark)
            else:
                self._go_on(mark)

    def _go_on(self, mark: str) -> None:
        if mark in _BRACKETS:
            self._begin(mark)
        elif mark in ",:":
            self._separate(mark)
        elif mark in _CLOSING:
            self._string(mark)
        elif mark in "+-.0123456789":
            self._number()
        else:
            self._word()

    def _skip(self) -> None:
        """Go past white space and comments."""
        while found := _SPACE.match(self._given, self._at) or _COMMENT.match(self._given, self._at):
            self._at = found.end()
            if found.re is _SPACE and found.group().strip(" \t\r\n"):
                self._repairs["white_space"] = None
            if found.re is _COMMENT:
                if found.group().startswith("/*") and not found["end"]:
                    raise AnswerProblem(AnswerFault.TRUNCATED)
                if _ELIDED.search(found.group()):
                    _refuse("something was left out")
                self._repairs["comment"] = None

    def _begin(self, mark: str) -> None:
        if mark == "(":
            if not self._open:
                _refuse("not JSON")
            self._repairs["tuple"] = None
            self._tuple_commas.append(0)
        self._open.append(mark)
        self._put(_STRICT.get(mark, mark))

    def _close(self, mark: str) -> bool:
        """Close one bracket; say whether it was the last."""
        if _BRACKETS[self._open.pop()] != mark:
            _refuse("brackets that don't match")
        if mark == ")" and not self._tuple_commas.pop():
            _refuse("not JSON")  # parentheses around one value are no tuple
        self._put(_STRICT.get(mark, mark))
        return not self._open

    def _separate(self, mark: str) -> None:
        self._at += 1
        if mark == "," and self._open[-1] == "(":
            self._tuple_commas[-1] += 1
        before = self._at
        self._skip()
        ends = self._given[self._at : self._at + 1] in tuple("]})")
        if mark == "," and ends and self._out[-1] not in tuple("[{,:"):
            self._repairs["trailing_comma"] = None
            return
        self._at = before
        self._out.append(mark)

    def _string(self, mark: str) -> None:
        found = _BODY[mark].match(self._given, self._at + 1)
        body = found.group() if found else ""
        end = self._at + 1 + len(body)
        if self._given[end : end + 1] not in tuple(_CLOSING[mark]):
            raise AnswerProblem(AnswerFault.TRUNCATED)
        self._at = end + 1
        if mark == "'":
            self._repairs["single_quotes"] = None
        elif mark != '"':
            self._repairs["smart_quotes"] = None
        self._out.append(self._encoded(body))

    def _encoded(self, body: str) -> str:
        """Return the string as JSON writes it; its characters stay as they are."""
        if "\0" in body:
            _refuse("NUL character")
        if _CONTROL.search(body):
            self._repairs["control_character"] = None
        parts: list[str] = []
        last = 0
        for found in _ESCAPE.finditer(body):
            parts.append(json.dumps(body[last : found.start()], ensure_ascii=False)[1:-1])
            parts.append(self._escape(found))
            last = found.end()
        parts.append(json.dumps(body[last:], ensure_ascii=False)[1:-1])
        return f'"{"".join(parts)}"'

    def _escape(self, found: re.Match[str]) -> str:
        if found["other"] is not None:  # a path, a pattern, mark-up: which was meant is open
            _refuse("unknown escape")
        if found["simple"] or found["unit"]:
            return found.group()
        self._repairs["escape"] = None
        return "'" if found["quote"] else f"\\u00{found['byte']}"

    def _number(self) -> None:
        found = _NUMBER.match(self._given, self._at)
        if found is None or not (found["whole"] or len(found["part"] or "") > 1):
            _refuse("not a number")
        self._at = found.end()
        part = found["part"] or ""
        part = f"{part}0" if part == "." else part
        strict = f"{found['minus']}{found['whole'] or '0'}{part}{found['power'] or ''}"
        if strict != found.group():
            self._repairs["number"] = None
        self._out.append(strict)

    def _word(self) -> None:
        found = _WORD.match(self._given, self._at)
        if found is None:
            _refuse("not JSON")
        word = found.group()
        is_key = self._open[-1] == "{" and self._out[-1] in ("{", ",")
        self._at = found.end()
        if is_key:
            self._skip()
            if word in _NO_KEYS or self._given[self._at : self._at + 1] != ":":
                _refuse("not JSON")
            self._repairs["unquoted_key"] = None
            self._out.append(json.dumps(word, ensure_ascii=False))
        elif word in _LITERALS:
            self._repairs["python_literal"] = None
            self._out.append(_LITERALS[word])
        elif word in _JSON_WORDS:
            self._out.append(word)
        else:
            _refuse("not JSON")

    def _put(self, mark: str) -> None:
        self._out.append(mark)
        self._at += 1


def _refuse(reason: str) -> NoReturn:
    raise AnswerProblem(AnswerFault.NOT_STRICT, reason)
