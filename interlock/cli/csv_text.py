"""Listings as CSV, of which a spreadsheet runs nothing."""

import csv
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from interlock.cli.show import neutral

F = TypeVar("F", bound=Callable[..., Any])
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula (OWASP, "CSV Injection")."""

csv_option = click.option("--csv", "as_csv", is_flag=True, help="Answer as CSV.")


def cell(value: object) -> str:
    """Return *value* as a text that a spreadsheet shows and does not run."""
    text = "" if value is None else str(value)
    shown = neutral(text, lines=False)
    return f"'{shown}" if text.startswith(FORMULA) and not _is_number(text) else shown


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and not text.startswith(("\t", "\r"))


def write(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write *rows* under *titles* to standard output."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows([cell(value) for value in row] for row in rows)
