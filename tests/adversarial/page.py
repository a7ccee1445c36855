"""docs/adversarial.md: what the table says, and what each row was seen to lean on."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.adversarial.rows import Row
from tests.adversarial.switches import Defence

PAGE: Final = Path(__file__).parents[2] / "docs" / "adversarial.md"
_ROWS: Final = ("<!-- rows -->\n", "<!-- /rows -->")
_DEFENCES: Final = ("<!-- defences -->\n", "<!-- /defences -->")
_LINE: Final = re.compile(r"^\| ([a-z0-9-]+) \|.*\| ([^|]*) \|$", re.MULTILINE)


def seen() -> dict[str, list[str]]:
    """Return row -> the defences without which it ends otherwise, as the page has it."""
    return {
        name: [one.strip("` ") for one in told.split(",") if one.strip()]
        for name, told in _LINE.findall(_between(PAGE.read_text(encoding="utf-8"), _ROWS))
    }


def row_table(rows: Iterable[Row], leans: Mapping[str, Sequence[str]]) -> str:
    """Return the table of attacks, each with what it *leans* on."""
    lines = [
        "| attack | what the attacker does | where | it ends as | it ends otherwise without |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        told = ", ".join(leans.get(row.name, ()))
        cells = (row.name, _cell(row.attack), row.where, f"`{_cell(row.verdict)}`", told)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def defence_table(defences: Iterable[Defence], leans: Mapping[str, Sequence[str]]) -> str:
    """Return the table of defences, each with how many attacks notice that it is off."""
    lines = ["| defence | while it is on | switched off in | noticed by |", "|---|---|---|---|"]
    for one in defences:
        number = sum(one.name in names for names in leans.values())
        where = one.where.removeprefix("functions.core.")
        lines.append(f"| {one.name} | {_cell(one.keeps)} | `{where}` | {number} |")
    return "\n".join(lines) + "\n"


def page(rows: Sequence[Row], defences: Sequence[Defence], leans: Mapping[str, list[str]]) -> str:
    """Return the page as it should be."""
    text = _with(PAGE.read_text(encoding="utf-8"), _ROWS, row_table(rows, leans))
    return _with(text, _DEFENCES, defence_table(defences, leans))


def _between(text: str, marks: tuple[str, str]) -> str:
    return text.partition(marks[0])[2].partition(marks[1])[0]


def _with(text: str, marks: tuple[str, str], table: str) -> str:
    before, begin, rest = text.partition(marks[0])
    return before + begin + table + marks[1] + rest.partition(marks[1])[2]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
