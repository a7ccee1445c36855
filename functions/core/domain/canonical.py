"""JSON in one form only, and the strict way in.

Content hashes are taken over `canonical` bytes; every text from outside enters through
`parse_strict`, which refuses what two parsers could read differently.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, NoReturn

from functions.core.domain.errors import InvalidJson, PermanentError

MAX_DEPTH: Final = 64
MAX_BYTES: Final = 1_048_576
"""What SQS, EventBridge and an asynchronous Lambda invocation carry at most."""

_CANONICAL_MAX_DEPTH: Final = 200
"""A document wraps values that were 64 deep; the C encoder recurses, so it gets a bound too."""

_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
_SCALARS: Final = frozenset((str, int, float, bool, type(None)))
_TEXT: Final = frozenset((str,))
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SUSPECT: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""The only ways in for a NUL or a surrogate: raw ones are no JSON, or no UTF-8."""
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_.:$-]{1,64}")


class NotCanonical(PermanentError):
    """A value has no canonical JSON form."""

    def __init__(self, reason: str, pointer: str) -> None:
        self.reason = reason
        self.pointer = pointer
        super().__init__(f"{reason} at {pointer or '(root)'}")


def escape_token(token: str | int) -> str:
    """Return *token* as one reference token of a JSON pointer (RFC 6901)."""
    return str(token).replace("~", "~0").replace("/", "~1")


def safe_pointer(path: tuple[str | int, ...]) -> str:
    """Return the JSON pointer of *path*, with keys that may be data themselves shown as `?`."""
    return "".join(
        f"/{token}" if isinstance(token, int) or _PLAIN_KEY.fullmatch(token) else "/?"
        for token in path
    )


def canonical(value: Any) -> bytes:
    """Return the one JSON text of *value*: sorted keys, no spaces, UTF-8 without escapes.

    Raises
    ------
    NotCanonical
        For NaN, infinities, keys that are no strings, lone surrogates and foreign types.
    """
    if _is_plain(value):
        with suppress(ValueError):  # infinities and surrogates; the walk below knows where
            return _ENCODER.encode(value).encode()
    for path, item in _walk(value):
        _require_canonical(path, item)
    return _ENCODER.encode(value).encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical form of *value*, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def parse_strict(
    text: str | bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> Any:
    """Parse one JSON text and refuse everything doubtful.

    Integers stay exact. Refused are other encodings than UTF-8, trailing data, duplicate keys,
    nesting over *max_depth*, NUL and lone surrogates, NaN, infinities and numbers that overflow.

    Raises
    ------
    InvalidJson
        With a fixed reason and, where it is known, a pointer; never with a part of the text.
    """
    decoded = _decode(text, max_bytes)
    _require_shallow(decoded, max_depth)
    repeated: list[_Repeated] = []

    def object_(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) == len(pairs):
            return value
        repeated.append(_Repeated(value))
        return repeated[-1]

    try:
        value = json.loads(
            decoded,
            object_pairs_hook=object_,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except json.JSONDecodeError as problem:
        reason = "trailing data" if problem.msg == "Extra data" else "not JSON"
        raise InvalidJson(reason) from None
    if repeated or _SUSPECT.search(decoded):
        for path, item in _walk(value):
            _require_clean(path, item)
    return value


class _Repeated(dict[str, Any]):
    """An object whose text named a key twice; found again by the walk, which knows where it is."""


def _decode(text: str | bytes, max_bytes: int) -> str:
    if len(text) > max_bytes:
        raise InvalidJson("too large")
    try:
        if isinstance(text, bytes):
            return text.decode()
        if len(text.encode()) > max_bytes:
            raise InvalidJson("too large")
    except UnicodeDecodeError:
        raise InvalidJson("not UTF-8") from None
    except UnicodeEncodeError:
        raise InvalidJson("lone surrogate") from None
    return text


def _require_shallow(text: str, max_depth: int) -> None:
    if text.count("{") + text.count("[") <= max_depth:
        return
    depth = 0
    for match in _BRACKETS.finditer(text):
        mark = match.group()
        if mark in "[{":
            depth += 1
            if depth > max_depth:
                raise InvalidJson("nested too deeply")
        elif mark in "]}":
            depth -= 1


def _refuse_constant(_name: str) -> NoReturn:
    raise InvalidJson("not a finite number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidJson("not a finite number")
    return number


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # the interpreter's own limit on digits, which a key or amount never needs
        raise InvalidJson("number too long") from None


def _walk(value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield each value below *value* with its path, without recursion."""
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while pending:
        path, item = pending.pop()
        yield path, item
        if isinstance(item, dict):
            pending.extend(((*path, key), child) for key, child in item.items())
        elif isinstance(item, list | tuple):
            pending.extend(((*path, index), child) for index, child in enumerate(item))


def _is_plain(value: Any) -> bool:
    """Say quickly, level by level, whether *value* holds JSON types only, and not too deep."""
    level = [value]
    for _ in range(_CANONICAL_MAX_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is dict and _TEXT.issuperset(map(type, item)):
                below.extend(item.values())
            elif kind is list or kind is tuple:
                below.extend(item)
            elif kind not in _SCALARS and not issubclass(kind, str):  # members of enums are text
                return False
        if not below:
            return True
        level = below
    return False


def _require_clean(path: tuple[str | int, ...], item: Any) -> None:
    if isinstance(item, _Repeated):
        raise InvalidJson("duplicate key", safe_pointer(path))
    texts = item.keys() if isinstance(item, dict) else (item,) if isinstance(item, str) else ()
    for text in texts:
        if "\x00" in text:
            raise InvalidJson("NUL character", safe_pointer(path))
        if _SURROGATE.search(text):
            raise InvalidJson("lone surrogate", safe_pointer(path))


def _require_canonical(path: tuple[str | int, ...], item: Any) -> None:
    if len(path) > _CANONICAL_MAX_DEPTH:
        raise NotCanonical("nested too deeply", safe_pointer(path[:8]) + "/...")
    if not (item is None or isinstance(item, str | bool | int | float | dict | list | tuple)):
        raise NotCanonical(f"no JSON type ({type(item).__name__})", safe_pointer(path))
    if isinstance(item, float) and not math.isfinite(item):
        raise NotCanonical("not a finite number", safe_pointer(path))
    texts = item.keys() if isinstance(item, dict) else (item,) if isinstance(item, str) else ()
    for text in texts:
        if not isinstance(text, str):
            raise NotCanonical("a key is no string", safe_pointer(path))
        if _SURROGATE.search(text):
            raise NotCanonical("lone surrogate", safe_pointer(path))
