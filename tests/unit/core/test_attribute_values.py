"""Values of the table: what boto3's own layer writes and reads, without its import."""

from decimal import Decimal, DecimalException
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from functions.core.adapters.attribute_values import read, write

VALUES = [
    None,
    True,
    0,
    -17,
    10**37,
    99999999999999999999999999999999999999,
    Decimal("0.10"),
    Decimal("1E+3"),
    Decimal("-1E-100"),
    "",
    "text ü 😀",
    [],
    {},
    {"a": [1, {"b": None}], "c": (True, Decimal("2.5"))},
]


@pytest.mark.parametrize("value", VALUES)
def test_it_writes_what_boto3_writes(value: Any) -> None:
    """The wire form is DynamoDB's, not ours."""
    listed = [value[0], *value[1:]] if isinstance(value, tuple) else value

    assert write(value) == TypeSerializer().serialize(listed)


@pytest.mark.parametrize("value", VALUES)
def test_it_reads_what_boto3_reads(value: Any) -> None:
    """And equal numbers are equal, whatever their type."""
    written = TypeSerializer().serialize(value)

    assert read(written) == TypeDeserializer().deserialize(written)


def test_whole_numbers_come_back_as_integers() -> None:
    """At any depth, and only those."""
    found = read(write({"a": [Decimal("3.0"), Decimal("0.5")], "b": 1.5, "c": True}))

    assert found == {"a": [3, Decimal("0.5")], "b": Decimal("1.5"), "c": True}
    assert type(found["a"][0]) is int
    assert found["c"] is True


@pytest.mark.parametrize("number", [10**38 + 1, Decimal("1E+126") * 10, Decimal("1E-300")])
def test_a_number_that_would_be_rounded_is_refused(number: Any) -> None:
    """Money is never rounded on its way to the table."""
    with pytest.raises(DecimalException):
        write(number)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("Infinity"), {1}, b"x", object()]
)
def test_what_no_attribute_holds_is_refused(value: Any) -> None:
    """With its type and not its value."""
    with pytest.raises(TypeError, match=r"^no attribute holds"):
        write(value)


@pytest.mark.parametrize("value", [{"B": b"x"}, {"SS": ["a"]}])
def test_what_nobody_here_writes_is_not_read(value: Any) -> None:
    """A store that others write to would be another store."""
    with pytest.raises(TypeError, match="no attribute of ours"):
        read(value)
