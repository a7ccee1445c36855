"""A model's text becomes one value or a named fault; cut or doubtful ones are refused."""

import pytest

from functions.core.domain.answers import (
    AnswerFault,
    AnswerProblem,
    parse_answer,
    read_answer,
)

VALUE = {"category": "billing", "n": 12345678901234567890}
JSON = '{"category": "billing", "n": 12345678901234567890}'
OTHER = '{"category": "spam"}'


@pytest.mark.parametrize("text", [JSON, f"\n  {JSON}\n", f"\ufeff{JSON}"])
def test_a_strict_answer_is_read_as_it_is(text: str) -> None:
    """Nothing is mended; integers stay exact."""
    found = parse_answer(text)

    assert (found.value, found.repairs) == (VALUE, ())


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{JSON}\n```",
        f"```\n{JSON}\n```",
        f"~~~JSON\n{JSON}\n~~~",
        f"Sure, here it is:\n\n```json\n{JSON}\n```\nTell me if you need more.",
        f"Here:\r\n```json\r\n{JSON}\r\n```\r\n",
        f"First some code:\n```python\nprint(1)\n```\nand\n```json\n{JSON}\n```",
        f"Here: ```json\n{JSON}```",
        f"``` {JSON} ```",
        f"```python\n{JSON}\n```",
        f"```\nThought: done\nFinal Answer: {JSON}\n```",
    ],
)
def test_one_value_is_found_in_a_fence(text: str) -> None:
    """In one fenced block, with prose around it or not; and it is said that it was."""
    found = parse_answer(text)

    assert found.value == VALUE
    assert "fence" in found.repairs


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", AnswerFault.EMPTY),
        (" \n ", AnswerFault.EMPTY),
        ("```json\n\n```", AnswerFault.EMPTY),
        ("I can't help with that.", AnswerFault.NO_JSON),
        ("```python\nprint(1)\n```", AnswerFault.NO_JSON),
        ("```json\nnothing\n```", AnswerFault.NO_JSON),
        ("<!DOCTYPE html><html></html>", AnswerFault.MARKUP),
        ("  <html><body>502</body></html>", AnswerFault.MARKUP),
        ('{"category": "bil', AnswerFault.TRUNCATED),
        ('{"category": "billing"', AnswerFault.TRUNCATED),
        ('{"category": ', AnswerFault.TRUNCATED),
        ('[{"a": 1}, {"a"', AnswerFault.TRUNCATED),
        ('"half', AnswerFault.TRUNCATED),
        (f"```json\n{JSON}", AnswerFault.TRUNCATED),
        (f"```json\n{JSON}\n```\n```json\n{{", AnswerFault.TRUNCATED),
        (f"{JSON}, {JSON}", AnswerFault.TWO_VALUES),
        (f"{JSON}\n{OTHER}", AnswerFault.TWO_VALUES),
        (f"```json\n{JSON}\n```\n```json\n{OTHER}\n```", AnswerFault.TWO_VALUES),
        (f"or\n{OTHER}\nno:\n```json\n{JSON}\n```", AnswerFault.TWO_VALUES),
        ('{"a": 1, "a": 2}', AnswerFault.NOT_STRICT),
        ('{"a": NaN}', AnswerFault.NOT_STRICT),
        ('{"a": "\\u0000"}', AnswerFault.NOT_STRICT),
        ("[" * 100 + "]" * 100, AnswerFault.NOT_STRICT),
        ('"' + "x" * 300_000 + '"', AnswerFault.TOO_LARGE),
    ],
)
def test_everything_else_is_named(text: str, fault: AnswerFault) -> None:
    """Each way to be wrong has its name, which the next prompt and the record can use."""
    with pytest.raises(AnswerProblem) as caught:
        parse_answer(text)

    assert caught.value.fault is fault


@pytest.mark.parametrize("length", range(1, len(JSON)))
def test_no_prefix_of_an_answer_is_taken_for_one(length: int) -> None:
    """However it was cut, a cut answer never passes as complete."""
    with pytest.raises(AnswerProblem):
        parse_answer(JSON[:length])


def test_the_whole_schema_is_checked() -> None:
    """Violations say where and which rule, and repeat nothing of the answer."""
    schema = {
        "type": "object",
        "properties": {"category": {"enum": ["spam"]}, "mail": {"format": "email"}},
        "additionalProperties": False,
    }

    with pytest.raises(AnswerProblem) as caught:
        read_answer('{"category": "planted", "mail": "planted", "planted": 1}', schema)

    assert caught.value.fault is AnswerFault.SCHEMA
    assert str(caught.value) == (
        "SCHEMA: (root): additionalProperties; /category: enum; /mail: format email"
    )
