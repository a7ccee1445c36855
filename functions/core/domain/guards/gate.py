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
    r"|(?P<other>.)",
    re.DOTALL,
)
_ANY: Final = r"[\s\S]"
_ESCAPES: Final = {
    # `re` counts numerals of all kinds among the letters, and separators among the blanks
    r"\w": r"[\w\p{N}]", r"\W": _ANY, r"\s": r"[\s\x1c-\x1f]",
    r"\b": "", r"\B": "", "$": "", r"\Z": r"\z", r"\<": "<", r"\>": ">",
}  # fmt: skip
_ASCII: Final = {r"\d": "[0-9]", r"\w": "[0-9A-Za-z_]", r"\b": r"(?-u:\b)"}
"""What both engines mean the same by; small sets make small gates."""
_DOTTED: Final = "\u0130\u0131"
"""Letters that are an i to `re` where it ignores case, and to nobody else."""
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
    ignores_case = pattern.flags & re.IGNORECASE or "(?i" in pattern.pattern
    more = _DOTTED if ignores_case and not is_ascii else ""
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


def _wide(piece: re.Match[str], escapes: Mapping[str, str], more: str) -> str:
    written = piece[0]
    match piece.lastgroup:
        case "escape" if written[-1].isdigit():
            raise ValueError(f"a gate repeats no group: {piece.string}")
        case "escape":
            return escapes.get(written, written)
        case "set":
            return _set(written, more)
        case "opening":
            return written if written.endswith(":") else "(?:"
        case "count":
            return _count(piece)
        case "often":
            return piece["often"]
    return f"[{written}{more}]" if more and written in "iI" else written


def _set(written: str, more: str) -> str:
    if r"\W" in written or (written[1] == "^" and r"\w" in written):
        return _ANY
    inner = _BRACKET.sub(r"\\\g<0>", written[1:])
    if inner[0] == "^":
        return f"[{inner}"
    inner = inner.replace(r"\w", r"\w\p{N}").replace(r"\s", r"\s\x1c-\x1f")
    return f"[{more}\\{inner}" if inner[0] == "-" else f"[{more}{inner}"


def _count(piece: re.Match[str]) -> str:
    least = int(piece["least"])
    most = least if piece["open"] is None else int(piece["most"] or _MOST + 1)
    return f"{{{least},{most}}}" if most <= _MOST else f"{{{min(least, _MOST)},}}"
