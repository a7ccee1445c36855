"""Which of two settings is the stricter one: each rule of a policy says how that is told.

A field of a policy carries one of these orders as annotation (`Annotated[int, LOWER]`). What
inherits, compares and prints policies goes by the orders alone, so a new rule kind needs no line
there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel


@dataclass(frozen=True)
class Order:
    """How values of one setting compare.

    Attributes
    ----------
    phrase
        What a child may do, as the end of a sentence.
    holds
        Whether *child* is at least as strict as *parent*.
    joined
        What holds for a child, from its parent's value and its own.
    """

    phrase: str
    holds: Callable[[Any, Any], bool]
    joined: Callable[[Any, Any], Any] = lambda _parent, child: child


def ranked(*values: str) -> Order:
    """Return the order of words, the strictest last."""
    place = {value: index for index, value in enumerate(values)}
    return Order(
        f"goes one way: {' -> '.join(values)}",
        lambda child, parent: place[child] >= place[parent],
    )


LOWER: Final = Order("may only get lower", lambda child, parent: bool(child <= parent))
HIGHER: Final = Order("may only get higher", lambda child, parent: bool(child >= parent))
ONCE_ON: Final = Order("stays on", lambda child, parent: bool(child or not parent))
MORE: Final = Order(
    "only grows",
    lambda _child, _parent: True,  # a child names what it adds
    lambda parent, child: (*parent, *(value for value in child if value not in parent)),
)
"""A list of what is looked for: the child's entries come on top."""
NAMED: Final = Order(
    "only grows, under new names",
    lambda child, parent: all(parent.get(name, one) == one for name, one in child.items()),
    lambda parent, child: {**parent, **child},
)
"""A table of what has to hold: the child's entries come on top, and replace none."""
FEWER: Final = Order(
    "only shrinks",
    lambda child, parent: parent is None or (child is not None and set(child) <= set(parent)),
)
"""A list of what is allowed; None is everything."""
FIXED: Final = Order(
    "can't be changed below", lambda child, parent: bool(parent in (None, "", child))
)
"""Whoever sets it first, sets it."""
OWN: Final = Order("is not inherited", lambda _child, _parent: True)
"""What a document says of itself."""


def rules(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Order]]:
    """Yield (dotted key, order) of every setting of *model*.

    Raises
    ------
    TypeError
        A field has neither an order nor fields of its own: nobody could tell what is stricter.
    """
    for name, field in model.model_fields.items():
        orders = [one for one in field.metadata if isinstance(one, Order)]
        if orders:
            yield prefix + name, orders[0]
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from rules(field.annotation, f"{prefix}{name}.")
        else:
            raise TypeError(f"{model.__name__}.{name} has no order")


def at(table: Mapping[str, Any], key: str, default: Any = None) -> Any:
    """Return what the dotted *key* names in nested tables."""
    value: Any = table
    for name in key.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return default
        value = value[name]
    return value


def put(table: dict[str, Any], key: str, value: Any) -> None:
    """Set what the dotted *key* names, making the tables on the way."""
    *path, last = key.split(".")
    for name in path:
        table = table.setdefault(name, {})
    table[last] = value
