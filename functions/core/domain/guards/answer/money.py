"""Money in business rules: decimals, exact, and nothing that only looks like one."""

import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, localcontext
from typing import Any, Final

_MONEY: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?")
_FLOAT_DIGITS: Final = 15
"""What every decimal of so many digits survives in a double (IEEE 754, DBL_DIG)."""
_EXACT: Final = Context(prec=64)


class NotMoney(ValueError):
    """A value that is no amount; the message does not say which."""


def amount(value: Any) -> Decimal:
    """Return *value* as the decimal that it says.

    Text is taken as it stands, a number as JSON wrote it; what a double can't hold to the digit
    is refused.

    Raises
    ------
    NotMoney
        It is no text of digits with at most nine after the point, and no such number.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotMoney("no amount")
    text = value if isinstance(value, str) else repr(value)
    if not _MONEY.fullmatch(text):
        raise NotMoney("no amount")
    found = Decimal(text)
    if isinstance(value, float) and len(found.as_tuple().digits) > _FLOAT_DIGITS:
        raise NotMoney("more digits than a number holds")
    return found


def _compared(holds: Callable[[Decimal, Decimal], bool]) -> Callable[[Any, Any], bool]:
    return lambda one, other: holds(amount(one), amount(other))


def _counted(work: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Any, Any], str]:
    def counted(one: Any, other: Any) -> str:
        with localcontext(_EXACT):
            return f"{work(amount(one), amount(other)):f}"

    return counted


def _sum(amounts: Any) -> str:
    """Return what *amounts* come to; one that stands alone is a list of one, to JSONata."""
    each = amounts if isinstance(amounts, list) else [amounts]
    with localcontext(_EXACT):
        return f"{sum(map(amount, each), Decimal(0)):f}"


FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Any], int]]] = {
    "money_eq": (_compared(lambda one, other: one == other), 2),
    "money_lt": (_compared(lambda one, other: one < other), 2),
    "money_le": (_compared(lambda one, other: one <= other), 2),
    "money_gt": (_compared(lambda one, other: one > other), 2),
    "money_ge": (_compared(lambda one, other: one >= other), 2),
    "money_add": (_counted(lambda one, other: one + other), 2),
    "money_sub": (_counted(lambda one, other: one - other), 2),
    "money_sum": (_sum, 1),
}
"""Name in JSONata, without its `$` -> the function, and how many arguments it takes."""
