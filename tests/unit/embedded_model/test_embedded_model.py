# ruff: noqa: E501 - a table reads best with a case a line
"""The model inside: it compares, extracts and quotes, and never makes anything up."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from functions.core.adapters.embedded_model import EmbeddedModel
from functions.core.domain.answers import AnswerProblem, read_answer
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest
from functions.core.domain.prompts import fence, render_prompt
from interlock.definitions.project import load_project
from tests.bench.embedded import TARGET, embedded_accuracy

ROOT = Path(__file__).parents[3]


def asked(
    properties: dict[str, Any],
    text: str,
    *,
    context: str = "",
    examples: tuple[tuple[str, dict[str, Any]], ...] = (),
    most: int = 1000,
) -> ModelAnswer:
    """Ask the model for an object of *properties* about *text*."""
    messages = [{"role": "system", "content": "Answer."}]
    for given, output in examples:
        messages.append({"role": "user", "content": fence(given, b"k")})
        messages.append({"role": "assistant", "content": json.dumps(output)})
    messages.append({"role": "user", "content": f"{context}\n{fence(text, b'k')}"})
    return EmbeddedModel().complete(
        ModelRequest(
            target_name="embedded",
            target=TARGET,
            messages=messages,
            schema={"type": "object", "properties": properties},
            schema_name="answer",
            max_output_tokens=most,
            timeout_seconds=1,
            attempt="a/1",
        )
    )


def value(*arguments: Any, **more: Any) -> dict[str, Any]:
    """Return the object that the model answers."""
    found: dict[str, Any] = json.loads(asked(*arguments, **more).text)
    return found


def test_it_says_what_it_is_and_costs_nothing_to_count() -> None:
    """Its name, its tokens and its end are those of an answer like any other."""
    answer = asked({"kind": {"enum": ["card_lost", "top_up"]}}, "I lost my card")

    assert answer.model == "embedded-lexical-1"
    assert answer.status is AnswerStatus.ANSWERED
    assert json.loads(answer.text) == {"kind": "card_lost"}
    assert answer.usage is not None
    assert answer.usage.input_tokens > answer.usage.output_tokens > 0
    assert answer.finish_reason == "stop"


def test_the_same_request_has_the_same_answer() -> None:
    """Nothing in it is random or remembered."""
    arguments = ({"kind": {"enum": ["a", "b"]}, "note": {"type": "string"}}, "b or not. Twice.")

    assert asked(*arguments) == asked(*arguments)


@pytest.mark.parametrize(
    ("schema", "text", "label"),
    [
        ({"enum": ["cardNotWorking", "refund_request"]}, "my card is not working", "cardNotWorking"),
        ({"enum": ["x", "y"], "x-enum-descriptions": {"x": "invoice, money", "y": "parcel"}}, "where is my parcel", "y"),
        ({"enum": ["first", "other"]}, "zzz", "other"),
        ({"enum": [1, 2]}, "number 2 please", 2),
        ({"const": "fixed"}, "anything", "fixed"),
        ({"$ref": "#/properties/shared"}, "two", "two"),
    ],
)  # fmt: skip
def test_it_ranks_the_values_of_an_enum(schema: dict[str, Any], text: str, label: Any) -> None:
    """By words of labels and descriptions; what shares nothing is undecided."""
    shared = {"enum": ["one", "two"]}

    assert value({"kind": schema, "shared": shared}, text)["kind"] == label


def test_examples_in_the_prompt_teach_it() -> None:
    """The label of what was said most alike wins over the label's own words."""
    examples = (("the screen stays dark", {"kind": "x"}), ("the fan is loud", {"kind": "y"}))

    assert value({"kind": {"enum": ["x", "y"]}}, "dark screen", examples=examples) == {"kind": "x"}


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"type": "string", "format": "email"}, "jane@example.com"),
        ({"type": "string", "format": "date"}, "2026-11-22"),
        ({"type": "string", "format": "date-time"}, "2026-11-22T08:00:00Z"),
        ({"type": "string", "format": "ipv4"}, "10.1.2.3"),
        ({"type": "string", "format": "uuid"}, "123e4567-e89b-12d3-a456-426614174000"),
        ({"type": "string", "pattern": "^T-[0-9]+$"}, "T-77"),
        ({"type": "integer", "minimum": 100}, 4711),
        ({"type": "number", "maximum": 20}, 12.5),
        ({"type": "array", "items": {"type": "string", "format": "email"}}, ["jane@example.com", "joe@example.org"]),
        ({"type": ["string", "null"], "pattern": "^absent$"}, None),
    ],
)  # fmt: skip
def test_it_extracts_what_a_schema_describes(schema: dict[str, Any], found: Any) -> None:
    """Formats, patterns and bounds say what to look for."""
    text = (
        "On 2026-11-22 (2026-11-22T08:00:00Z) jane@example.com paid 12.5 for order 4711, T-77, "
        "from 10.1.2.3 with 123e4567-e89b-12d3-a456-426614174000; copy to joe@example.org."
    )

    assert value({"field": schema}, text) == {"field": found}


def test_what_is_not_there_is_left_out() -> None:
    """A required field it can't find makes the answer miss the schema, as it should."""
    schema = {"type": "object", "properties": {"mail": {"format": "email", "type": "string"}}}

    answer = asked(schema["properties"], "no address here")

    with pytest.raises(AnswerProblem, match="required mail"):
        read_answer(answer.text, {**schema, "required": ["mail"]})


@pytest.mark.parametrize(
    ("context", "text", "draft"),
    [
        ("Category: billing", "parcel parcel", "About your bill."),
        ("", "where is the parcel", "About your parcel."),
        ("billing delivery", "parcel", "About your parcel."),
    ],
)
def test_a_draft_is_one_of_the_declared_texts(context: str, text: str, draft: str) -> None:
    """The one that the template names, else the one most like the text."""
    drafts = {"billing": "About your bill.", "delivery": "About your parcel."}

    assert value({"reply": {"type": "string", "x-drafts": drafts}}, text, context=context) == {
        "reply": draft
    }


def test_its_confidence_is_bounded_and_falls_with_doubt() -> None:
    """It never claims certainty, and says so when two labels are close."""
    properties = {
        "kind": {"enum": ["invoice", "parcel"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    }

    sure = value(properties, "invoice invoice")["confidence"]
    torn = value(properties, "invoice parcel")["confidence"]

    assert 0.05 <= torn < sure <= 0.95


def test_a_long_answer_is_cut_and_says_so() -> None:
    """The bound on output holds here as with any provider."""
    answer = asked({"note": {"type": "string", "maxLength": 500}}, "word " * 100, most=10)

    assert answer.status is AnswerStatus.CUT
    assert answer.usage is not None
    assert answer.usage.output_tokens == 10


def test_golden_tickets_are_sorted_as_declared() -> None:
    """The shipped task works offline on the shipped target."""
    project = load_project(ROOT)
    task = project.ai_tasks["classify_ticket"]
    wrong = []
    for row in project.golden["classify_ticket"]:
        prompt = render_prompt(task, row["variables"], fence_key=b"k", max_bytes=65_536)
        answer = EmbeddedModel().complete(
            ModelRequest(
                target_name="embedded_lexical_1",
                target=project.models.targets["embedded_lexical_1"],
                messages=prompt.messages,
                schema=prompt.schema,
                schema_name=prompt.schema_name,
                max_output_tokens=task.limits.max_output_tokens,
                timeout_seconds=1,
                attempt="a/1",
            )
        )
        found = read_answer(answer.text, task.output_schema).value
        wrong += [
            (key, found[key], row["output"][key])
            for key in ("category", "language")
            if found[key] != row["output"][key]
        ]

    assert wrong == []


@pytest.mark.skipif("DATA" not in os.environ, reason="DATA names a folder with tasks/")
def test_it_is_right_on_half_of_77_unseen_classes() -> None:
    """The promise of the README, on a seeded split with at most four examples a class."""
    assert embedded_accuracy(Path(os.environ["DATA"]), seed=0) >= 0.50
