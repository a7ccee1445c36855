"""Compares our verdicts with those of others, row for row."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from functions.core.domain.triggers import check_pattern
from interlock.lint.spec import check_text
from interlock.local.mends.events.patterns import InvalidPattern, compiled
from interlock.local.mends.refusal import NotPlayedHere

MACHINES = Path("asl/validity.jsonl")
PATTERNS = Path("events/patterns.jsonl")


@dataclass
class Agreement:
    """How many rows were judged as they are marked.

    Attributes
    ----------
    wrong
        Id and what was said instead, of each row that was judged otherwise.
    refused
        What is not played on the laptop, by name, and how often it was met: those rows are
        neither right nor wrong.
    """

    rows: int = 0
    wrong: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float | None:
        """The share of the judged rows that were judged right; None where there were none."""
        judged = self.rows - self.refused.total()
        return (judged - len(self.wrong)) / judged if judged else None

    def as_json(self) -> dict[str, Any]:
        """Return what stands behind the figure."""
        return {"rows": self.rows, "wrong": self.wrong, "refused": dict(self.refused)}


def machines(data: Path) -> Agreement:
    """Judge each definition of `asl/validity.jsonl` in *data*: id, definition_text, valid."""
    found = Agreement()
    for row in _rows(data / MACHINES):
        found.rows += 1
        errors = [f for f in check_text(row["definition_text"], row["id"]) if f.is_error]
        if bool(errors) == row["valid"]:
            found.wrong.append("; ".join(map(str, errors)) or f"{row['id']}: nothing was found")
    return found


def patterns(data: Path) -> Agreement:
    """Match each event of `events/patterns.jsonl` in *data*: rows of id, event, pattern, expect.

    A pattern that is valid has to pass where a workflow declares it, too, and an invalid one has
    to be refused there.
    """
    found = Agreement()
    for row in _rows(data / PATTERNS):
        found.rows += 1
        pattern = row["pattern"]
        text = pattern if isinstance(pattern, str) else json.dumps(pattern)
        try:
            said = "match" if compiled(text).matches(row["event"]) else "no_match"
        except InvalidPattern:
            said = "invalid"
        except NotPlayedHere as refused:
            found.refused[str(refused)] += 1
            continue
        declared = _declared(text)
        if said != row["expect"]:
            found.wrong.append(f"{row['id']}: {said} for {row['expect']}")
        elif bool(declared) != (said == "invalid"):
            found.wrong.append(f"{row['id']}: {declared or 'passes'} where it is declared")
    return found


def _declared(text: str) -> str:
    """Return why a workflow may not declare the pattern; nothing where it may."""
    try:
        check_pattern(json.loads(text))
    except ValueError as reason:
        return str(reason) or "refused"
    return ""


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)
