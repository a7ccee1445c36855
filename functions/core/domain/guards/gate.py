"""A quick no: whether a text can match a pattern at all.

Most texts hold nothing that a guard looks for, and `re` takes long to see it. A gate asks the
engine that pydantic brings (Rust's `regex`), which takes time linear in the text, and a tenth to a
hundredth of what `re` takes. It knows less: no looking around, no group that is repeated. A gate
is its pattern widened by what the engine does not know, so it lets through too much and never too
little; what passes is matched by `re`, which alone says what was found.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from pydantic_core import SchemaValidator, core_schema

_MOST: Final = 20
"""What counts are cut to: a gate asks how something begins, and stays small."""
_PIECE: Final = re.compile(
    r"(?P<escape>\\.|\$)"
    r"|(?P<set>\[(?:\\.|[^\]\\])*\])"
    r"|(?P<around>\(\?<?[=!])"
    r"|(?P<opening>\((?:\?(?:P<\w+>|>|[a-z]*:))?)"
    r"|(?P<closing>\))"
    r"|(?P<count>\{(?P<least>\d+)(?P<open>,(?P<most>\d*))?\})\+?"
    r"|(?P<often>[*+?])\+?"
    r"|(?P<plain>[^\\\[(){*+?$]+|.)",
    re.DOTALL,
)
_ANY: Final = r"[\s\S]"
_SETS: Final = {
    # all from the first letter, or figure, beyond ASCII on: what is one differs between the
    # engines, and takes long to build
    r"\w": r"0-9A-Za-z_\x{aa}-\x{10ffff}", r"\d": r"0-9\x{660}-\x{10ffff}",
    r"\s": r"\s\x1c-\x1f",
}  # fmt: skip
_ESCAPES: Final = {
    **{escape: f"[{inner}]" for escape, inner in _SETS.items()},
    r"\W": _ANY, r"\b": "", r"\B": "", "$": "", r"\Z": r"\z", r"\<": "<", r"\>": ">",
}  # fmt: skip
_ASCII: Final = {r"\d": "[0-9]", r"\w": "[0-9A-Za-z_]", r"\b": r"(?-u:\b)"}
"""What both engines mean the same by."""
_DOTTED: Final = "\u0130\u0131"
"""Letters that are an i to `re` where it ignores case, and to nobody else."""
_FOLDED: Final = _DOTTED + "\u017f\u212a"
"""All letters beyond ASCII that are one within it where case is ignored."""
_CASED: Final = re.compile(r"(?P<escape>\\(?:x\{\w+\}|x\w\w|u\w{4}|.))|[^\W\d_](?:-[^\W\d_])?")
_AN_I: Final = re.compile("[iI]")
_BRACKET: Final = re.compile(r"(?<!\\)\[")
"""A set in a set, to the gates' engine."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Gate:
    """The gate of some patterns; it is made when it is first asked."""

    def __init__(self, *patterns: "Pattern | re.Pattern[str]") -> None:
        self._patterns = patterns

    @cached_property
    def may_match(self) -> Callable[[str], bool]:
        """Says whether a text may match one of the patterns somewhere.

        A text with a lone surrogate never does: see `legible`.

        Raises
        ------
        ValueError
            A pattern repeats a group: what stands there instead is for its author to say.
        """
        wide = "|".join(f"(?{_letters(one.flags)}:{widened(one)})" for one in self._patterns)
        schema = core_schema.str_schema(pattern=wide, regex_engine="rust-regex")
        return SchemaValidator(schema).isinstance_python


class Pattern(Gate):
    """A pattern behind its gate; it is compiled when the gate first lets a text through."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        super().__init__(self)
        self.pattern = pattern
        self.flags = flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern itself."""
        return re.compile(self.pattern, self.flags)

    def finditer(self, text: str) -> Iterable[re.Match[str]]:
        """Return what the pattern matches in *text*, in order."""
        return self.compiled.finditer(text) if self.may_match(text) else ()


def legible(text: str) -> str:
    """Return *text* with a sign of replacement for each lone surrogate, which no gate reads."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def widened(pattern: Pattern | re.Pattern[str]) -> str:
    """Return a pattern of the gates' engine that matches wherever *pattern* does."""
    is_ascii = bool(pattern.flags & re.ASCII)
    ignores_case = bool(pattern.flags & re.IGNORECASE) or "(?i" in pattern.pattern
    more = None if not ignores_case else "" if is_ascii else _FOLDED
    escapes = _ESCAPES | _ASCII if is_ascii else _ESCAPES
    pieces = _without_looking_around(pattern.pattern)
    return "".join(_wide(piece, escapes, more) for piece in pieces)


def _letters(flags: int) -> str:
    letters = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
    return "".join(letter for letter, flag in letters.items() if flags & flag)


def _without_looking_around(pattern: str) -> Iterator[re.Match[str]]:
    """Yield the pieces of *pattern* but those that are looked at before or behind a place."""
    depth = 0
    for piece in _PIECE.finditer(pattern):
        if depth or piece["around"]:
            depth += bool(piece["around"] or piece["opening"]) - bool(piece["closing"])
        else:
            yield piece


def _wide(piece: re.Match[str], escapes: Mapping[str, str], more: str | None) -> str:
    """Return what stands for a piece; *more* letters mean an ASCII one where case is ignored."""
    written = piece[0]
    match piece.lastgroup:
        case "escape" if written[-1].isdigit():
            raise ValueError(f"a gate repeats no group: {piece.string}")
        case "escape" | "set":
            wide = escapes.get(written, written) if piece["escape"] else _set(written)
            return wide if more is None else _in_both_cases(wide, more)
        case "opening":
            return written if written.endswith(":") else "(?:"
        case "count":
            return _count(piece)
        case "often":
            return piece["often"]
    return _AN_I.sub(rf"[\g<0>{_DOTTED}]", written) if more else written


def _set(written: str) -> str:
    if r"\W" in written or (written[1] == "^" and r"\w" in written):
        return _ANY
    inner = _BRACKET.sub(r"\\\g<0>", written[1:])
    if inner[0] != "^":
        for escape, wide in _SETS.items():
            inner = inner.replace(escape, wide)
    return f"[{inner}"


def _in_both_cases(written: str, more: str) -> str:
    """Return a set with both cases of its letters: the engine takes long to find them itself."""
    if written[:1] != "[":
        return written
    inner = _CASED.sub(lambda m: m[0] if m["escape"] else m[0] + m[0].swapcase(), written[1:])
    if written[1] == "^" or inner == written[1:]:
        return f"(?-i:{written})"
    return f"(?-i:[{more}\\{inner})" if inner[0] == "-" else f"(?-i:[{more}{inner})"


def _count(piece: re.Match[str]) -> str:
    least = int(piece["least"])
    most = least if piece["open"] is None else int(piece["most"] or _MOST + 1)
    return f"{{{least},{most}}}" if most <= _MOST else f"{{{min(least, _MOST)},}}"
