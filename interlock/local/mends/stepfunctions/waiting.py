"""Waits, retries and time-outs of the interpreter, on the laptop cloud's clock and interruptible.

moto 5.2.5 really sleeps, and nothing but the end of a wait ends it: a stopped execution goes on
until its task answers.
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import threading
from collections.abc import Iterator
from typing import Any

from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser import utils as parser_utils
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import (
    MaxAttemptsOutcome,
)
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state import state as state_module
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callback_module,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackOutcomeTimedOut,
    HeartbeatTimedOut,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event import event_manager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramRunning
from moto.stepfunctions.parser.backend import execution as execution_module

from interlock.local.clock import current
from interlock.local.mends.patching import ClockedDatetime, everywhere, on_the_clock, stamp


def _wakes(env: Any) -> set[threading.Event]:
    found: set[threading.Event] = env.__dict__.setdefault("interlock_wakes", set())
    return found


@contextlib.contextmanager
def interruptible(env: Any, *events: threading.Event) -> Iterator[None]:
    """Set these events as soon as the environment stops running, until the block is left."""
    with env._state_mutex:
        _wakes(env).update(events)
        if not env.is_running():
            for event in events:
                event.set()
    try:
        yield
    finally:
        with env._state_mutex:
            _wakes(env).difference_update(events)


def _wake(env: Any) -> None:
    for event in list(_wakes(env)):
        event.set()


def mend_endings() -> None:
    """Keep the first ending of an execution, and wake what waits in it.

    moto 5.2.5 lets the error of an interrupted task replace "stopped" or "timed out", and its
    event is set and cleared at once, so that a wait can miss it.
    """
    originals = {
        name: getattr(Environment, name)
        for name in ("set_error", "set_timed_out", "set_stop", "set_ended")
    }

    def ending(name: str) -> Any:
        def end(self: Any, *args: Any, **kwargs: Any) -> None:
            with self._state_mutex:
                if not isinstance(self._program_state, ProgramRunning | None):
                    return
                originals[name](self, *args, **kwargs)
                _wake(self)

        return end

    for name in originals:
        setattr(Environment, name, ending(name))


def mend_program() -> None:
    """End a machine at its TimeoutSeconds, by the clock, with ExecutionTimedOut in its history.

    moto 5.2.5 (`Program.eval`) joins a further thread for the machine's own seconds and closes the
    execution while that thread still runs: its last event is lost.
    """

    def evaluate(self: Any, env: Any) -> None:
        env.next_state_name = self.start_at.start_at_name
        if self.timeout_seconds is None:
            EvalComponent.eval(self, env)
            return
        deadline = current().now() + self.timeout_seconds.timeout_seconds
        handle = current().call_at(deadline, env.set_timed_out)
        try:
            EvalComponent.eval(self, env)
        finally:
            handle.cancel()

    Program.eval = evaluate


def _run_task(state: Any, env: Any, frame: Any, seconds: float) -> list[Any]:
    """Evaluate the task on a thread of its own; its output in a list, none if interrupted."""
    outputs: list[Any] = []
    failures: list[Exception] = []
    finished, done = threading.Event(), threading.Event()

    def work() -> None:
        try:
            state._eval_execution(frame)
            outputs.append(frame.stack[-1])
        except Exception as error:  # noqa: BLE001 - carried to the state's own thread
            failures.append(error)
        finished.set()
        done.set()

    threading.Thread(target=work, daemon=True, name="task").start()
    with interruptible(env, done):
        current().wait(done, seconds)
    in_time = finished.is_set()
    frame.set_ended()
    env.close_frame(frame)
    if not env.is_running():
        return []
    if failures:
        raise failures[0]
    if not in_time:
        raise EvalTimeoutError
    return outputs


def mend_task_timeout() -> None:
    """End a task at its TimeoutSeconds by the clock, and at once when its execution ends.

    moto 5.2.5 (`ExecutionState._evaluate_with_timeout`) waits on the machine's time for the task
    even when the execution was stopped.
    """

    def evaluate(self: Any, env: Any) -> None:
        self.timeout.eval(env=env)
        seconds = env.stack.pop()
        frame = env.open_frame()
        frame.states.reset(input_value=env.states.get_input())
        frame.stack = copy.deepcopy(env.stack)
        for output in _run_task(self, env, frame, seconds):
            _take(self, env, output)

    ExecutionState._evaluate_with_timeout = evaluate


def _take(state: Any, env: Any, output: Any) -> None:
    """Assign and shape a task's output, as moto does after its wait."""
    env.stack.append(output)
    if not state._is_language_query_jsonpath():
        env.states.set_result(output)
    if state.assign_decl:
        state.assign_decl.eval(env=env)
    if state.result_selector:
        state.result_selector.eval(env=env)
    if state.result_path:
        state.result_path.eval(env)
    else:
        env.states.reset(input_value=env.stack.pop())


def mend_wait() -> None:
    """Let a Wait state wait on the clock and end when its execution does.

    moto 5.2.5 sleeps on the machine's time, counts in whole seconds, and compares a Timestamp
    with the machine's local time.
    """

    def wait(_self: Any, env: Any, wait_seconds: float) -> None:
        if wait_seconds > 0:
            woken = threading.Event()
            with interruptible(env, woken):
                current().wait(woken, wait_seconds)

    def until(self: Any, env: Any) -> float:
        self.string.eval(env=env)
        text = env.stack.pop()
        try:
            moment = datetime.datetime.fromisoformat(text)
        except (TypeError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is None:
            raise timestamp.FailureEventException(self._create_failure_event(env, text))
        return max(0.0, moment.timestamp() - current().now())

    WaitFunction._wait_interval = wait
    timestamp.Timestamp._get_wait_seconds = until


def mend_retry() -> None:
    """Let a Retry's interval pass on the clock and end when its execution does.

    moto 5.2.5 (`RetrierDecl._eval_body`) calls `time.sleep`.
    """

    def evaluate(self: Any, env: Any) -> None:
        self.error_equals.eval(env)
        if not env.stack.pop():
            env.stack.append(RetrierOutcome.Skipped)
            return
        self.max_attempts.eval(env=env)
        if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
            env.stack.append(RetrierOutcome.Failed)
            return
        self.interval_seconds.eval(env=env)
        self.backoff_rate.eval(env=env)
        self.max_delay_seconds.eval(env=env)
        self.jitter_strategy.eval(env=env)
        woken = threading.Event()
        with interruptible(env, woken):
            current().wait(woken, env.stack.pop())
        env.stack.append(RetrierOutcome.Executed)

    retrier_decl.RetrierDecl._eval_body = evaluate


def mend_token_wait() -> None:
    """Let a task token's wait and its heartbeats run on the clock and end with the execution.

    moto 5.2.5 waits on the machine's time; the thread of a stopped wait stays until its timeout.
    """

    def wait(
        _self: Any,
        env: Any,
        timeout_seconds: float,
        callback_endpoint: Any,
        heartbeat_endpoint: Any,
    ) -> Any:
        beat = heartbeat_endpoint._next_heartbeat_event if heartbeat_endpoint else None
        answered = callback_endpoint._notify_event
        with interruptible(env, answered, *([beat] if beat else [])):
            if beat is None:
                current().wait(answered, timeout_seconds)
            else:
                _beats(env, callback_endpoint, beat, heartbeat_endpoint._heartbeat_seconds)
                if not answered.is_set() and env.is_running():
                    return HeartbeatTimedOut()
        outcome = callback_endpoint.get_outcome()
        return outcome or CallbackOutcomeTimedOut(callback_id=callback_endpoint.callback_id)

    callback_module.StateTaskServiceCallback._eval_wait_for_task_token = wait


def _beats(env: Any, endpoint: Any, beat: threading.Event, seconds: float) -> None:
    """Return when an answer came, a heartbeat is missing, or the execution ended."""
    while env.is_running() and not endpoint._notify_event.is_set():
        if not current().wait(beat, seconds):
            return
        beat.clear()


def mend_moments() -> None:
    """Stamp states, events and executions by the clock, in AWS's form.

    moto 5.2.5 writes microseconds and ``+00:00`` into `State.EnteredTime` and hands
    `Execution.StartTime` out as a Python object.
    """
    on_the_clock(event_manager)
    on_the_clock(execution_module)
    on_the_clock(parser_models)

    def entered(**fields: Any) -> dict[str, Any]:
        return {**fields, "EnteredTime": stamp(ClockedDatetime.now(datetime.UTC))}

    state_module.StateData = entered
    original = execution_module.Execution.get_start_execution_details

    def details(self: Any) -> Any:
        found = original(self)
        found.start_time = stamp(self.start_date)
        return found

    execution_module.Execution.get_start_execution_details = details


class _NoThreads(list[Any]):
    """A list that stays empty."""

    def append(self, _thread: Any) -> None:
        """Drop it."""


def mend_thread_list() -> None:
    """Forget threads: moto 5.2.5 keeps every thread it ever started in `TMP_THREADS`."""
    parser_utils.TMP_THREADS.clear()
    everywhere("TMP_THREADS", parser_utils.TMP_THREADS, _NoThreads())


def apply() -> None:
    """Install this module's mends."""
    mend_endings()
    mend_program()
    mend_task_timeout()
    mend_wait()
    mend_retry()
    mend_token_wait()
    mend_moments()
    mend_thread_list()
