"""Recovers values from models' answers and from broken JSON, and compares with what was meant."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from functions.core.domain.answers import AnswerProblem, parse_answer
from tests.quality.agreement import Agreement

ANSWERS: Final = Path("structured/llm_outputs.jsonl")
BROKEN: Final = Path("structured/json_repair.jsonl")
CUT: Final = "derived_truncate"
"""Answers of this kind mean no value: whatever is read from them is invented."""


def recovered(data: Path) -> Agreement:
    """Read each whole answer in *data*: right is the value meant; a refusal is not."""
    found = Agreement()
    for id_, kind, text, meant in _answers(data):
        if kind != CUT:
            found.rows += 1
            read = _read(text)
            if read != _written(meant):
                found.wrong.append(f"{id_} ({kind}): {'another value' if read else 'refused'}")
    return found


def invented(data: Path) -> Agreement:
    """Read every text in *data*: wrong is a value that was not meant; a refusal never is.

    Broken JSON is compared with what a repair tool makes of it, which guesses more than we do.
    """
    found = Agreement()
    rows = [(id_, kind != CUT, text, meant) for id_, kind, text, meant in _answers(data)]
    rows += [
        (f"{BROKEN.name}:{line}", not row["no_json"], row["input"], row["expected"])
        for line, row in _rows(data / BROKEN)
    ]
    for id_, has_value, text, meant in rows:
        found.rows += 1
        read = _read(text)
        if read and not (has_value and read == _written(meant)):
            found.wrong.append(id_)
    return found


def _answers(data: Path) -> Iterator[tuple[str, str, str, Any]]:
    for line, row in _rows(data / ANSWERS):
        yield f"{ANSWERS.name}:{line}", row["kind"], row["text"], row["json"]


def _read(text: str) -> str:
    """Return the value in one form; nothing where the text is refused."""
    try:
        return _written(parse_answer(text).value)
    except AnswerProblem:
        return ""


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)  # 1, 1.0 and true are three values


def _rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    if file.is_file():
        for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
            if line.strip():
                yield number, json.loads(line)
