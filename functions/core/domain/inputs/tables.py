"""CSV files and records: the declared columns of them, as a table or as JSON lines."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from functions.core.domain.inputs.content import Unreadable, Why
from functions.core.domain.inputs.declared import CsvInput, RecordsInput, Shape

MAX_COLUMNS: Final = 1_000
MAX_ROWS: Final = 200_000

_LINE_ENDS: Final = re.compile("[\r\n\x0b\x0c\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Table:
    """Rows as the model is shown them: one line each, after a heading that may be empty."""

    heading: str
    lines: Sequence[str]


def csv_table(text: str, declared: CsvInput) -> Table:
    """Return the declared columns of the CSV *text*; its first line names all that there are.

    Raises
    ------
    Unreadable
        Quotes don't match, a row has more or fewer cells than the heading, a column is not there
        or there twice, or there are more rows or columns than anybody reads.
    """
    rows = _rows(text, declared.delimiter)
    heading = next(rows, [])
    if len(heading) > MAX_COLUMNS:
        raise Unreadable(Why.TOO_MANY_COLUMNS)
    names = [name.strip() for name in heading]
    for column in declared.columns:
        if names.count(column) > 1:
            raise Unreadable(Why.SAME_COLUMN_TWICE)
        if names and column not in names:
            raise Unreadable(Why.NO_SUCH_COLUMN)
    places = [names.index(column) for column in declared.columns] if names else []
    chosen: list[list[Any]] = []
    for row in rows:
        if len(row) != len(names):
            raise Unreadable(Why.UNEVEN_ROWS)
        if len(chosen) == MAX_ROWS:
            raise Unreadable(Why.TOO_MANY_ROWS)
        chosen.append([row[place] for place in places])
    return _table(declared.columns, chosen, declared.shape)


def records_table(value: Any, declared: RecordsInput) -> Table:
    """Return the declared fields of *value*, a list of objects.

    Which fields an object has is its schema's matter; one that it lacks is empty.

    Raises
    ------
    Unreadable
        It is another value, or too long.
    """
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Unreadable(Why.NOT_RECORDS)
    if len(value) > MAX_ROWS:
        raise Unreadable(Why.TOO_MANY_ROWS)
    rows = [[one.get(field) for field in declared.fields] for one in value]
    return _table(declared.fields, rows, declared.shape)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    # whole lines go in, so that a quoted cell may hold a line end; the reader bounds a cell
    lines = (f"{line}\n" for line in text.split("\n"))
    try:
        for row in csv.reader(lines, delimiter=delimiter, strict=True):
            if row:
                yield row
    except csv.Error:
        raise Unreadable(Why.NOT_CSV) from None


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]], shape: Shape) -> Table:
    if shape == "lines":
        return Table(
            "",
            [
                json.dumps(
                    dict(zip(columns, row, strict=True)), ensure_ascii=False, sort_keys=False
                )
                for row in rows
            ],
        )
    return Table(_line(columns), [_line(row) for row in rows])


def _line(cells: Sequence[Any]) -> str:
    return " | ".join(_cell(cell) for cell in cells)


def _cell(value: Any) -> str:
    """Return a cell on one line, in which a bar is no border."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _LINE_ENDS.sub(" ", text.strip()).replace("\\", "\\\\").replace("|", "\\|")
