"""JSONata expressions: parsed by the package that the laptop cloud evaluates them with.

What an expression mentions is read from its syntax tree. jsonata-python is untyped; no other
module of the linter touches the tree.
"""

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata

from functions.core.domain.canonical import escape_token

OPEN: Final = "{%"
CLOSE: Final = "%}"
_WHOLE: Final = re.compile(r"\{%(.*)%\}", re.DOTALL)
_PARTS: Final = (
    "procedure",
    "arguments",
    "body",
    "predicate",
    "stages",
    "expr",
    "group",
    "lhs",
    "rhs",
    "lhs_object",
    "rhs_object",
    "rhs_terms",
    "terms",
    "condition",
    "then",
    "_else",
    "expressions",
    "expression",
    "pattern",
    "update",
    "delete",
)
_STATES: Final = "states"
FUNCTIONS: Final = frozenset(Jsonata.static_frame.bindings) | frozenset(
    {"hash", "parse", "partition", "range", "uuid"}
)
"""JSONata 2.0.6, and what Step Functions adds (developer guide, "Transforming data")."""


@dataclass
class Facts:
    """What one expression says.

    Attributes
    ----------
    variables
        Names that it reads and does not bind itself, without `$`.
    states
        The second words of `$states.…`; empty text where `$states` stands alone.
    loose
        Names and `$` that look at data where none is given: at the top of the expression.
    root
        Whether it reads `$$`.
    operations
        (operator or function, operands) of each comparison, arithmetic operation and call.
    names
        Every word in its paths.
    """

    variables: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    loose: set[str] = field(default_factory=set)
    root: bool = False
    operations: list[tuple[str, tuple["Operand", ...]]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    whole: tuple[str, ...] = ()
    """The words of the path that the whole expression is: `("$states", "input", "run")`."""


@dataclass(frozen=True)
class Operand:
    """One side of an operation: the words of a path, and the texts in it where it is literal."""

    path: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


class BadExpression(ValueError):
    """It does not parse; the message says why, as far as the parser knows."""


def is_expression(value: Any) -> bool:
    """Whether *value* is text within `{% %}`."""
    return isinstance(value, str) and _WHOLE.fullmatch(value) is not None


def is_torn(text: str) -> bool:
    """Whether *text* opens or closes an expression and does not do both."""
    return text.startswith(OPEN) != text.endswith(CLOSE) or text in ("{%}", "{%", "%}")


def texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield (pointer below *value*, text) of every string in it."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, f"{place}/{escape_token(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, f"{place}/{index}")


@lru_cache(4096)
def facts(text: str) -> Facts:
    """Read the expression *text*, given with its `{% %}`.

    Raises
    ------
    BadExpression
        It does not parse.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of Python's, about a regex
            tree = Jsonata(text[len(OPEN) : -len(CLOSE)]).ast
    except re.error:
        return Facts()  # JavaScript's regular expressions know more than Python's
    except JException as problem:
        raise BadExpression(str(problem)) from None
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as problem:
        # the parser's own stumbling over what is no JSONata
        raise BadExpression(f"no JSONata ({type(problem).__name__})") from None
    found = Facts(whole=_words(tree))
    _walk(tree, found, frozenset(), inside=False)
    return found


def _words(node: Any) -> tuple[str, ...]:
    """Return the words of a plain path, nothing where the node is no plain path."""
    if node.group is not None:
        return ()
    steps = node.steps if node.type == "path" else [node]
    words = []
    for step in steps or ():
        if step.type not in ("name", "variable") or step.stages or step.predicate:
            return ()
        words.append(f"${step.value}" if step.type == "variable" else str(step.value))
    return tuple(words)


def _children(node: Any) -> Iterator[Any]:
    for part in _PARTS:
        yield from _symbols(getattr(node, part, None))


def _symbols(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _symbols(item)
    elif hasattr(value, "steps"):
        yield value


def _walk(node: Any, found: Facts, bound: frozenset[str], *, inside: bool) -> None:
    if read := _READERS.get(node.type):
        read(node, found, bound, inside)
        return
    _note_operation(node, found)
    for child in _children(node):
        _walk(child, found, bound, inside=inside or node.type == "transform")


def _inner(node: Any, found: Facts, bound: frozenset[str]) -> None:
    """Go into what stands behind a name: predicates, groups; they have data to look at."""
    for child in _children(node):
        _walk(child, found, bound, inside=True)


def _name(node: Any, found: Facts, bound: frozenset[str], inside: bool) -> None:
    if not inside:
        found.loose.add(str(node.value))
    _inner(node, found, bound)


def _lambda(node: Any, found: Facts, bound: frozenset[str], inside: bool) -> None:
    taken = {str(argument.value) for argument in node.arguments or ()}
    _walk(node.body, found, bound | taken, inside=inside)


def _bind(node: Any, found: Facts, bound: frozenset[str], inside: bool) -> None:
    _walk(node.rhs, found, bound | {str(node.lhs.value)}, inside=inside)


def _path(node: Any, found: Facts, bound: frozenset[str], inside: bool) -> None:
    bound |= {str(step.focus or step.index) for step in node.steps if step.focus or step.index}
    first, *rest = node.steps
    if first.type == "variable" and first.value == _STATES and _STATES not in bound:
        second = rest[0] if rest and rest[0].type == "name" else None
        found.states.add(str(second.value) if second is not None else "")
    for index, step in enumerate(node.steps):
        if step.type == "name":
            found.names.add(str(step.value))
        _walk(step, found, bound, inside=inside or index > 0)
    if node.group is not None:
        _walk(node.group, found, bound, inside=True)
    for child in _symbols(node.predicate):
        _walk(child, found, bound, inside=True)


def _block(node: Any, found: Facts, bound: frozenset[str], inside: bool) -> None:
    for part in node.expressions or ():
        if part.type == "bind":
            bound |= {str(part.lhs.value)}
        _walk(part, found, bound, inside=inside)


def _variable(node: Any, found: Facts, bound: frozenset[str], inside: bool) -> None:
    name = str(node.value)
    if name == "":
        if not inside:
            found.loose.add("$")
    elif name == "$":
        found.root = True
    elif name not in bound:
        found.variables.add(name)
    _inner(node, found, bound)


_READERS: Final[dict[str, Callable[[Any, Facts, frozenset[str], bool], None]]] = {
    "bind": _bind,
    "block": _block,
    "lambda": _lambda,
    "name": _name,
    "path": _path,
    "variable": _variable,
}
"""How the kinds of node are read that name or bind something."""


def _note_operation(node: Any, found: Facts) -> None:
    if node.type == "binary":
        found.operations.append((str(node.value), (_operand(node.lhs), _operand(node.rhs))))
    elif node.type in ("function", "partial"):
        operands = tuple(_operand(argument) for argument in node.arguments or ())
        found.operations.append((f"${node.procedure.value}", operands))
    elif node.type == "apply":
        found.operations.append(("~>", (_operand(node.lhs),)))
    elif node.type == "unary" and node.value == "-" and node.expression is not None:
        found.operations.append(("-", (_operand(node.expression),)))


def _operand(node: Any) -> Operand:
    if node.type == "string":
        return Operand(texts=(str(node.value),))
    if node.type == "unary" and node.value == "[":
        texts = [str(item.value) for item in node.expressions or () if item.type == "string"]
        return Operand(texts=tuple(texts))
    if node.type == "path":
        words = [str(step.value) for step in node.steps if step.type in ("name", "variable")]
        return Operand(path=tuple(words))
    return Operand(path=(str(node.value),)) if node.type in ("name", "variable") else Operand()
