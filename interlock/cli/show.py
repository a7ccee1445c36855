"""How things are shown: neutralised, in tables that fit, as JSON, with a spinner.

Whatever comes from a model, a ticket or an event passes `neutral` before it reaches a
terminal, and is never read as markup.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

WIDE = 200
"""Columns of a page nobody looks at: output that is piped is not cut to a terminal's width."""
_JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: Persian and family emoji need them, and they move nothing."""
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
STYLES = {
    "SUCCEEDED": "green",
    "REPAIRED": "green",
    "CACHED": "green",
    "RUNNING": "cyan",
    "RECEIVED": "cyan",
    "QUEUED": "cyan",
    "WAITING": "yellow",
    "HELD": "yellow",
    "CANCELLING": "yellow",
    "CANCELLED": "yellow",
    "OUTCOME_UNKNOWN": "bold red",
    "FAILED": "red",
    "TIMED_OUT": "red",
    "BUDGET_BUSY": "red",
    "BUDGET_EXCEEDED": "red",
    "REJECTED_OUTPUT": "red",
    "BLOCKED_BY_POLICY": "red",
}


def neutral(text: object, *, lines: bool = False) -> str:
    """Return *text* so that a terminal shows it and does nothing else.

    Control characters (so terminal escapes too), bidirectional overrides, invisible formatting
    and lone surrogates are shown as escapes; line ends too, unless *lines*.
    """
    shown = str(text)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(_neutral(character, lines=lines) for character in shown)


def _neutral(character: str, *, lines: bool) -> str:
    if character in _JOINERS or (lines and character in "\n\t"):
        return character
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"  # noqa: PLR2004  (one byte)


@cache
def _width() -> int | None:
    return None if sys.stdout.isatty() else WIDE


def console() -> "Console":
    """Return standard output; colours only on a terminal, and never where NO_COLOR is set."""
    from rich.console import Console

    return Console(width=_width(), markup=False, highlight=False, emoji=False, soft_wrap=False)


def errors() -> "Console":
    """Return standard error: notes, progress and problems."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def plain(text: object, style: str = "") -> "Text":
    """Return *text*, neutralised, as rich text without markup."""
    from rich.text import Text

    return Text(neutral(text), style=style)


def word(text: object) -> "Text":
    """Return a status or an outcome in its colour."""
    return plain(text, STYLES.get(str(text), ""))


def line(*parts: "object | Text", style: str = "") -> None:
    """Print one line; its parts are put side by side."""
    from rich.text import Text

    whole = Text()
    for part in parts:
        whole.append_text(part if isinstance(part, Text) else plain(part, style))
    console().print(whole, soft_wrap=True)


def raw(text: str) -> None:
    """Print a text of several lines, neutralised, not wrapped."""
    console().out(neutral(text, lines=True), highlight=False)


def note(text: str) -> None:
    """Say something beside the answer, on standard error."""
    errors().print(plain(text, "dim"), soft_wrap=True)


def tree(root: "Tree") -> None:
    """Print a tree."""
    console().print(root)


def as_json(value: Mapping[str, Any]) -> None:
    """Print *value* as JSON; ASCII, so that no escape reaches a terminal."""
    sys.stdout.write(json.dumps(value, indent=2, default=str).replace("\x7f", "\\u007f") + "\n")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    keep
        How long it stays when the terminal is narrow: the lowest go first.
    """

    title: str
    keep: int = 9
    right: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence["object | Text"]]) -> None:
    """Print a table that fits: where it would not, empty columns and the least important go."""
    from rich.table import Table
    from rich.text import Text

    cells = [[c if isinstance(c, Text) else plain(c) for c in row] for row in rows]
    out = console()
    shown = _that_fit(columns, cells, out.width)
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for index in shown:
        column = columns[index]
        drawn.add_column(
            column.title,
            justify="right" if column.right else "left",
            overflow="ellipsis",
            no_wrap=True,
        )
    for row in cells:
        drawn.add_row(*(row[index] for index in shown))
    out.print(drawn)


def _that_fit(
    columns: Sequence[Column], cells: Sequence[Sequence["Text"]], width: int
) -> list[int]:
    needs = [
        max([len(column.title), *(row[i].cell_len for row in cells)]) + 2
        for i, column in enumerate(columns)
    ]
    says = [any(row[i].plain for row in cells) for i in range(len(columns))]
    shown = list(range(len(columns)))
    while len(shown) > 1 and sum(needs[i] for i in shown) > width:
        shown.remove(min(shown, key=lambda i: (says[i], columns[i].keep, -i)))
    return shown


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner while the block works; nothing where nobody watches.

    The block is given a function that says how far it is.
    """
    out = errors()
    if not (out.is_terminal and sys.stdout.isatty()):
        yield lambda _: None
        return
    with out.status(plain(f"{what} …", "dim"), spinner="line") as shown:
        yield lambda more: shown.update(plain(f"{what}: {more} …", "dim"))


def count(number: int, noun: str, plural: str = "") -> str:
    """Return how many of something there are, in words that agree."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def dollars(amount: object) -> str:
    """Return an amount of dollars as people read it: two digits, or as many as it takes."""
    from decimal import Decimal

    value = Decimal(str(amount))
    if not value:
        return "$0"
    digits = 2 if abs(value) >= 1 else max(2, 1 - value.adjusted())
    return f"${value:.{digits}f}"


def seconds(amount: float | None) -> str:
    """Return a length of time as people read it."""
    if amount is None:
        return ""
    if amount < 1:
        return f"{round(amount * 1000)} ms"
    if amount < 60:  # noqa: PLR2004  (a minute)
        return f"{amount:.1f} s"
    minutes, rest = divmod(round(amount), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
