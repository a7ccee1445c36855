"""Documents read back from the catalog: strictly, and in silence about their content."""

from typing import Any

import pytest
from pydantic import ValidationError

from functions.core.domain.budgets import Budgets
from functions.core.domain.definitions import parse_document
from functions.core.domain.operations import Operation
from functions.core.domain.targets import Prices

BUDGETS: dict[str, Any] = {
    "budgets": [{"scope": "organisation", "period": "month", "limit_usd": "1", "shards": 2}]
}


def test_a_refusal_never_repeats_what_the_document_says() -> None:
    """Examples and drafts may hold personal data, and errors end in logs."""
    document = {"budgets": [{**BUDGETS["budgets"][0], "limit_usd": "planted mark"}]}

    with pytest.raises(ValidationError) as caught:
        parse_document("budgets", document)

    assert "limit_usd" in str(caught.value)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [{"shards": "2"}, {"shards": 2.0}, {"shards": True}, {"limit_usd": 1}, {"limit": "1"}],
)
def test_nothing_is_converted(change: dict[str, Any]) -> None:
    """No text becomes a number and no number a text: the hash is over what was written."""
    with pytest.raises(ValidationError):
        parse_document("budgets", {"budgets": [BUDGETS["budgets"][0] | change]})


def test_a_document_does_not_change() -> None:
    """A version is a version."""
    budgets = parse_document("budgets", BUDGETS)

    assert isinstance(budgets, Budgets)
    with pytest.raises(ValidationError, match="frozen"):
        budgets.budgets = ()


@pytest.mark.parametrize(
    ("asked", "answered", "free"),
    [("0", "0", True), ("0.00", "0", True), ("0", "0.01", False), ("1.5", "0", False)],
)
def test_a_target_is_free_when_both_prices_are_nothing(
    asked: str, answered: str, free: bool
) -> None:
    """Zero is compared as a number, not as a text."""
    prices = Prices.model_validate(
        {
            "input_usd_per_million": asked,
            "output_usd_per_million": answered,
            "as_of": "2026-11-22",
            "source": "test",
        }
    )

    assert prices.free is free


def test_an_operation_names_the_fields_of_its_path() -> None:
    """In order, so that an address can be built from them."""
    operation = Operation.model_validate(
        {
            "purpose": "p",
            "method": "GET",
            "path": "/shops/{shop}/orders/{order}",
            "effect": "read",
            "request_schema": {
                "type": "object",
                "properties": {"shop": {"type": "string"}, "order": {"type": "integer"}},
                "required": ["shop", "order"],
                "additionalProperties": False,
            },
            "response_schema": {"type": "object"},
            "take": {"shop": "/shop", "order": "/order/id"},
        }
    )

    assert operation.path_fields == ("shop", "order")
