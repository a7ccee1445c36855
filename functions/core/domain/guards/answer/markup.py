"""Active content in a text: what a browser, a spreadsheet or a terminal would act on."""

import re
from collections.abc import Iterator
from typing import Final

from functions.core.domain.guards.text import clean

_ACTIVE: Final = re.compile(
    r"(?P<tag><(?=[A-Za-z/!?]))"
    r"|(?P<script>\b(?:javascript|vbscript)(?=\s*:)|\bdata(?=:text/html))"
    r"|(?P<image>!(?=\[[^\]\n]*\]\s*[(\[]))"
    r"|(?P<formula>\A\s*[=@]|\A\s*[+-](?=[A-Za-z(@=]))",
    re.IGNORECASE,
)
_HARMLESS: Final = {"tag": "\u2039", "image": ""}


def active(text: str) -> Iterator[tuple[int, int]]:
    """Yield where in *text* something stands that could act: tags, scripts, images, formulas.

    Control characters and such as reorder text count, too: a terminal acts on them.
    """
    yield from (found.span() for found in _ACTIVE.finditer(text))
    if clean(text).removed:
        yield 0, len(text)


def neutralised(text: str) -> str:
    """Return *text* with the same words, and nothing in it that could act."""
    return _ACTIVE.sub(_harmless, clean(text).text)


def _harmless(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    if kind == "formula":
        return f"'{found[0]}"
    if kind == "script":
        return f"{found[0]}\u200a"
    return _HARMLESS[kind]
