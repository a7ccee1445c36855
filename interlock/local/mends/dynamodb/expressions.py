"""Update expressions, parsed once, copied and walked cheaply.

moto 5.2.5 parses an update's expression twice for each request, character by character, copies
its tree with `copy.deepcopy` before each of two validations, and asks of each node in each of ten
passes which abstract classes it belongs to. Two of them search the whole tree from each of its
nodes, nearly all of which are update expressions by their classes.
"""

from __future__ import annotations

import functools
from typing import Any

from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node, UpdateExpression
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


_RULES: dict[tuple[type, type], type | None] = {}


def _rule(walker: Any, processors: dict[type, Any], node: Any) -> type | None:
    """Return the first class among a pass's rules that *node* belongs to."""
    key = (type(walker), type(node))
    if key not in _RULES:
        _RULES[key] = next((one for one in processors if isinstance(node, one)), None)
    return _RULES[key]


def _visit(walker: Any, processors: dict[type, Any], node: Any, place: int) -> Any:
    parent = node.parent
    for index, child in enumerate(node.children or ()):
        walker.pre_processing_of_child(node, index)
        if hasattr(child, "children"):  # a node, and no value on a leaf
            _visit(walker, processors, child, index)
    found = _rule(walker, processors, node)
    if found is None:
        return node
    new = processors[found](node)
    new.parent = parent
    if parent:
        parent.children[place] = new
    return new


def mend_passes() -> None:
    """Ask once for each class of node which of a pass's rules takes it.

    A pass that is about whole expressions searches the tree from its root alone.
    """

    def walk(self: Any, node: Any) -> Any:
        processors = self._processing_map()
        if type(node) is UpdateExpression and list(processors) == [UpdateExpression]:
            return processors[UpdateExpression](node)
        return _visit(self, processors, node, -1)

    DepthFirstTraverser.traverse = walk
