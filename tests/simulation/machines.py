"""The platform's state machines as actors, state by state as their ASL says.

What each state retries is read from the ASL itself.
"""

import json
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from functions.core.domain.ai_step import Call, Step
from functions.core.domain.checked import Checked
from functions.core.domain.envelope import BusEvent
from functions.core.domain.names import nested_name
from functions.core.domain.run import OPEN, Status, run_ref
from functions.core.domain.step import Invocation
from functions.core.services.runs import Ended, result_of
from functions.core.services.stops import set_stop
from functions.core.services.system_step import SystemCall
from tests.simulation.kernel import SEEMS_DEAD, Broken, Failed
from tests.simulation.world import World
from tests.stage import ENDPOINTS, asked_for, step_of

PLATFORM = Path(__file__).parents[2] / "statemachines/platform"
FUNCTION_LIFE = 30
CALL_LIFE = 60
TOKEN_SECONDS = 700
CALLED_MS = 1_795_334_400_000
DELIVERIES = 5
"""Times the intake queue gives a message out before its dead-letter queue takes it."""


@cache
def retried(machine: str, state: str) -> frozenset[str]:
    """Return the errors after which *state* invokes its function again."""
    asl = json.loads((PLATFORM / f"{machine}.asl.json").read_text())
    return frozenset(
        name for rule in asl["States"][state].get("Retry", []) for name in rule["ErrorEquals"]
    )


class RunWorld(World):
    """A world in which runs are received, admitted, worked on and completed."""

    steps: tuple[str, ...] = ("ai",)
    """What the workflow does, one after the other: `ai` or an operation of the CRM."""
    parallel = False
    token_timeouts = 0
    """Times that a task's token is given up before somebody answers by it."""
    approved_in = ""
    """The step whose approval the next call is for."""
    observed: dict[str, Any]

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.told_answers: dict[str, str] = {}
        """Attempt -> the status with which its function came back to its machine."""
        self.ends: dict[str, str] = {}
        self.told_calls: dict[str, dict[str, Any]] = {}
        """Call -> what its machine was told."""
        self.events: list[BusEvent] = []

    # supervise_run

    def supervise(self, run: str) -> None:
        """AdmitRun, RunWorkflow, CompleteRun."""
        retry = retried("supervise_run", "AdmitRun")
        while True:
            try:
                admitted = self.kernel.invoke(
                    "admit",
                    lambda _: self.stage.runs.admit(run, f"execution:{run}"),
                    life=FUNCTION_LIFE,
                    retry=retry,
                )
            except Failed as failed:
                return self.complete(run, None, failed.error)
            if admitted.status is not Status.HELD:
                break
            self.kernel.sleep(60)
        if admitted.status is not Status.RUNNING:
            return self.complete(run, None, "NOT_ADMITTED")
        return self.work(run, admitted.ticket)

    def work(self, run: str, ticket: str) -> None:
        """RunWorkflow and what follows."""
        child = self.kernel.machine(f"workflow {run[-4:]}", lambda: self.workflow(run, ticket))
        self.sim_orchestrator.children[run].append(child)
        self.kernel.join(child)
        if child.error is not None:
            return self.complete(run, None, "States.TaskFailed")
        return self.complete(run, child.result, "")

    def complete(self, run: str, output: dict[str, Any] | None, error: str) -> None:
        """CompleteRun, until nobody can still send."""
        while True:
            try:
                item, until = self.kernel.invoke(
                    "complete",
                    lambda _: self.stage.runs.finish(run, result_of(output, error)),
                    life=FUNCTION_LIFE,
                    retry=retried("supervise_run", "CompleteRun"),
                )
            except Failed as failed:
                if self.kernel.random.random() < 0.5:
                    self.reconcile(run)
                raise Failed("CompletionFailed") from failed
            if item["status"] not in OPEN:
                return
            left = (until - self.kernel.clock.now()).total_seconds() if until else 0
            self.kernel.sleep(max(1, round(left) + 1))

    def reconcile(self, run: str) -> None:
        """Invoke reconcile_run, as the rule on status changes does: asynchronously."""
        ended = Ended(Status.FAILED, "EXECUTION_ABORTED")
        self.kernel.function(
            "reconcile", lambda _: self.stage.runs.finish(run, ended), life=FUNCTION_LIFE
        )

    def abort(self, run: str) -> None:
        """Somebody stops the execution behind our back."""
        self.stage.orchestrator.stop(run, "by hand")

    # the workflow

    def workflow(self, run: str, ticket: str) -> dict[str, Any]:
        """Be the team's machine: its steps, then its output."""
        if self.parallel:
            branches = [
                self.kernel.machine(
                    f"branch {n}", lambda n=n, kind=kind: self.step(kind, run, ticket, n)
                )
                for n, kind in enumerate(self.steps)
            ]
            self.sim_orchestrator.children[run].extend(branches)
            for branch in branches:
                self.kernel.join(branch)
                if branch.error is not None:
                    raise Failed("States.BranchFailed")
        else:
            for n, kind in enumerate(self.steps):
                ended = self.step(kind, run, ticket, n)
                if ended["outcome"] != "SUCCEEDED":
                    return ended
        return {"outcome": "SUCCEEDED", "label": "good"}

    def step(self, kind: str, run: str, ticket: str, n: int) -> dict[str, Any]:
        """Do a governed step, through its platform machine."""
        if kind.startswith("approve:"):
            return self.request_approval(run, ticket, kind.removeprefix("approve:"), f"Ask{n}")
        if kind == "ai":
            checked = self.run_ai_task(run, ticket, f"Sort{n}")
        else:
            checked = self.call_system(run, ticket, kind, f"Write{n}")
        ended = {"outcome": str(checked.outcome), "reason": checked.reason}
        self.outcomes[f"{run}/{n}"] = ended
        return ended

    def run_ai_task(self, run: str, ticket: str, state: str) -> Checked:
        """PrepareCall, CallModel, CheckAnswer, and CloseAttempt where one of them is lost."""
        checked = Checked(next="again")
        while True:
            checked = self._try_ai(run, ticket, state, checked)
            if checked.next in ("accepted", "failed"):
                return checked
            if checked.next == "wait":
                self.kernel.sleep(checked.seconds)

    def _prepared(self, step: Step, again: Checked) -> Call:
        """PrepareCall, and again after WaitForMoney."""
        for waits in count():
            try:
                call: Call = self._ask(
                    "run_ai_task",
                    "PrepareCall",
                    lambda _, waits=waits: self.stage.prepare_call.prepare(
                        step,
                        {"note": "a"},
                        again.number,
                        again.target_index,
                        spent_seconds=again.spent_seconds,
                        waited_seconds=again.waited_seconds,
                        budget_waits=waits,
                    ),
                )
            except Failed as failed:
                if failed.error != "MoneyInFlight":
                    raise
                self.kernel.sleep(min(300, 5 * 2**waits))
            else:
                return call
        raise AssertionError("there is an end to waiting")

    def _try_ai(self, run: str, ticket: str, state: str, again: Checked) -> Checked:
        stage, step = self.stage, step_of(run, ticket, state)
        call: Call | None = None
        try:
            call = self._prepared(step, again)
            answered = self._ask(
                "run_ai_task",
                "CallModel",
                lambda me: stage.call_model.call(step, call, me, {"openai_chat": self.model}),
                life=CALL_LIFE,
            )
            self.told_answers[call.attempt] = answered.status
            checked: Checked = self._ask(
                "run_ai_task",
                "CheckAnswer",
                lambda _: stage.check_answer.check(step, call, answered),
            )
            if checked.next != "lost":
                return checked
            error = checked.reason
        except Failed as failed:
            refusals = {
                "BudgetBusy": "BUDGET_BUSY",
                "BudgetExceeded": "BUDGET_EXCEEDED",
                "NoTargetAllowed": "BLOCKED_BY_POLICY",
                "InputBlocked": "BLOCKED_BY_POLICY",
                "PersonRequired": "BLOCKED_BY_POLICY",
            }
            if call is None and failed.error in refusals:
                return Checked(next="failed", outcome=refusals[failed.error], reason=failed.error)
            error = failed.error
        return self._close(
            "run_ai_task", lambda _: stage.close_attempt.close(step, call, error), "FAILED"
        )

    def request_approval(self, run: str, ticket: str, approval: str, state: str) -> Any:
        """Park, and again under a newer token where that function died or its time passed."""
        kernel, tasks, step = self.kernel, self.sim_tasks, f"{state}.1"
        retry, round_, tried = retried("request_approval", "Park"), 1, 0
        while True:
            number = 100 * round_ + tried
            token = f"{state}-{number}"
            tasks.waits[token] = kernel._current()
            asked = asked_for(
                run,
                ticket,
                approval,
                number,
                step=step,
                execution=nested_name(run, step),
                token=token,
            )
            function = kernel.function(
                "park", lambda _, asked=asked: self.stage.parking.park(asked), life=FUNCTION_LIFE
            )

            def over(token: str = token, function: Any = function) -> bool:
                return token in tasks.answers or (function.told and function.error is not None)

            seconds = TOKEN_SECONDS if round_ <= self.token_timeouts else None
            in_time = kernel.wait_until(over, seconds)
            del tasks.waits[token]
            if token in tasks.answers:
                self.approved_in = step
                return json.loads(tasks.answers[token])
            if not in_time:
                round_, tried = round_ + 1, 0
            elif function.error in retry and tried < 5:
                tried += 1
            else:
                return {"outcome": "FAILED", "reason": function.error}

    def call_system(self, run: str, ticket: str, operation: str, state: str) -> Checked:
        """CallSystem, and CloseAttempt where it is lost."""
        number = 1
        while True:
            checked = self._try_system(run, ticket, operation, state, number)
            if checked.next in ("accepted", "failed"):
                return checked
            if checked.next == "wait":
                self.kernel.sleep(checked.seconds)
            number = checked.number

    def _try_system(
        self, run: str, ticket: str, operation: str, state: str, number: int
    ) -> Checked:
        service, step = self.stage.system_step, f"{state}.1"
        call = SystemCall(
            run=run,
            ticket=ticket,
            step=step,
            execution=nested_name(run, step),
            operation=operation,
            fields={"label": "good"},
            approval=self.approved_in,
            number=number,
            entered_ms=int(self.kernel.clock.now().timestamp() * 1000),
        )

        def send(me: Invocation) -> Checked:
            self.current_call[self.kernel._current().name] = str(call.attempt)
            return service.call(call, me, self.system, ENDPOINTS)

        try:
            checked: Checked = self._ask("call_system", "CallSystem", send, life=CALL_LIFE)
            if checked.next != "lost":
                return checked
            error = checked.reason
        except Failed as failed:
            error = failed.error
        return self._close("call_system", lambda _: service.close(call, error), "OUTCOME_UNKNOWN")

    def _ask(self, machine: str, state: str, function: Any, life: float = FUNCTION_LIFE) -> Any:
        return self.kernel.invoke(state, function, life=life, retry=retried(machine, state))

    def _close(self, machine: str, close: Any, otherwise: str) -> Checked:
        while True:
            try:
                checked: Checked = self._ask(machine, "CloseAttempt", close)
            except Failed as failed:
                return Checked(next="failed", outcome=otherwise, reason=failed.error)
            if checked.next != "wait":
                return checked
            self.kernel.sleep(checked.seconds)

    # who else acts

    def _expect_started(self, run: str) -> None:
        """Break the schedule where a message was taken off the queue and its run not started."""
        item = self.memory.get(run_ref(run)) if run else None
        if item and item["status"] == Status.RECEIVED and run not in self.sim_orchestrator.payloads:
            raise Broken("a message was received, and its run not started")

    def expect_death(self, name: str, error: str, *also: str) -> None:
        """Break the schedule where a function failed that nothing killed."""
        if error not in (*SEEMS_DEAD, *also):
            raise Broken(f"{name} failed with {error}")

    def message(self, name: str, body: str) -> None:
        """Put a message on the intake queue; it is given out until it is received."""

        def deliver() -> None:
            for _ in range(DELIVERIES):
                try:
                    received = self.kernel.invoke(
                        f"receive {name}",
                        lambda _: self.stage.door.receive(body, "2026-11-22T08:00:00.000Z"),
                        life=FUNCTION_LIFE,
                    )
                except Failed as failed:
                    self.expect_death(f"receive {name}", failed.error, "BusUnavailable")
                    continue
                self.ends[name] = received.what
                self._expect_started(received.run)
                return
            self.ends[name] = "DLQ"

        self.kernel.machine(f"message {name}", deliver)

    def call(self, name: str, asked: Any) -> None:
        """Be another machine's direct start: AdmitRun, StartRun, FollowRun, until it is told."""
        calls = self.stage.calls

        def until_told() -> None:
            run = ""
            while True:
                try:
                    said = self.kernel.invoke(
                        f"ask {name}",
                        lambda _, run=run: (
                            calls.follow(run) if run else calls.ask(asked, CALLED_MS)
                        ),
                        life=FUNCTION_LIFE,
                        retry=retried("supervise_run", "FollowRun" if run else "AdmitRun"),
                    )
                except Failed as failed:
                    return self.expect_death(f"ask {name}", failed.error, "BusUnavailable")
                run = said.run
                if said.next == "told":
                    self.told_calls[name] = said.told
                    return None
                if said.next == "follow" or not self._start_and_wait(name, said.run):
                    self.kernel.sleep(said.seconds)

        self.kernel.machine(f"call {name}", until_told)

    def _start_and_wait(self, name: str, run: str) -> bool:
        """StartRun: False where it is started already, or did not end well."""
        started = self.sim_orchestrator.start(run, f"started by call {name}")
        if not started:
            return False
        supervisor = self.sim_orchestrator.machines[run]
        self.kernel.join(supervisor)
        return supervisor.error is None

    def cancel(self, run: str) -> None:
        """Cancel *run*, as an operator does; nobody asks again if that fails."""
        self.kernel.function(
            "cancel", lambda _: self.stage.runs.cancel(run, "op", "why"), life=FUNCTION_LIFE
        )

    def stop(self, *, stopped: bool, scope: str = "everything") -> None:
        """Set or clear the emergency stop, as an operator does."""
        stage = self.stage
        self.kernel.function(
            "stop" if stopped else "clear",
            lambda _: set_stop(
                stage.store, stage.bus, stage.clock, scope=scope, stopped=stopped, by="op", why="-"
            ),
            life=FUNCTION_LIFE,
        )

    def sweep(self) -> Any:
        """Sweep, as every minute."""

        def run(_: Invocation) -> dict[str, int]:
            done = self.stage.sweep.run(lambda: 50.0)
            if done["failed"]:
                raise Broken(f"sweep failed: {done}")
            return done

        return self.kernel.function("sweep", run, life=FUNCTION_LIFE)

    def copier(self) -> None:
        """Let the stream's mapping invoke copy_evidence."""
        self.kernel.machine("stream", self.feed_stream)
