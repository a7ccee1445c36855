"""What a text says in base64, hexadecimal, percent signs, entities or a cipher that it names."""

import base64
import binascii
import codecs
import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from functions.core.domain.guards.gate import Gate, Pattern

MOST: Final = 8
"""Encoded parts that are looked into; one that holds another is one of them, too."""
_SHORTEST: Final = 8
_PRINTABLE: Final = 0.95

# Each begins where a run begins, so that a long word is looked at once.
_LONG: Final = 20
_BASE64: Final = Pattern(rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{{{_LONG},}}={{0,2}}")
_HEX: Final = Pattern(r"(?<!\w)(?=[0-9A-Fa-fx\\ ,:]{20})(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ ,:]?){10,}")
_BINARY: Final = Pattern(r"(?<!\w)(?=[01]{8})(?:[01]{8}[ ,]?){6,}")
_PERCENT: Final = Pattern(r"[\w.+-]{0,64}(?:%[0-9A-Fa-f]{2}[\w.+-]{0,64}){4,}")
_ENTITY: Final = Pattern(r"(?:&#(?:x[0-9A-Fa-f]{1,6}|[0-9]{1,7});[\w ]?){4,}")
_NAMED: Final[dict[str, tuple[tuple[str, ...], Callable[[str], str]]]] = {
    "rot13": (("rot13", "rot-13"), lambda text: codecs.decode(text, "rot13")),
    "reversed": (("revers", "backward"), lambda text: text[::-1]),
}


@dataclass(frozen=True)
class Decoded:
    """One part of a text that says something else: how it was encoded, where it stands."""

    encoding: str
    text: str
    start: int
    end: int


def decoded(text: str) -> Iterable[Decoded]:
    """Return what the encoded parts of *text* say."""
    return _decoded(text) if _ENCODED.may_match(text) else ()


def _decoded(text: str) -> Iterator[Decoded]:
    left = MOST
    for name, pattern, read in _WAYS:
        for match in pattern.finditer(text):
            said = read(match[0])
            if said is None:
                continue
            yield Decoded(name, said, match.start(), match.end())
            left -= 1
            if not left:
                return
    low = text.casefold()
    for name, (names, turned) in _NAMED.items():
        if any(map(low.__contains__, names)):
            yield Decoded(name, turned(text), 0, len(text))


def _from_base64(part: str) -> str | None:
    if part.isalpha() and (part.islower() or part.isupper()):
        return None
    padded = part.rstrip("=").replace("-", "+").replace("_", "/")
    padded = padded[: len(padded) - 1] if len(padded) % 4 == 1 else padded
    try:
        return _readable(base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def _from_hex(part: str) -> str | None:
    digits = re.sub(r"0x|\\x|[ ,:]", "", part)
    return _readable(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _from_binary(part: str) -> str | None:
    digits = re.sub(r"[ ,]", "", part)
    return _readable(bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits) - 7, 8)))


def _from_percent(part: str) -> str | None:
    return _readable(unquote(part).encode())


def _from_entities(part: str) -> str | None:
    return _readable(html.unescape(part).encode())


def _readable(content: bytes) -> str | None:
    """Return *content* as text if somebody could read it."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if len(text) < _SHORTEST or " " not in text.strip():
        return None
    printable = sum(character.isprintable() or character in "\n\t" for character in text)
    return text if printable >= _PRINTABLE * len(text) else None


_WAYS: Final[tuple[tuple[str, Pattern, Callable[[str], str | None]], ...]] = (
    # its name, a part that may be encoded so, what it says
    ("base64", _BASE64, _from_base64),
    ("hexadecimal", _HEX, _from_hex),
    ("binary", _BINARY, _from_binary),
    ("percent signs", _PERCENT, _from_percent),
    ("entities", _ENTITY, _from_entities),
)
_ENCODED: Final = Gate(
    *(pattern for _, pattern, _ in _WAYS),
    Pattern("|".join(part for parts, _ in _NAMED.values() for part in parts), re.IGNORECASE),
)
