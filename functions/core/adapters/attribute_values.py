"""Values as DynamoDB writes them, and back; under the store's adapter, no port of its own.

Numbers have up to 38 digits and are refused beyond that, never rounded ("Data types" in the
DynamoDB developer guide). Sets and bytes are none of ours. boto3 has the same in its resource
layer, whose import alone is a tenth of a cold start.
"""

from collections.abc import Mapping
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

_NUMBERS = Context(
    Emin=-128,
    Emax=126,
    prec=38,
    traps=[Clamped, Overflow, Inexact, Rounded, Underflow],
)


def write(value: Any) -> dict[str, Any]:
    """Return *value* as an attribute value.

    Raises
    ------
    TypeError
        For a type that no attribute of ours has, and for infinities and NaN.
    decimal.DecimalException
        For a number that the table could not keep exactly.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float() | Decimal():
            return {"N": _written(value)}
        case dict():
            return {"M": {name: write(inner) for name, inner in value.items()}}
        case list() | tuple():
            return {"L": [write(inner) for inner in value]}
    raise TypeError(f"no attribute holds a {type(value).__name__}")


def _written(number: float | Decimal) -> str:
    exact = _NUMBERS.create_decimal(repr(number) if isinstance(number, float) else number)
    if not exact.is_finite():
        raise TypeError("no attribute holds an infinity or NaN")
    return str(exact)


def read(value: Mapping[str, Any]) -> Any:
    """Return what :func:`write` wrote; whole numbers as integers, others as decimals.

    Raises
    ------
    TypeError
        For a kind of attribute that nobody here writes.
    """
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return _number(content)
        case "NULL":
            return None
        case "M":
            return {name: read(inner) for name, inner in content.items()}
        case "L":
            return [read(inner) for inner in content]
    raise TypeError(f"no attribute of ours has the type {kind}")


def _number(text: str) -> int | Decimal:
    number = _NUMBERS.create_decimal(text)
    return int(number) if number == number.to_integral_value() else number
