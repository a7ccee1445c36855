"""CloseAttempt: find out what became of an attempt whose function did not come back."""

from decimal import Decimal

from functions.core.domain.ai_step import Call, Step
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.checked import Checked
from functions.core.domain.errors import InputInParts
from functions.core.domain.evidence import Kind, chain_of
from functions.core.domain.names import AttemptName
from functions.core.domain.run import Outcome, step_ref
from functions.core.domain.step import Mark
from functions.core.services.tools import Tools


class CloseAttempt:
    """The function that run_ai_task calls when one of its others died."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def close(self, step: Step, call: Call | None, error: str) -> Checked:
        """Find out what became of an attempt whose function did not come back.

        Returns
        -------
        Checked
            `wait` while its sender may live, then `again` or `failed`.
        """
        self._tools.verify(step)
        if call is None:
            return self._in_parts(step, error) or self._failed(
                step, error, f"{step.run}/{step.step}:{error}"
            )
        attempt = AttemptName.parse(call.attempt)
        mark = self._tools.sending.close_lost(attempt)
        if mark is None:
            return Checked(next="wait", seconds=5)
        ended = self._tools.sending.concluded(attempt) if mark is Mark.ANSWERED else None
        if ended is not None:
            return Checked.again_said(ended)
        self._book(call, mark)
        body = {"attempt": call.attempt, "mark": mark, "reason": error}
        self._tools.evidence.append(
            chain_of(step.run, step.step), Kind.CLOSED, f"{attempt}:closed", body
        )
        task = self._tools.catalog.pinned("ai_task", step.task, call.task_version, AiTask)
        if call.number < task.limits.attempts:
            return Checked(
                next="again",
                reason=error,
                number=call.number + 1,
                target_index=call.target_index,
                repairs=call.repairs,
                # A death is ours: its time is no part of what the target may use.
                spent_seconds=call.spent_seconds,
                waited_seconds=call.waited_seconds,
            )
        return self._failed(step, error, f"{attempt}:failed")

    def _in_parts(self, step: Step, error: str) -> Checked | None:
        """Return the numbers of the parts to ask about, where that is how the step was ended."""
        if error != InputInParts.__name__:
            return None
        ended = self._tools.store.get(step_ref(step.run, step.step)) or {}
        numbers = list(range(1, int(ended.get("parts", 0)) + 1))
        if not numbers:
            return None
        told = {"parts": numbers}
        return Checked(next="failed", outcome=Outcome.FAILED, reason=error, answer=told)

    def _failed(self, step: Step, error: str, id_: str) -> Checked:
        body = {"task": step.task, "outcome": Outcome.FAILED, "reason": error}
        self._tools.conclude_unsent(step, id_, body, step.ended(Outcome.FAILED, error))
        return Checked(next="failed", outcome=Outcome.FAILED, reason=error)

    def _book(self, call: Call, mark: Mark) -> None:
        """Book what a closed attempt may have cost: nothing, or its worst case."""
        place, worst = call.place, Decimal(call.worst_usd)
        if place is None:
            return
        if mark is Mark.UNCONFIRMED:
            self._tools.ledger.unconfirmed(place, call.attempt, worst)
        elif mark is Mark.UNSENT:
            self._tools.ledger.release(place, call.attempt, worst)
