"""Business rules: JSONata over an answer and what it was asked with; each has to be true.

`$money_le(answer.refund, input.order.total)`. The language is a part of JSONata
(`rule_language`), the evaluator is the one that the laptop cloud runs machines with. It is loaded
where a policy declares a rule, and bounded in steps and in the size of what a step may make.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from functions.core.domain.guards.answer import money
from functions.core.domain.guards.answer.rule_language import BUILT_IN, NotARule, check
from functions.core.domain.policies import RULE_CHARACTERS
from functions.core.domain.schemas import Schema

STEPS: Final = 20_000
"""Nodes of a rule that are evaluated, all together."""
TEXT: Final = 65_536
"""Characters of a text that a step makes."""
ITEMS: Final = 4_096
"""Items of a list that a step makes."""
BITS: Final = 64
"""Of a whole number."""
_STUMBLES: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What an untyped evaluator raises where data is not what it takes it for."""


@dataclass(frozen=True)
class Ruled:
    """What became of one rule.

    Attributes
    ----------
    failed
        Why it could not be evaluated; empty where it could.
    steps
        How many nodes were evaluated.
    """

    holds: bool
    failed: str = ""
    steps: int = 0


class _TooMuch(Exception):
    """A rule at one of its bounds."""


class _Bounds:
    """Counts the steps of one evaluation, and looks at what each makes."""

    def __init__(self) -> None:
        self.steps = 0

    def enter(self, _node: Any, _input: Any, _frame: Any) -> None:
        self.steps += 1
        if self.steps > STEPS:
            raise _TooMuch("steps")

    def leave(self, _node: Any, _input: Any, _frame: Any, made: Any) -> None:
        if isinstance(made, str) and len(made) > TEXT:
            raise _TooMuch("text")
        if isinstance(made, list) and len(made) > ITEMS:
            raise _TooMuch("items")
        if isinstance(made, int) and made.bit_length() > BITS:
            raise _TooMuch("number")


def ruled(expression: str, answer: Any, given: Mapping[str, Any]) -> Ruled:
    """Return what the rule *expression* says of *answer*, asked for with *given*.

    Nothing of the data is in what is said: a failure is the evaluator's code, or a bound's name.
    """
    bounds = _Bounds()
    jsonata = _evaluator()
    try:
        program = _program(expression)
        # nested calls look for the program of their thread, and must not find another's
        jsonata.Jsonata.CURRENT.jsonata = program
        bindings = {"__evaluate_entry": bounds.enter, "__evaluate_exit": bounds.leave}
        found = program.evaluate({"answer": answer, "input": dict(given)}, bindings)
    except (_TooMuch, NotARule) as stop:
        name = "too much: " if isinstance(stop, _TooMuch) else ""
        return Ruled(holds=False, failed=f"{name}{stop}", steps=bounds.steps)
    except money.NotMoney:
        return Ruled(holds=False, failed="no amount", steps=bounds.steps)
    except jsonata.JException as error:
        return Ruled(holds=False, failed=str(error.error), steps=bounds.steps)
    except _STUMBLES as error:
        return Ruled(holds=False, failed=type(error).__name__, steps=bounds.steps)
    return Ruled(holds=found is True, steps=bounds.steps)


def rule_problem(
    expression: str, answer: Schema | None = None, given: Schema | None = None
) -> str | None:
    """Return why *expression* is no rule over such answers and variables; None where it is one."""
    if len(expression) > RULE_CHARACTERS:
        return f"has over {RULE_CHARACTERS} characters"
    try:
        check(_parsed(expression).ast, answer, given)
    except NotARule as problem:
        return str(problem)
    return None


@dataclass(frozen=True)
class _Evaluator:
    """The classes of jsonata-python, which has neither stubs nor a `py.typed`."""

    Jsonata: Any
    JException: Any


@cache
def _evaluator() -> _Evaluator:
    depth = sys.getrecursionlimit()
    from jsonata.jexception import JException  # noqa: PLC0415  (only where a rule is declared)
    from jsonata.jsonata import Jsonata  # noqa: PLC0415

    sys.setrecursionlimit(depth)  # it raises it to 10,000 for all
    return _Evaluator(Jsonata, JException)


@lru_cache(256)
def _parsed(expression: str) -> Any:
    """Return *expression* parsed.

    Raises
    ------
    NotARule
        It does not parse, or holds a regular expression.
    """
    jsonata = _evaluator()
    try:
        return jsonata.Jsonata(expression, _no_regex)
    except jsonata.JException as problem:
        raise NotARule(f"is no JSONata: {problem}") from None
    except _STUMBLES as problem:
        if isinstance(problem, NotARule):
            raise
        # the parser's own stumbling over what is no JSONata
        raise NotARule(f"is no JSONata ({type(problem).__name__})") from None


def _no_regex(_pattern: str, _flags: Any) -> Any:
    raise NotARule("a regular expression is no part of a rule")


@lru_cache(256)
def _program(expression: str) -> Any:
    """Return *expression*, checked, with the functions of rules and no others in reach."""
    program = _parsed(expression)
    check(program.ast, None, None)
    jsonata = _evaluator().Jsonata
    frame = jsonata.Frame(None)
    for name in BUILT_IN:
        frame.bind(name, jsonata.static_frame.bindings[name])
    for name, (function, _) in money.FUNCTIONS.items():
        frame.bind(name, jsonata.JLambda(function))
    program.environment = frame
    return program
