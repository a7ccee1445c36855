"""CheckAnswer: apply layer 3, the whole schema, always; say what the machine does next."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from functions.core.domain.agreement import (
    LOW_CONFIDENCE,
    NO_AGREEMENT,
    VOTED,
    Agreement,
    Standing,
    vote_of,
)
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
from functions.core.domain.run import GOOD, Outcome
from functions.core.domain.schemas import personal_pointers
from functions.core.domain.step import Mark
from functions.core.domain.timestamps import parse
from functions.core.services.answer_rules import CANARY, carries_canary, held_to_policy
from functions.core.services.personal import held_back, revealer
from functions.core.services.tools import Tools
from functions.core.services.voting import Poll, poll


@dataclass(frozen=True)
class Notes:
    """What a check has to say of an answer besides its verdict."""

    recovered: tuple[str, ...] = ()
    """How text was read that was not quite JSON."""
    guards: tuple[Mapping[str, Any], ...] = ()
    """What the policy's rules found."""
    votes: Mapping[str, Any] = field(default_factory=dict)
    """What it says among a task's samples; the attempt's entry says so, too."""

    def on_record(self) -> dict[str, Any]:
        """Return what evidence says of it."""
        told = {"recovered": list(self.recovered), "guards": [dict(one) for one in self.guards]}
        return {name: found for name, found in told.items() if found} | dict(self.votes)


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
        task = self._tools.catalog.pinned("ai_task", step.task, call.task_version, AiTask)
        said = self._said(step, answered)
        if said is not None and carries_canary(self._tools, step, call, said):
            return self._blocked(step, call, answered, CANARY)
        found = self._read(said, step, call, task, answered)
        if isinstance(found, str):
            return self._not_accepted(step, call, answered, task, found)
        return self._judged(step, call, answered, task, ticket.team, found)

    def _judged(
        self, step: Step, call: Call, answered: Answered, task: AiTask, team: str, found: Recovered
    ) -> Checked:
        """Hold an answer that fits the schema to the policy, and to what the task asks besides."""
        judged = held_to_policy(self._tools, step, call, task, found.value)
        judged = held_back(self._tools, call, judged)
        if judged.blocked:
            return self._blocked(step, call, answered, judged.blocked, judged.record)
        hidden = personal_pointers(task.output_schema, judged.value)
        fit = self._tools.artifacts.shrink(judged.value, hidden, team=team, run=step.run)
        notes = Notes(tuple(found.repairs), judged.record)
        if task.doubts(judged.value):
            return self._not_sure(step, call, answered, task, fit, notes)
        outcome = _outcome(call, found)
        if task.agreement is None or call.cached:
            return self._accepted(step, call, answered, task, team, outcome, fit, notes)
        vote = vote_of(task.agreement, judged.value, self._tools.keys.team(team))
        agreed = self._counted(step, call, answered, task, task.agreement, vote, notes=notes)
        if isinstance(agreed, Checked):
            return agreed
        notes, whole = replace(notes, votes=agreed.on_record()), agreed.spent(answered)
        return self._accepted(step, call, answered, task, team, outcome, fit, notes, whole)

    def _accepted(
        self,
        step: Step,
        call: Call,
        answered: Answered,
        task: AiTask,
        team: str,
        outcome: Outcome,
        fit: Any,
        notes: Notes,
        whole: Answered | None = None,
    ) -> Checked:
        """End the step with its answer; *whole* says what all its samples cost together."""
        if not self._conclude(step, call, answered, outcome, "", fit, notes):
            return Checked(next="lost", reason=NOT_MINE)
        if outcome is Outcome.SUCCEEDED:
            self._keep(step, call, whole or answered, task.cache, team)
        vote = str(notes.votes.get("vote", ""))
        return Checked(next="accepted", outcome=outcome, answer=fit, vote=vote)

    def _not_sure(
        self, step: Step, call: Call, answered: Answered, task: AiTask, fit: Any, notes: Notes
    ) -> Checked:
        """End the step, for a person to look; among samples it is one that does not count."""
        if task.agreement and not call.cached:
            ends = self._counted(
                step, call, answered, task, task.agreement, "", LOW_CONFIDENCE, notes
            )
            if isinstance(ends, Checked):
                return ends
        return self._rejected(step, call, answered, LOW_CONFIDENCE, notes, proposal=fit)

    def _counted(
        self,
        step: Step,
        call: Call,
        answered: Answered,
        task: AiTask,
        rule: Agreement,
        vote: str,
        why: str = VOTED,
        notes: Notes = NOTHING,
    ) -> Checked | Poll:
        """Count a sample; return what follows, or the poll where the step ends with this one.

        It ends so where its answer has the quorum, and where no sample at all gave an answer that
        counts: then the last one's fault is the step's.
        """
        spent = self._spent(call)
        in_time = spent < task.limits.deadline_seconds
        left = task.limits.attempts - call.number if in_time else 0
        seen = poll(self._tools, rule, step, call, vote, left=left)
        if seen.standing is Standing.FAILED and seen.voted:
            notes = replace(notes, votes=seen.on_record())
            return self._rejected(step, call, answered, NO_AGREEMENT, notes)
        if seen.standing is not Standing.OPEN:
            return seen
        notes = replace(notes, votes={"vote": vote})
        used = _used(answered, why) | dict(notes.votes)
        closing = self._tools.sending.closing_answered(AttemptName.parse(call.attempt), used)
        self._write(closing, step, call, answered, "", why, notes)
        stay = call.target_index if vote else 0
        index = len(seen.votes) % call.targets if rule.across else stay
        again = Checked(next="again", target_index=index, vote=vote)
        said = {"reason": why, "number": call.number + 1, "spent_seconds": spent}
        return _after(again, call).model_copy(update=said)

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
        self, said: str | None, step: Step, call: Call, task: AiTask, answered: Answered
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
                reveal=revealer(self._tools, step, call, task),
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
        if task.agreement and _may_try(call, answered):
            ends = self._counted(step, call, answered, task, task.agreement, "", reason)
            if isinstance(ends, Checked):
                return ends
        return self._rejected(step, call, answered, reason)

    def _rejected(
        self,
        step: Step,
        call: Call,
        answered: Answered,
        reason: str,
        notes: Notes = NOTHING,
        proposal: Any = None,
    ) -> Checked:
        """End the step without an answer; a *proposal* is kept for whoever looks at it."""
        bad = reason == NO_AGREEMENT or answered.status in _UNUSABLE
        outcome = Outcome.REJECTED_OUTPUT if bad else Outcome.FAILED
        if not self._conclude(step, call, answered, outcome, reason, proposal, notes):
            return Checked(next="lost", reason=NOT_MINE)
        vote = str(notes.votes.get("vote", ""))
        return Checked(next="failed", outcome=outcome, reason=reason, vote=vote)

    def _not_now(
        self, step: Step, call: Call, answered: Answered, task: AiTask, reason: str
    ) -> Checked:
        """Say how a step goes on whose call was not sent, because its target had no turn for it."""
        busy = Busy(Turn(answered.status), answered.wait_seconds)
        then = next_turn(call, busy, task.limits)
        if then is None:
            return self._rejected(step, call, answered, reason)
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
        said = json.dumps(answer, sort_keys=True) if answer is not None else ""
        facts = {**step.ended(outcome, reason), "version": call.task_version, "answer": said}
        if said and outcome not in GOOD:
            facts |= {"answer": "", "proposal": said}
        used = _used(answered, reason) | dict(notes.votes)
        attempt = AttemptName.parse(call.attempt)
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
