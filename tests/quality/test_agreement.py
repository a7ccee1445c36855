"""The figures say what they say: each row right, wrong or refused."""

import json
from pathlib import Path
from typing import Any

from tests.quality.__main__ import OWN
from tests.quality.agreement import MACHINES, PATTERNS, machines, patterns
from tests.quality.answers import ANSWERS, BROKEN, CUT, invented, recovered


def _rows(file: Path, *rows: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_we_agree_with_our_own_set() -> None:
    """Every row; one operator is refused, by name."""
    judged, matched = machines(OWN), patterns(OWN)

    assert (judged.share, judged.wrong) == (1.0, [])
    assert (matched.share, matched.wrong) == (1.0, [])
    assert list(matched.refused) == ["event pattern operator regex is not played here"]


def test_a_machine_that_is_judged_otherwise_is_named(tmp_path: Path) -> None:
    """With what was found in it; nothing found is said, too."""
    good = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    _rows(
        tmp_path / MACHINES,
        {"id": "right", "valid": True, "definition_text": good},
        {"id": "missed", "valid": False, "definition_text": good},
        {"id": "blamed", "valid": True, "definition_text": "{}"},
        {"id": "found", "valid": False, "definition_text": "{}"},
    )

    found = machines(tmp_path)

    assert found.share == 0.5
    assert found.wrong[0] == "missed: nothing was found"
    assert "blamed:1:/States: ASL101" in found.wrong[1]


def test_a_refused_operator_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    """It is counted by its name; what is matched otherwise is wrong."""
    event = {"a": "x"}
    _rows(
        tmp_path / PATTERNS,
        {"id": "right", "event": event, "pattern": {"a": ["x"]}, "expect": "match"},
        {"id": "as-text", "event": event, "pattern": '{"a": ["y"]}', "expect": "no_match"},
        {"id": "otherwise", "event": event, "pattern": {"a": ["y"]}, "expect": "match"},
        {"id": "refused", "event": event, "pattern": {"a": [{"regex": "x"}]}, "expect": "match"},
    )

    found = patterns(tmp_path)

    assert found.share == 2 / 3
    assert found.wrong == ["otherwise: no_match for match"]
    assert found.refused == {"event pattern operator regex is not played here": 1}


def test_no_rows_are_no_figure(tmp_path: Path) -> None:
    """An empty file agrees with nothing."""
    _rows(tmp_path / MACHINES)

    assert machines(tmp_path).share is None


def test_an_answer_is_recovered_refused_or_invented(tmp_path: Path) -> None:
    """A cut answer that is read is invented; a refused one is only not recovered."""
    value = {"a": 1}
    _rows(
        tmp_path / ANSWERS,
        {"kind": "fenced", "text": '```json\n{"a": 1}\n```', "json": value},
        {"kind": "clean", "text": '{"a": 1}', "json": {"a": True}},
        {"kind": "clean", "text": "{'a': one}", "json": value},
        {"kind": CUT, "text": '{"a": 1}', "json": None},
        {"kind": CUT, "text": '{"a": 1', "json": None},
    )
    (tmp_path / BROKEN).write_text('{"input": "{a: 1}", "expected": {"a": 1}, "no_json": false}')

    found, made_up = recovered(tmp_path), invented(tmp_path)

    assert (found.rows, found.share) == (3, 1 / 3)
    assert [wrong.partition(" ")[0] for wrong in found.wrong] == [
        "llm_outputs.jsonl:2",
        "llm_outputs.jsonl:3",
    ]
    assert (made_up.rows, made_up.wrong) == (6, ["llm_outputs.jsonl:2", "llm_outputs.jsonl:4"])
