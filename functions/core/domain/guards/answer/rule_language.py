"""The part of JSONata that business rules are written in, and the check that one keeps to it.

A rule looks at data and compares. What could run on, or differ from one evaluation to the next,
is no part of it: functions of its own, regular expressions, ranges, `$eval`, clock and chance.
So its work is bounded by its length and its data, and evaluating it twice says the same.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from functions.core.domain.guards.answer import money
from functions.core.domain.schemas import Schema, resolve

BUILT_IN: Final = frozenset(
    (
        *("boolean", "exists", "not", "type"),
        *("abs", "ceil", "floor", "max", "min", "number", "round", "sum"),
        *("contains", "length", "lowercase", "substring", "trim", "uppercase"),
        *("substringAfter", "substringBefore"),
        *("append", "count", "lookup"),
    )
)
"""JSONata's own functions that a rule may call."""
FUNCTIONS: Final = BUILT_IN | frozenset(money.FUNCTIONS)
ROOTS: Final = ("answer", "input")
"""What a rule sees: the answer, restored, and the task's variables."""
_OPERATORS: Final = frozenset(("=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&"))
_WORDS: Final = frozenset(("and", "or", "in"))
_LEAVES: Final = frozenset(("string", "number", "value"))
_CONTEXTS: Final = frozenset(("", "$"))
"""`$` and `$$`: the item at hand, and all that the rule sees."""
_ALTERNATIVES: Final = ("allOf", "anyOf", "oneOf")

Places = tuple[tuple[Schema, Any], ...] | None
"""What a value may be: schemas, each with the one that its references lie in; None: anything."""


class NotARule(ValueError):
    """An expression that no policy may hold; the message says why."""


def check(tree: Any, answer: Schema | None, given: Schema | None) -> None:
    """Refuse the parsed rule *tree* unless it keeps to the language and to fields that exist.

    Parameters
    ----------
    tree
        As jsonata-python parses it.
    answer, given
        Schemas of what it sees: of a task's answers, of its variables; None: not known here.

    Raises
    ------
    NotARule
        With the construct, function or field.
    """
    seen: dict[str, Places] = {
        name: None if schema is None else ((schema, schema),)
        for name, schema in zip(ROOTS, (answer, given), strict=True)
    }
    _Check(seen).of(tree, seen)


class _Check:
    """One walk over a rule's tree; each visit returns what the value there may be."""

    def __init__(self, root: dict[str, Places]) -> None:
        self._root = root
        self._bound: dict[str, Any] = {}

    def of(self, node: Any, here: Any) -> Any:
        """Check *node*, which is evaluated where the item at hand is *here*."""
        for extra in ("group", "focus", "index", "ancestor", "tuple"):
            if getattr(node, extra, None):
                raise NotARule("groups, joins and parents are no part of a rule")
        visit = _VISITS.get(str(node.type))
        if visit is None:
            raise NotARule(f"{node.type} is no part of a rule")
        found = visit(self, node, here)
        self._filters((*(node.predicate or ()), *(node.stages or ())), found)
        return found

    def _filters(self, filters: Iterable[Any], found: Any) -> None:
        for one in filters:
            if one.type != "filter":
                raise NotARule(f"{one.type} is no part of a rule")
            self.of(one.expr, found)

    def path(self, node: Any, here: Any) -> Any:
        for step in node.steps:
            here = self.of(step, here)
        return here

    def name(self, node: Any, here: Any) -> Any:
        name = str(node.value)
        if isinstance(here, dict):
            if name not in here:
                raise NotARule(f"{name!r} is neither answer nor input, which is all a rule sees")
            return here[name]
        return _member(here, name)

    def variable(self, node: Any, here: Any) -> Any:
        name = str(node.value)
        if name in _CONTEXTS:
            return self._root if name else here
        if name in self._bound:
            return self._bound[name]
        if name in FUNCTIONS:
            raise NotARule(f"${name} is a function: call it")
        raise NotARule(f"${name} is not bound")

    def function(self, node: Any, here: Any) -> None:
        if node.procedure.type != "variable":
            raise NotARule("only functions that have a name are called")
        name = str(node.procedure.value)
        if name not in FUNCTIONS:
            raise NotARule(f"${name} is no function of rules")
        arguments = node.arguments or ()
        _, takes = money.FUNCTIONS.get(name, (None, len(arguments)))
        if len(arguments) != takes:
            raise NotARule(f"${name} takes {takes} argument{'s' if takes > 1 else ''}")
        for argument in arguments:
            self.of(argument, here)

    def binary(self, node: Any, here: Any) -> None:
        if node.value not in _OPERATORS | _WORDS:
            raise NotARule(f"{node.value} is no part of a rule")
        self.of(node.lhs, here)
        self.of(node.rhs, here)

    def unary(self, node: Any, here: Any) -> None:
        if node.value not in ("-", "["):
            raise NotARule(f"{node.value} is no part of a rule")
        for part in node.expressions or (node.expression,):
            if part is not None:
                self.of(part, here)

    def condition(self, node: Any, here: Any) -> None:
        for part in (node.condition, node.then, node._else):  # noqa: SLF001  (the parser's name)
            if part is not None:
                self.of(part, here)

    def block(self, node: Any, here: Any) -> Any:
        found = None
        for part in node.expressions:
            found = self.of(part, here)
        return found

    def bind(self, node: Any, here: Any) -> Any:
        name = str(node.lhs.value)
        if name in FUNCTIONS or name in _CONTEXTS:
            raise NotARule(f"${name} can't be bound")
        self._bound[name] = found = self.of(node.rhs, here)
        return found

    def leaf(self, _node: Any, _here: Any) -> None:
        """Nothing is below a literal."""


_VISITS: Final = {
    "path": _Check.path,
    "name": _Check.name,
    "variable": _Check.variable,
    "function": _Check.function,
    "binary": _Check.binary,
    "unary": _Check.unary,
    "condition": _Check.condition,
    "block": _Check.block,
    "bind": _Check.bind,
    **dict.fromkeys(_LEAVES, _Check.leaf),
}


def _member(places: Places, name: str) -> Places:
    """Return what field *name* of a value may be, or of each item of a list of them."""
    if places is None:
        return None
    found: list[tuple[Schema, Any]] = []
    for root, part in _flat(places):
        if not isinstance(part, dict) or not ({"properties", "type"} & set(part)):
            return None
        declared = part.get("properties", {})
        if name in declared:
            found.append((root, declared[name]))
        elif _is_open(part):
            return None
    if not found:
        raise NotARule(f"there is no field {name!r} there")
    return tuple(found)


def _is_open(part: Schema) -> bool:
    """Whether an object of *part* may have fields that it does not name."""
    if part.get("type", "object") != "object":
        return False
    named = part.get("additionalProperties", "properties" not in part)
    return bool(named) or "patternProperties" in part


def _flat(places: Iterable[tuple[Schema, Any]]) -> Iterator[tuple[Schema, Any]]:
    """Yield the schemas of single values: behind references, alternatives and lists."""
    pending, seen = list(places), set()
    while pending:
        root, part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if not isinstance(part, dict):
            yield root, part
            continue
        inner = [one for key in _ALTERNATIVES for one in part.get(key, ())]
        if "$ref" in part:
            inner.append(resolve(root, part["$ref"]))
        if "items" in part:
            inner.append(part["items"])
        pending += [(root, one) for one in inner]
        if not inner or "properties" in part:
            yield root, part
