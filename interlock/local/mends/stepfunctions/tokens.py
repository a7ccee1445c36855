"""Task tokens: an index instead of a search, and AWS's error for one that nobody waits for.

moto 5.2.5 looks for a token in every running execution, fails on one whose thread has not begun,
and its errors reach the client without a code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import EmptyResult
from moto.stepfunctions import responses
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackNotifyConsumerError,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    CallbackPoolManager,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

_WAITING: dict[str, Any] = {}  # token -> its pool


def drop(pool: Any) -> None:
    """Forget the tokens of a closed execution."""
    for token in list(pool._pool):
        _WAITING.pop(token, None)


def _timed_out() -> JsonRESTError:
    return JsonRESTError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")


def _answer(token: str, act: Callable[[Any], bool]) -> None:
    pool = _WAITING.get(token)
    if pool is None:
        raise _timed_out()
    try:
        if not act(pool):
            raise _timed_out()
    except CallbackNotifyConsumerError as error:
        raise _timed_out() from error


def mend_index() -> None:
    """Find a token's task directly (see the module's docstring)."""
    add = CallbackPoolManager.add

    def added(self: Any, callback_id: str) -> Any:
        _WAITING[callback_id] = self
        return add(self, callback_id)

    def success(_self: Any, task_token: str, outcome: str) -> None:
        try:
            json.loads(outcome)
        except ValueError as error:
            raise JsonRESTError("InvalidOutput", "Invalid Output: 'not JSON'") from error
        result = CallbackOutcomeSuccess(callback_id=task_token, output=outcome)
        _answer(task_token, lambda pool: bool(pool.notify(task_token, result)))

    def failure(
        _self: Any, task_token: str, error: str | None = None, cause: str | None = None
    ) -> None:
        result = CallbackOutcomeFailure(callback_id=task_token, error=error, cause=cause)
        _answer(task_token, lambda pool: bool(pool.notify(task_token, result)))

    def heartbeat(_self: Any, task_token: str) -> None:
        _answer(task_token, lambda pool: pool.heartbeat(task_token) or True)

    CallbackPoolManager.add = added
    StepFunctionsParserBackend.send_task_success = success
    StepFunctionsParserBackend.send_task_failure = failure
    StepFunctionsParserBackend.send_task_heartbeat = heartbeat


def mend_one_answer() -> None:
    """Refuse a second answer to a token; moto 5.2.5 lets the last one win until the task wakes."""
    notify = CallbackEndpoint.notify

    def once(self: Any, outcome: Any) -> None:
        if self._notify_event.is_set():
            raise _timed_out()
        notify(self, outcome)

    CallbackEndpoint.notify = once


def mend_cause() -> None:
    """Hand on SendTaskFailure's cause; moto 5.2.5's handler drops it."""

    def send_task_failure(self: Any) -> EmptyResult:
        self.stepfunction_backend.send_task_failure(
            self._get_param("taskToken"),
            error=self._get_param("error"),
            cause=self._get_param("cause"),
        )
        return EmptyResult()

    responses.StepFunctionResponse.send_task_failure = send_task_failure


def apply() -> None:
    """Install this module's mends."""
    mend_index()
    mend_one_answer()
    mend_cause()
