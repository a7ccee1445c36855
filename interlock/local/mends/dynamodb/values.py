"""Values of attributes, of which a table holds more than of anything else."""

from __future__ import annotations

from moto.dynamodb.models.dynamo_type import DynamoType

from interlock.local.mends.patching import everywhere


def mend_values() -> None:
    """Keep a value in two slots; moto 5.2.5 gives each a dict of its own."""
    own = {n: m for n, m in vars(DynamoType).items() if n not in {"__dict__", "__weakref__"}}
    slim = type(DynamoType.__name__, (), {**own, "__slots__": ("type", "value")})
    everywhere(DynamoType.__name__, DynamoType, slim)
