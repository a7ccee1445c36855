"""A model is asked in the strongest form that its target has and that says the same."""

import pytest

from functions.core.domain.answers import AnswerFault
from functions.core.domain.ladder import (
    fills_absent_with_null,
    forms_of,
    rung,
    schema_for,
)
from functions.core.domain.models import Form
from functions.core.domain.schema_forms import SchemaNotExpressible
from functions.core.domain.targets import Target

SCHEMA = {
    "type": "object",
    "properties": {"z": {"type": "string"}, "a": {"enum": ["x"], "x-enum-descriptions": {}}},
    "required": ["z"],
    "additionalProperties": False,
}
MAP = {"type": "object", "additionalProperties": {"type": "string"}}
ALL = ("json_schema", "tool", "json_object")


def target(dialect: str = "openai_chat", *capabilities: str) -> Target:
    """Return a target that costs nothing."""
    prices = {"input_usd_per_million": "0", "output_usd_per_million": "0"}
    return Target.model_validate(
        {
            "dialect": dialect,
            "model": "m",
            "prices": {**prices, "as_of": "2026-11-22", "source": "made up"},
            "limits": {"context_tokens": 4096, "output_tokens": 64},
            "capabilities": capabilities,
        }
    )


@pytest.mark.parametrize(
    ("dialect", "capabilities", "forms"),
    [
        ("openai_chat", ALL, (*ALL, "prompt")),
        ("openai_chat", ("json_object", "tool"), ("tool", "json_object", "prompt")),
        ("openai_chat", (), ("prompt",)),
        ("bedrock_converse", ("tool",), ("tool", "prompt")),
    ],
)
def test_a_target_is_asked_in_what_it_declares(
    dialect: str, capabilities: tuple[str, ...], forms: tuple[str, ...]
) -> None:
    """The strongest first, and at last in words."""
    assert forms_of(target(dialect, *capabilities)) == forms


@pytest.mark.parametrize(
    ("faults", "form"),
    [
        ((), Form.JSON_SCHEMA),
        ((AnswerFault.SCHEMA, AnswerFault.TRUNCATED, AnswerFault.TOO_LARGE), Form.JSON_SCHEMA),
        ((AnswerFault.NO_JSON,), Form.TOOL),
        ((AnswerFault.NO_JSON, AnswerFault.NOT_STRICT), Form.JSON_OBJECT),
        ((AnswerFault.NO_JSON,) * 9, Form.PROMPT),
    ],
)
def test_a_form_that_was_not_kept_leads_one_rung_down(
    faults: tuple[AnswerFault, ...], form: Form
) -> None:
    """An answer in form that misses the schema does not: it is shown its error."""
    assert rung(target("openai_chat", *ALL), SCHEMA, faults) is form


def test_a_form_that_can_t_say_the_schema_is_passed_over() -> None:
    """Strict mode has no names that are not declared; a tool's parameters do."""
    assert rung(target("openai_chat", *ALL), MAP) is Form.TOOL
    assert rung(target("openai_chat", "json_schema"), MAP) is Form.PROMPT
    with pytest.raises(SchemaNotExpressible):
        schema_for(MAP, target(), Form.JSON_SCHEMA)


def test_a_schema_keeps_the_order_of_its_properties() -> None:
    """Models answer in that order: what is reasoned first stands first."""
    shown = schema_for(SCHEMA, target(), Form.JSON_SCHEMA)

    assert list(shown["properties"]) == ["z", "a"]
    assert "x-enum-descriptions" not in shown["properties"]["a"]


def test_the_embedded_model_is_given_the_schema_itself() -> None:
    """It reads our own keywords."""
    embedded = target("embedded", "json_schema")

    assert schema_for(SCHEMA, embedded, rung(embedded, SCHEMA)) == SCHEMA


def test_only_strict_mode_names_what_is_absent() -> None:
    """There a null may stand for a property that is not there."""
    told = {
        (dialect, form)
        for dialect in ("openai_chat", "bedrock_converse", "embedded")
        for form in Form
        if fills_absent_with_null(target(dialect), form)
    }

    assert told == {("openai_chat", Form.JSON_SCHEMA)}
    assert [form for form in Form if form.schema_in_prompt] == [Form.JSON_OBJECT, Form.PROMPT]
