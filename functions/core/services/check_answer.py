"""CheckAnswer: apply layer 3, the whole schema, always; say what the machine does next."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.core.domain.ai_step import FORBIDDEN, NOT_MINE, Answered, Call, Checked, Step
from functions.core.domain.answers import AnswerProblem, Recovered, read_answer
from functions.core.domain.caching import CacheRule
from functions.core.domain.definitions import AiTask
from functions.core.domain.evidence import Kind, Tail, chain_of
from functions.core.domain.expressions import Move, Written, at
from functions.core.domain.health import Busy, Turn
from functions.core.domain.models import AnswerStatus
from functions.core.domain.names import AttemptName
from functions.core.domain.next_try import NOT_NOW, next_try, next_turn
from functions.core.domain.run import Outcome
from functions.core.domain.schemas import personal_pointers
from functions.core.domain.step import Mark
from functions.core.domain.timestamps import parse
from functions.core.services.answer_rules import CANARY, carries_canary, held_to_policy
from functions.core.services.tools import Tools


@dataclass(frozen=True)
class Notes:
    """What a check has to say of an answer besides its verdict."""

    recovered: tuple[str, ...] = ()
    """How text was read that was not quite JSON."""
    guards: tuple[Mapping[str, Any], ...] = ()
    """What the policy's rules found."""

    def on_record(self) -> dict[str, Any]:
        """Return what evidence says of it."""
        told = {"recovered": list(self.recovered), "guards": [dict(one) for one in self.guards]}
        return {name: found for name, found in told.items() if found}


NOTHING = Notes()
_UNUSABLE = (
    AnswerStatus.ANSWERED,
    AnswerStatus.CUT,
    AnswerStatus.EMPTY,
    AnswerStatus.REFUSED,
    AnswerStatus.TOOL_USE,
)
"""The model did answer, and not as it was asked to."""
_UNSENT = ("RUN_NOT_OPEN", "USE_NOT_PINNED", FORBIDDEN)
"""Ends of CallModel at which nothing was sent, and trying again would not help."""


class CheckAnswer:
    """The third function of run_ai_task."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def check(self, step: Step, call: Call, answered: Answered) -> Checked:
        """Apply layer 3: the whole schema, always; say what the machine does next."""
        ticket = self._tools.verify(step)
        if answered.status == NOT_MINE:
            return Checked(next="lost", reason=NOT_MINE)
        pinned_task = self._tools.catalog.pinned("ai_task", step.task, call.task_version, AiTask)
        said = self._said(step, answered)
        if said is not None and carries_canary(self._tools, step, call, said):
            return self._blocked(step, call, answered, CANARY)
        found = self._read(said, call, pinned_task, answered)
        if isinstance(found, str):
            return self._not_accepted(step, call, answered, pinned_task, found)
        judged = held_to_policy(self._tools, step, call, pinned_task, found.value)
        if judged.blocked:
            return self._blocked(step, call, answered, judged.blocked, judged.record)
        hidden = personal_pointers(pinned_task.output_schema, judged.value)
        fit = self._tools.artifacts.shrink(judged.value, hidden, team=ticket.team, run=step.run)
        outcome = _outcome(call, found)
        notes = Notes(tuple(found.repairs), judged.record)
        if not self._conclude(step, call, answered, outcome, "", fit, notes):
            return Checked(next="lost", reason=NOT_MINE)
        if outcome is Outcome.SUCCEEDED:
            self._keep(step, call, answered, pinned_task.cache, ticket.team)
        return Checked(next="accepted", outcome=outcome, answer=fit)

    def _keep(
        self, step: Step, call: Call, answered: Answered, rule: CacheRule | None, team: str
    ) -> None:
        """Let an answer that needed no mending serve the same question again."""
        if rule is None or not call.cache_key or answered.answer is None:
            return
        self._tools.cache.keep(
            rule,
            call.cache_key,
            team=team,
            task=step.task,
            answer=self._tools.artifacts.fetch(answered.answer, run=step.run).decode(),
            attempt=call.attempt,
            usd=answered.usd,
            input_tokens=answered.input_tokens,
            output_tokens=answered.output_tokens,
        )

    def _said(self, step: Step, answered: Answered) -> str | None:
        """Return what the model said; None where it did not answer."""
        if answered.status != AnswerStatus.ANSWERED or answered.answer is None:
            return None
        return self._tools.artifacts.fetch(answered.answer, run=step.run).decode()

    def _blocked(
        self,
        step: Step,
        call: Call,
        answered: Answered,
        reason: str,
        guards: Sequence[Mapping[str, Any]] = (),
    ) -> Checked:
        """End the step: no other target and no repair makes such an answer one to pass on."""
        outcome = Outcome.BLOCKED_BY_POLICY
        notes = Notes(guards=tuple(guards))
        if not self._conclude(step, call, answered, outcome, reason, None, notes):
            return Checked(next="lost", reason=NOT_MINE)
        return Checked(next="failed", outcome=outcome, reason=reason)

    def _read(
        self, said: str | None, call: Call, task: AiTask, answered: Answered
    ) -> Recovered | str:
        """Return the answer's value with what was mended in it, or why there is none."""
        if said is None:
            return answered.status.upper()
        try:
            most = call.max_answer_bytes
            return read_answer(
                said,
                task.output_schema,
                max_bytes=most,
                absent_as_null=call.absent_as_null,
            )
        except AnswerProblem as problem:
            return str(problem)

    def _not_accepted(
        self, step: Step, call: Call, answered: Answered, task: AiTask, reason: str
    ) -> Checked:
        if answered.status in NOT_NOW:
            return self._not_now(step, call, answered, task, reason)
        spent = self._spent(call)
        then = next_try(call, answered, task, spent) if _may_try(call, answered) else None
        if then is not None:
            used = _used(answered, reason)
            closing = self._tools.sending.closing_answered(AttemptName.parse(call.attempt), used)
            self._write(closing, step, call, answered, "", reason)
            again = {"reason": reason, "number": call.number + 1, "spent_seconds": spent}
            return _after(then, call).model_copy(update=again)
        rejected = answered.status in _UNUSABLE
        outcome = Outcome.REJECTED_OUTPUT if rejected else Outcome.FAILED
        self._conclude(step, call, answered, outcome, reason, None)
        return Checked(next="failed", outcome=outcome, reason=reason)

    def _not_now(
        self, step: Step, call: Call, answered: Answered, task: AiTask, reason: str
    ) -> Checked:
        """Say how a step goes on whose call was not sent, because its target had no turn for it."""
        busy = Busy(Turn(answered.status), answered.wait_seconds)
        then = next_turn(call, busy, task.limits)
        if then is None:
            self._conclude(step, call, answered, Outcome.FAILED, reason, None)
            return Checked(next="failed", outcome=Outcome.FAILED, reason=reason)
        body = {"attempt": call.attempt, "outcome": "", "reason": reason}
        tail = Tail(answered.evidence_n, answered.evidence_hash)
        id_ = f"{call.attempt}:checked"
        self._tools.evidence.append(chain_of(step.run, step.step), Kind.CHECKED, id_, body, tail)
        again = {"reason": reason, "number": call.number, "spent_seconds": call.spent_seconds}
        return _after(then, call).model_copy(update=again)

    def _spent(self, call: Call) -> float:
        """Return what the step has used up of its deadline: its attempts, and not its waits."""
        if not call.prepared_at:
            return call.spent_seconds
        now = (self._tools.clock.now() - parse(call.prepared_at)).total_seconds()
        return round(call.spent_seconds + max(0.0, now), 3)

    def _conclude(
        self,
        step: Step,
        call: Call,
        answered: Answered,
        outcome: Outcome,
        reason: str,
        answer: Any,
        notes: Notes = NOTHING,
    ) -> bool:
        """Write the step's end; False if somebody closed the attempt meanwhile."""
        facts = {
            **step.ended(outcome, reason),
            "version": call.task_version,
            "answer": json.dumps(answer, sort_keys=True) if answer is not None else "",
        }
        attempt, used = AttemptName.parse(call.attempt), _used(answered, reason)
        if call.cached and answered.answer:
            asked = {"target": call.target, "task_version": call.task_version}
            served = {**used, "status": "cached", "facts": asked, **call.cached.on_record()}
            finishing = self._tools.sending.finishing_unsent(attempt, facts, served)
        else:
            sent = attempt if _was_sent(answered) else None
            finishing = self._tools.sending.finishing(
                step.run, step.step, facts, answered=sent, used=used
            )
        written = self._write(finishing, step, call, answered, outcome, reason, notes)
        # a repeat finds what it wrote itself
        return written.done or at(written.item, (attempt.key, "mark")) == Mark.ANSWERED

    def _write(
        self,
        move: Move,
        step: Step,
        call: Call,
        answered: Answered,
        outcome: str,
        reason: str,
        notes: Notes = NOTHING,
    ) -> Written:
        """Write what follows from a check, with the check on record."""
        body: dict[str, Any] = {"attempt": call.attempt, "outcome": outcome, "reason": reason}
        body |= notes.on_record()
        if call.cached and answered.answer:
            body |= call.cached.on_record()
        tail = Tail(answered.evidence_n, answered.evidence_hash)
        chain = chain_of(step.run, step.step)
        id_ = f"{call.attempt}:checked"
        return self._tools.evidence.attest_with(move, chain, Kind.CHECKED, id_, body, tail)[1]


def _outcome(call: Call, found: Recovered) -> Outcome:
    if call.cached:
        return Outcome.CACHED
    return Outcome.REPAIRED if call.repairing or found.repairs else Outcome.SUCCEEDED


def _after(then: Checked, call: Call) -> Checked:
    """Return *then* with what the step has used up until now."""
    repairs = max(then.repairs, call.repairs)
    waited = max(then.waited_seconds, call.waited_seconds)
    return then.model_copy(update={"repairs": repairs, "waited_seconds": waited})


def _may_try(call: Call, answered: Answered) -> bool:
    """Say whether another try is a question: nobody was asked for an answer from the cache."""
    return _was_sent(answered) and not call.cached


def _was_sent(answered: Answered) -> bool:
    unsent = (*_UNSENT, *NOT_NOW)
    return answered.status not in unsent and not answered.status.startswith("STOPPED")


def _used(answered: Answered, reason: str) -> dict[str, Any]:
    """Return what one attempt used, as its entry in the step's item keeps it."""
    return {
        "status": answered.status,
        "reason": reason,
        "model": answered.model,
        "input_tokens": answered.input_tokens,
        "output_tokens": answered.output_tokens,
        "usd": answered.usd,
    }
