"""What a caller passed for a file, as bytes and as text: strictly, and within bounds."""

import base64
import binascii
import codecs
import re
from enum import StrEnum
from typing import Any, Final

from functions.core.domain.inputs.declared import FILE

MAX_FILE_BYTES: Final = 8_000_000
"""Whatever brought it: an event carries an eighth of it, a system's answer half as much."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_TEXT: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Controls and halves of characters: no text holds them."""
_OTHERS: Final = (b"%PDF-", b"PK\x03\x04", b"\x1f\x8b", b"{\\rtf")
"""How files begin that hold a text, and are none."""


class Why(StrEnum):
    """Why a file is refused; the whole of what is ever said about it."""

    NOT_A_FILE = "NOT_A_FILE"
    """Neither a text nor an object with its bytes in base64."""
    NOT_BASE64 = "NOT_BASE64"
    TOO_LARGE = "TOO_LARGE"
    NOT_TEXT = "NOT_TEXT"
    """Another kind of file, or bytes that no text holds."""
    NOT_CSV = "NOT_CSV"
    UNEVEN_ROWS = "UNEVEN_ROWS"
    NO_SUCH_COLUMN = "NO_SUCH_COLUMN"
    SAME_COLUMN_TWICE = "SAME_COLUMN_TWICE"
    TOO_MANY_COLUMNS = "TOO_MANY_COLUMNS"
    TOO_MANY_ROWS = "TOO_MANY_ROWS"
    NOT_JSON = "NOT_JSON"
    """Or JSON that two readers could read differently: NaN, a key twice, nested too deeply."""
    NOTHING_AT_POINTER = "NOTHING_AT_POINTER"
    NOT_RECORDS = "NOT_RECORDS"
    """No list of objects."""
    NOT_PDF = "NOT_PDF"
    BROKEN_PDF = "BROKEN_PDF"
    ENCRYPTED = "ENCRYPTED"
    TOO_MANY_PAGES = "TOO_MANY_PAGES"
    EXPLODES = "EXPLODES"
    """It would take more memory than a file of its kind may."""
    TOOK_TOO_LONG = "TOOK_TOO_LONG"


class Unreadable(Exception):
    """A file that is not what its task declares; says why, and nothing of what it holds."""

    def __init__(self, why: Why) -> None:
        self.why = why
        super().__init__(why)


def file_bytes(value: Any) -> bytes:
    """Return the bytes that *value* brings: a text, or `{"base64": "…"}`.

    Raises
    ------
    Unreadable
        It is neither, or more than `MAX_FILE_BYTES`.
    """
    if isinstance(value, str):
        content = value.encode(errors="surrogatepass")
    elif isinstance(value, dict) and set(value) == {FILE} and isinstance(value[FILE], str):
        content = _decoded(value[FILE])
    else:
        raise Unreadable(Why.NOT_A_FILE)
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable(Why.TOO_LARGE)
    return content


def _decoded(text: str) -> bytes:
    if len(text) > 2 * MAX_FILE_BYTES:
        raise Unreadable(Why.TOO_LARGE)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable(Why.NOT_BASE64) from None


def file_text(content: bytes) -> tuple[str, str]:
    """Return the text of *content*, with lines ended by a line feed, and its encoding.

    UTF-8 and UTF-16 by their marks, then UTF-8, which hardly any other text is by accident, then
    Windows-1252, which shows a European text in Latin-1 as it was meant.

    Raises
    ------
    Unreadable
        It is no text.
    """
    if content.startswith(_OTHERS):
        raise Unreadable(Why.NOT_TEXT)
    text, encoding = _read(content)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _NO_TEXT.search(text):
        raise Unreadable(Why.NOT_TEXT)
    return text, encoding


def without_controls(text: str) -> str:
    """Return *text* with a sign in the place of each character that no text holds."""
    return _NO_TEXT.sub("\ufffd", text)


def _read(content: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(encoding), encoding
            except UnicodeDecodeError:
                raise Unreadable(Why.NOT_TEXT) from None
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise Unreadable(Why.NOT_TEXT)
