"""JSONata for the interpreter: parsed once, variables bound as values, Step Functions' functions.

moto 5.2.5 parses JSONata in definitions and ships no evaluator; it writes every variable into the
text of the expression, without escaping, and parses that up to three times.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable
from typing import Any

from jsonata import timebox
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from interlock.local.clock import current

_SAFE_INTEGER = 2**53


class QueryFailed(Exception):
    """An expression failed or gave nothing; Step Functions calls it States.QueryEvaluationError."""


def _hash(value: str, algorithm: str = "SHA-256") -> str:
    names = {
        "MD5": "md5",
        "SHA-1": "sha1",
        "SHA-256": "sha256",
        "SHA-384": "sha384",
        "SHA-512": "sha512",
    }
    if algorithm not in names:
        raise QueryFailed(f"$hash does not know the algorithm {algorithm!r}")
    return hashlib.new(names[algorithm], str(value).encode(), usedforsecurity=False).hexdigest()


def _parse(text: str) -> Any:
    try:
        found = json.loads(text)
    except (TypeError, ValueError) as error:
        raise QueryFailed("$parse was given a string that is not JSON") from error
    return Utils.NULL_VALUE if found is None else found


def _partition(array: list[Any], size: int) -> Any:
    if size < 1:
        raise QueryFailed("$partition needs a chunk size of at least 1")
    step = int(size)
    return [list(array[i : i + step]) for i in range(0, len(array), step)]


def _range(first: float, last: float, step: float) -> list[float]:
    if not step:
        raise QueryFailed("$range needs a step other than 0")
    return [first + i * step for i in range(int((last - first) / step) + 1)]


def _random(seed: float | None = None) -> float:
    return random.random() if seed is None else random.Random(seed).random()  # noqa: S311


def _eval(*_arguments: object) -> Any:
    raise QueryFailed("$eval is not available in Step Functions")


# "Transforming data with JSONata", Step Functions developer guide.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "eval": _eval,
    "hash": _hash,
    "parse": _parse,
    "partition": _partition,
    "random": _random,
    "range": _range,
    "uuid": lambda: str(uuid.uuid4()),
}
_BINDINGS = {name: Jsonata.JLambda(function) for name, function in _FUNCTIONS.items()}

compiled = functools.lru_cache(4096)(Jsonata)

_LITERALS = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`", re.DOTALL)


def check(expression: str) -> None:
    """Refuse an expression that AWS refuses when a machine is created.

    Raises
    ------
    ValueError
        The expression does not parse, or it uses ``$eval``.
    """
    try:
        compiled(expression)
    except JException as error:
        raise ValueError(f"JSONata {expression!r}: {error}") from error
    if re.search(r"\$eval\b", _LITERALS.sub("", expression)):
        raise ValueError(f"JSONata {expression!r}: $eval is not available in Step Functions")


def _bound(value: Any) -> Any:
    return Utils.NULL_VALUE if value is None else value


def _plain(value: Any) -> Any:
    """Copy a result out of the evaluator; 2.0 becomes 2, as JSON in JavaScript has it."""
    if value is Utils.NULL_VALUE or value is None:
        return None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _SAFE_INTEGER:
        return int(value)
    if isinstance(value, str | bool | int | float):
        return value
    raise QueryFailed("returned an unsupported result type")


def evaluate(expression: str, variables: dict[str, Any]) -> Any:
    """Evaluate an expression with variables bound as values.

    Parameters
    ----------
    expression
        JSONata without its ``{% %}``.
    variables
        By name, without the dollar sign.

    Raises
    ------
    QueryFailed
        The expression failed, gave nothing, or gave a function.
    """
    bindings = {**_BINDINGS, **{name: _bound(value) for name, value in variables.items()}}
    try:
        # A copy, known to this thread: a shared one answers $now() with another one's time.
        program = copy.copy(compiled(expression))
        Jsonata.CURRENT.jsonata = program
        program.set_output_convert_nulls(False)  # keeps null and "nothing" apart
        found = program.evaluate(None, bindings)
    except QueryFailed as error:
        raise QueryFailed(f"threw an error during evaluation. {error}") from error
    except JException as error:
        raise QueryFailed(f"threw an error during evaluation. {error}") from error
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise QueryFailed(f"threw an error during evaluation. {type(error).__name__}") from error
    if found is None:
        raise QueryFailed("returned nothing (undefined).")
    if isinstance(found, Parser.Symbol) or Utils.is_function(found):
        raise QueryFailed("returned an unsupported result type.")
    return _plain(found)


def _failure(env: Any, expression: str, error: QueryFailed) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    where = env.next_field_name
    cause = f"The JSONata expression '{expression}' specified for the field '{where}' {error}"
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(
                evaluationFailedEventDetails=EvaluationFailedEventDetails(
                    error=name.error_name, cause=cause
                )
            ),
        )
    )


def _variables(env: Any, *, with_states: bool) -> dict[str, Any]:
    store = env.variable_store
    found = {**store._outer_scope, **store._inner_scope}
    if with_states:
        states = env.states._states_data
        # $states.result and .errorOutput exist only where they have a value
        found["states"] = {
            key: value
            for key, value in states.items()
            if value is not None or key in {"input", "context"}
        }
    return found


def mend_evaluator() -> None:
    """Evaluate JSONata with jsonata-python.

    moto 5.2.5's `_eval_jsonata` is None: every expression fails.
    """

    def whole(self: Any, env: Any) -> None:
        try:
            env.stack.append(evaluate(self.expression, _variables(env, with_states=True)))
        except QueryFailed as error:
            raise _failure(env, self.expression, error) from error

    def sample(self: Any, env: Any) -> None:
        in_jsonata = self.query_language_mode == QueryLanguageMode.JSONata
        try:
            found = evaluate(self.expression, _variables(env, with_states=in_jsonata))
        except QueryFailed as error:
            raise _failure(env, self.expression, error) from error
        env.stack.append(found)

    string_expression.StringJSONata._eval_body = whole
    string_expression.StringVariableSample._eval_body = sample


def mend_clock() -> None:
    """Let ``$now()`` and ``$millis()`` read the laptop cloud's clock, not the machine's."""
    timebox.Timebox.current_milli_time = staticmethod(lambda: int(current().now() * 1000))


def apply() -> None:
    """Install this module's mends."""
    mend_evaluator()
    mend_clock()
