"""Numbers, added and subtracted as DynamoDB does: exact, and written plainly.

moto 5.2.5 takes each number without a point for an integer, and writes a small result or an exact
zero with an exponent (`1E-7`, `0E-12`), which it then can't read any more.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from typing import Any

from moto.dynamodb.models.dynamo_type import DDBType, DynamoType

_EXACT = decimal.Context(prec=38, traps=[decimal.Inexact, decimal.InvalidOperation])
"""DynamoDB keeps 38 digits and refuses what needs more."""
_Sum = Callable[[decimal.Decimal, decimal.Decimal], decimal.Decimal]


def mend_arithmetic() -> None:
    """Read every form of a number, and write the one that DynamoDB gives back."""
    plain_add, plain_subtract = DynamoType.__add__, DynamoType.__sub__

    def mended(plain: Any, work: _Sum) -> Any:
        def operate(mine: DynamoType, other: DynamoType) -> Any:
            if mine.type != DDBType.NUMBER or other.type != DDBType.NUMBER:
                return plain(mine, other)
            result = work(decimal.Decimal(mine.value), decimal.Decimal(other.value))
            return DynamoType({DDBType.NUMBER: format(result.normalize(_EXACT), "f")})

        return operate

    DynamoType.__add__ = mended(plain_add, _EXACT.add)
    DynamoType.__sub__ = mended(plain_subtract, _EXACT.subtract)
