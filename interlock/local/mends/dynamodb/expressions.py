"""Update expressions, parsed once and copied cheaply.

moto 5.2.5 parses an update's expression twice for each request, character by character, and copies
its tree with `copy.deepcopy` before each of two validations.
"""

from __future__ import annotations

import functools
from typing import Any

from moto.dynamodb.parsing.ast_nodes import Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser


def mend_parsing() -> None:
    """Parse each text once; validators work on copies of the tree, nobody changes it itself."""
    original = UpdateExpressionParser.make.__func__

    @functools.lru_cache(1024)
    def make(cls: Any, text: str) -> Any:
        return original(cls, text)

    UpdateExpressionParser.make = functools.partial(make, UpdateExpressionParser)


def mend_copies() -> None:
    """Copy a tree by copying its nodes; what hangs on the leaves is text and numbers."""

    def copied(node: Any, parent: Any = None) -> Any:
        new = object.__new__(type(node))
        new.__dict__.update(node.__dict__, parent=parent)
        if node.children is not None:
            new.children = [
                copied(child, new) if isinstance(child, Node) else child for child in node.children
            ]
        return new

    Node.__deepcopy__ = lambda self, _memo: copied(self)
