"""What follows from a check, written before it is said: the step's item and the record agree."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.core.domain.agreement import NO_AGREEMENT
from functions.core.domain.ai_step import FORBIDDEN, NOT_MINE, Answered, Call, Step
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.checked import Checked
from functions.core.domain.evidence import Kind, Tail, chain_of
from functions.core.domain.expressions import Move, Written, at
from functions.core.domain.models import AnswerStatus
from functions.core.domain.names import AttemptName
from functions.core.domain.next_try import NOT_NOW
from functions.core.domain.run import GOOD, Outcome
from functions.core.domain.step import Mark
from functions.core.domain.timestamps import parse
from functions.core.services.tools import Tools

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


@dataclass(frozen=True)
class Notes:
    """What a check has to say of an answer besides its verdict."""

    recovered: tuple[str, ...] = ()
    """How text was read that was not quite JSON."""
    guards: tuple[Mapping[str, Any], ...] = ()
    """What the policy's rules found."""
    costs: Mapping[str, int] = field(default_factory=dict)
    """Rule -> microseconds."""
    votes: Mapping[str, Any] = field(default_factory=dict)
    """What it says among a task's samples; the attempt's entry says so, too."""

    def on_record(self) -> dict[str, Any]:
        """Return what evidence says of it."""
        told = {
            "recovered": list(self.recovered),
            "guards": [dict(one) for one in self.guards],
            "guards_us": dict(self.costs),
        }
        return {name: found for name, found in told.items() if found} | dict(self.votes)


NOTHING = Notes()


@dataclass(frozen=True)
class Asked:
    """One attempt under check: who asked what, and what came of it."""

    step: Step
    call: Call
    answered: Answered
    task: AiTask

    @property
    def was_sent(self) -> bool:
        """Whether a model was asked, as far as the answer says."""
        status = self.answered.status
        return status not in (*_UNSENT, *NOT_NOW) and not status.startswith("STOPPED")

    @property
    def may_try(self) -> bool:
        """Whether another try is a question: nobody was asked for an answer from the cache."""
        return self.was_sent and not self.call.cached

    def used(self, reason: str) -> dict[str, Any]:
        """Return what the attempt used, as its entry in the step's item keeps it."""
        return {
            "status": self.answered.status,
            "reason": reason,
            "model": self.answered.model,
            "input_tokens": self.answered.input_tokens,
            "output_tokens": self.answered.output_tokens,
            "usd": self.answered.usd,
        }


class Verdicts:
    """The ends of a step, and the ways in which it goes on."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def accepted(self, asked: Asked, outcome: Outcome, fit: Any, notes: Notes) -> Checked:
        """End the step with its answer, *fit* for the state."""
        if not self._conclude(asked, outcome, "", fit, notes):
            return Checked(next="lost", reason=NOT_MINE)
        vote = str(notes.votes.get("vote", ""))
        return Checked(next="accepted", outcome=outcome, answer=fit, vote=vote)

    def blocked(self, asked: Asked, reason: str, notes: Notes) -> Checked:
        """End the step: no other target and no repair makes such an answer one to pass on."""
        outcome = Outcome.BLOCKED_BY_POLICY
        if not self._conclude(asked, outcome, reason, None, notes):
            return Checked(next="lost", reason=NOT_MINE)
        return Checked(next="failed", outcome=outcome, reason=reason)

    def rejected(
        self, asked: Asked, reason: str, notes: Notes = NOTHING, proposal: Any = None
    ) -> Checked:
        """End the step without an answer; a *proposal* is kept for whoever looks at it."""
        bad = reason == NO_AGREEMENT or asked.answered.status in _UNUSABLE
        outcome = Outcome.REJECTED_OUTPUT if bad else Outcome.FAILED
        if not self._conclude(asked, outcome, reason, proposal, notes):
            return Checked(next="lost", reason=NOT_MINE)
        vote = str(notes.votes.get("vote", ""))
        return Checked(next="failed", outcome=outcome, reason=reason, vote=vote)

    def again(self, asked: Asked, then: Checked, reason: str, notes: Notes = NOTHING) -> Checked:
        """Close the attempt, and let the step go on as *then* says."""
        spent = self.spent(asked.call)
        used = asked.used(reason) | dict(notes.votes)
        attempt = AttemptName.parse(asked.call.attempt)
        self._write(self._tools.sending.closing_answered(attempt, used), asked, "", reason, notes)
        said = {"reason": reason, "number": asked.call.number + 1, "spent_seconds": spent}
        return _after(then, asked.call).model_copy(update=said)

    def not_now(self, asked: Asked, then: Checked, reason: str) -> Checked:
        """Let a step go on whose call was not sent, because its target had no turn for it."""
        call, answered = asked.call, asked.answered
        body = {"attempt": call.attempt, "outcome": "", "reason": reason}
        tail = Tail(answered.evidence_n, answered.evidence_hash)
        chain, id_ = chain_of(asked.step.run, asked.step.step), f"{call.attempt}:checked"
        self._tools.evidence.append(chain, Kind.CHECKED, id_, body, tail)
        said = {"reason": reason, "number": call.number, "spent_seconds": call.spent_seconds}
        return _after(then, call).model_copy(update=said)

    def spent(self, call: Call) -> float:
        """Return what the step has used up of its deadline: its attempts, and not its waits."""
        if not call.prepared_at:
            return call.spent_seconds
        now = (self._tools.clock.now() - parse(call.prepared_at)).total_seconds()
        return round(call.spent_seconds + max(0.0, now), 3)

    def _conclude(
        self, asked: Asked, outcome: Outcome, reason: str, answer: Any, notes: Notes
    ) -> bool:
        """Write the step's end; False if somebody closed the attempt meanwhile."""
        step, call = asked.step, asked.call
        said = json.dumps(answer, sort_keys=True) if answer is not None else ""
        facts = {**step.ended(outcome, reason), "version": call.task_version, "answer": said}
        if said and outcome not in GOOD:
            facts |= {"answer": "", "proposal": said}
        used = asked.used(reason) | dict(notes.votes)
        attempt = AttemptName.parse(call.attempt)
        if call.cached and asked.answered.answer:
            served = {**used, "status": "cached", "facts": call.facts, **call.cached.on_record()}
            finishing = self._tools.sending.finishing_unsent(attempt, facts, served)
        else:
            sent = attempt if asked.was_sent else None
            finishing = self._tools.sending.finishing(
                step.run, step.step, facts, answered=sent, used=used
            )
        written = self._write(finishing, asked, outcome, reason, notes)
        # a repeat finds what it wrote itself
        return written.done or at(written.item, (attempt.key, "mark")) == Mark.ANSWERED

    def _write(self, move: Move, asked: Asked, outcome: str, reason: str, notes: Notes) -> Written:
        """Write what follows from a check, with the check on record."""
        call, answered = asked.call, asked.answered
        body: dict[str, Any] = {"attempt": call.attempt, "outcome": outcome, "reason": reason}
        body |= notes.on_record()
        if call.cached and answered.answer:
            body |= call.cached.on_record()
        tail = Tail(answered.evidence_n, answered.evidence_hash)
        chain = chain_of(asked.step.run, asked.step.step)
        id_ = f"{call.attempt}:checked"
        return self._tools.evidence.attest_with(move, chain, Kind.CHECKED, id_, body, tail)[1]


def _after(then: Checked, call: Call) -> Checked:
    """Return *then* with what the step has used up until now."""
    repairs = max(then.repairs, call.repairs)
    waited = max(then.waited_seconds, call.waited_seconds)
    return then.model_copy(update={"repairs": repairs, "waited_seconds": waited})
