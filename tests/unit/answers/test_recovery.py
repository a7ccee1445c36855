"""What is plain is recovered and named; what would be invented is refused."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.core.domain.answers import AnswerFault, AnswerProblem, parse_answer, read_answer

JSON = '{"a": "x", "b": [1, true, null]}'
VALUE = {"a": "x", "b": [1, True, None]}
DATA = pytest.mark.skipif("DATA" not in os.environ, reason="DATA names a folder with structured/")


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        (f"Sure! {JSON}", "prose"),
        (f"{JSON}\n\nNote: as in [the list](x), [1], [ ] and {{name}}.", "prose"),
        (f"callback({JSON});", "prose"),
        (f"<answer>{JSON}</answer>", "prose"),
        (f"<answer>```json\n{JSON}\n```</answer>", "prose fence"),
        (f"{JSON}\n{JSON}", "repeated"),
        (f"```json\n{JSON}\n```\n{JSON}", "fence repeated"),
        (f'<think>\n{{"a": "no"}}\n</think>\n{JSON}', "reasoning"),
        (f"// the answer\n{JSON}", "comment"),
        (f"{JSON} /* done */", "comment"),
        ('{"a": "x", "b": [1, true, null,],}', "trailing_comma"),
        ("{'a': 'x', 'b': [1, True, None]}", "single_quotes python_literal"),
        ('{"a": "x", "b": (1, True, None)}', "tuple python_literal"),
        ('{“a”: “x”, "b": [1, true, null]}', "smart_quotes"),
        ('{„a“: „x“, "b": [1, true, null]}', "smart_quotes"),
        ('{"a": "x", /* two */ "b": [1, # one\n true, null]}', "comment"),
        ('{a: "x", b: [1, true, null]}', "unquoted_key"),
        ('{"a": "\\x78", "b": [+1, true, null]}', "escape number"),
        ('{"a":\u00a0"x", "b": [1, true, null]}', "white_space"),
    ],
)
def test_what_is_plain_is_recovered(text: str, repairs: str) -> None:
    """The value is the one meant, and what was mended has its name."""
    found = parse_answer(text)

    assert (found.value, found.repairs) == (VALUE, tuple(repairs.split()))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': \"it's “so”\"}", "it's “so”"),
        ("{'a': 'say \"so\", then [go], // here'}", 'say "so", then [go], // here'),
        ("{'a': 'it\\'s', }", "it's"),
        ('{“a”: “"so", she said”}', '"so", she said'),
        ('{"a": "one\ntwo\tthree",}', "one\ntwo\tthree"),
        ('{"a": "\\u00e9\\n\\\\ \\/ é 😀",}', "é\n\\ / é 😀"),
        ('{"a": "```json\\n{}\\n``` {b} True, None, ",}', "```json\n{}\n``` {b} True, None, "),
        ('{"a": "</think> [1] // x /* y */ # z",}', "</think> [1] // x /* y */ # z"),
        ('Use:\n{"a": "a ```json {} ``` fence"}', "a ```json {} ``` fence"),
    ],
)
def test_a_text_keeps_its_characters(text: str, value: str) -> None:
    """Whatever is mended around it, nothing inside a string changes."""
    assert parse_answer(text).value == {"a": value}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1,}',
        "{'a': 1, \"a\": 2}",
        "{'a': NaN}",
        "{'a': -Infinity}",
        "{'a': inf}",
        "{'a': 1e999}",
        "{'a': undefined}",
        "{'a': value}",
        "{'a': }",
        "{'a'}",
        "{'a': 1 'b': 2}",
        "{'a': 1\n'b': 2}",
        "{'a' 1}",
        "{'a': 'it's'}",
        '{"a": "say "so""}',
        '{"a": "C:\\dir"}',
        "{'a': 'x' 'y'}",
        "{'a': 'x' + 'y'}",
        "{'a': [1 2]}",
        "{'a': [1, ...]}",
        "{'a': [1, # and so on\n]}",
        "{'a': [1, /* ... */]}",
        "{'a': [, 1]}",
        "{'a': [1,,]}",
        "{'a': [,]}",
        "{,}",
        "{'a': (1)}",
        "{'a': {1, 2}}",
        "{'a': 01}",
        "{'a': 0x1}",
        "{'a': 1_000}",
        "{'a': [1}]",
        "{'a': 1}}",
        "{True: 1}",
        "{1: 2}",
        "{'a': '\0'}",
        "{'a': '\\ud800'}",
        "{“a': 1}",
        '"a": {"b": 1}',
        '{"a": 1}, "b": 2}',
        '{"a": 1}\n"b": 2',
        '{"a": 1}2',
        '{"a": 1},',
        '{"a": 1} or {"a": 2}',
        '{"a": 1} + {"a": 1}',
        "{}\n{}",
        "/* 1 */ []\n/* 2 */ []",
        '{"a": 1} or [1, {}]',
        '{"a": 1}\n[ 1 ]',
        '{"a": 1} or {"a": 1.0}',
        '{"a": 1} or {x | x > 0}',
        '<think>{"a": 1}',
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    """Nothing is added, dropped or guessed to make a value of it."""
    with pytest.raises(AnswerProblem) as caught:
        parse_answer(text)

    assert caught.value.fault in (
        AnswerFault.NOT_STRICT,
        AnswerFault.TRUNCATED,
        AnswerFault.TWO_VALUES,
    )


def _python(value: Any) -> str:
    return repr(value)


def _smart(value: Any) -> str:
    opening = True
    parts = []
    for part in json.dumps(value, ensure_ascii=True).replace('\\"', "\x00").split('"'):
        parts.append(part.replace("\x00", '\\"'))
        parts.append("“" if opening else "”")
        opening = not opening
    return "".join(parts[:-1])


def _trailing(value: Any) -> str:
    text = json.dumps(value, indent=1)
    return text.replace("\n]", ",\n]").replace("\n}", ",\n}").replace("[,", "[").replace("{,", "{")


def _fenced(value: Any) -> str:
    return f"As you asked:\n\n```json\n{json.dumps(value, indent=2)}\n```\nAnything else?"


def _told(value: Any) -> str:
    return f"I found this: {json.dumps(value)} and no more."


WRITTEN: tuple[Callable[[Any], str], ...] = (_python, _smart, _trailing, _fenced, _told)
PIECES = (
    "a",
    "it's",
    '"',
    "\\",
    "\n",
    "é",
    "😀",
    "“",
    "”",
    "'",
    ",",
    "}",
    "]",
    "```",
    "//",
    "#",
    "1",
)


def _some(rng: random.Random, depth: int) -> Any:
    kind = rng.randrange(7 if depth else 5)
    if kind == 5:
        return {_text(rng): _some(rng, depth - 1) for _ in range(rng.randrange(4))}
    if kind > 5:
        return [_some(rng, depth - 1) for _ in range(rng.randrange(4))]
    return (_text(rng), rng.randrange(-9, 10**20), rng.random(), rng.random() < 0.5, None)[kind]


def _text(rng: random.Random) -> str:
    return "".join(rng.choice(PIECES) for _ in range(rng.randrange(8)))


@pytest.mark.parametrize("written", WRITTEN)
def test_a_value_comes_back_however_it_was_written(written: Callable[[Any], str]) -> None:
    """Seeded values, written as models write them: the same value, or a refusal; most come back."""
    rng = random.Random(20261123)
    back = 0
    for _ in range(300):
        value = {"k": _some(rng, 3), "l": _some(rng, 2)}
        try:
            found = parse_answer(written(value))
        except AnswerProblem:
            continue
        back += 1

        assert json.dumps(found.value) == json.dumps(value)
        assert found.repairs

    assert back > 150


@pytest.mark.parametrize("written", WRITTEN)
def test_no_cut_of_an_answer_is_taken_for_another(written: Callable[[Any], str]) -> None:
    """A text that was cut at either end gives the value itself or nothing."""
    value = {"k": {"a": [1, {"b": "it's"}], "c": {}}, "l": [[], "x"], "m": None}
    text = written(value)
    for at in range(1, len(text)):
        for part in (text[:at], text[at:]):
            try:
                found = parse_answer(part)
            except AnswerProblem:
                continue

            assert found.value == value


def test_what_is_recovered_is_checked_against_the_whole_schema() -> None:
    """A mended answer gets no easier judge."""
    schema = {"type": "object", "properties": {"a": {"maxLength": 1}}}

    assert read_answer("{'a': 'x'}", schema).repairs == ("single_quotes",)
    with pytest.raises(AnswerProblem, match="SCHEMA: /a: maxLength 1"):
        read_answer("{'a': 'xy'}", schema)


@pytest.mark.parametrize(
    "unit", ["{", "{}", "```a\n", "``` {} ```\n", "{}/**/", '" : ', "[a]", "'"]
)
def test_a_hostile_answer_takes_no_more_than_its_length(unit: str) -> None:
    """Twice the text is read in about twice the steps; a quadratic one would not end here."""
    for before in ("", '{"a": "', "x {"):
        with pytest.raises(AnswerProblem):
            parse_answer(before + unit * (20_000 // len(unit)) + "]")


def _rows(name: str) -> list[dict[str, Any]]:
    file = Path(os.environ["DATA"]) / "structured" / name
    return [json.loads(line) for line in file.read_text().strip().split("\n")]


def _read(text: str) -> tuple[Any, ...]:
    try:
        return (parse_answer(text).value,)
    except AnswerProblem:
        return ()


@DATA
def test_recorded_answers_are_recovered_and_cut_ones_refused() -> None:
    """Real answers, whole and damaged: the value meant; a cut one never passes."""
    rows = _rows("llm_outputs.jsonl")
    cut = [row for row in rows if row["kind"] == "derived_truncate"]
    whole = [row for row in rows if row["kind"] != "derived_truncate"]
    right = [row for row in whole if _read(row["text"]) == (row["json"],)]
    print(f"recovered {len(right)} of {len(whole)}, {len(cut)} cut")

    assert [_read(row["text"]) for row in cut] == [()] * len(cut)
    assert len(right) / len(whole) >= 0.97


@DATA
def test_broken_texts_are_recovered_as_meant_or_refused() -> None:
    """Whatever a repair tool would make of it: nothing else than the value meant is returned."""
    read = [(row, _read(row["input"])) for row in _rows("json_repair.jsonl")]
    wrong = [row["input"] for row, got in read if got and got != (row["expected"],)]
    print(f"{sum(bool(got) for _, got in read)} of {len(read)} recovered, the others refused")

    assert wrong == []
