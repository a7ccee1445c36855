"""CheckAnswer: apply layer 3, the whole schema, always; say what the machine does next."""

from dataclasses import replace

from functions.core.domain.agreement import LOW_CONFIDENCE, vote_of
from functions.core.domain.ai_step import NOT_MINE, Answered, Call, Step
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.answers import AnswerProblem, Recovered, read_answer
from functions.core.domain.checked import Checked
from functions.core.domain.errors import GuardUnavailable
from functions.core.domain.guards.costs import Costs
from functions.core.domain.guards.outbound import Judged
from functions.core.domain.health import Busy, Turn
from functions.core.domain.models import AnswerStatus
from functions.core.domain.next_try import NOT_NOW, next_try, next_turn
from functions.core.domain.run import Outcome
from functions.core.domain.schemas import personal_pointers
from functions.core.services.answer_rules import (
    CANARY,
    carries_canary,
    held_to_guardrails,
    held_to_policy,
)
from functions.core.services.personal import held_back, revealer
from functions.core.services.samples import Samples
from functions.core.services.tools import Tools
from functions.core.services.verdicts import Asked, Notes, Verdicts


class CheckAnswer:
    """The third function of run_ai_task."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._verdicts = Verdicts(tools)
        self._samples = Samples(tools, self._verdicts)

    def check(self, step: Step, call: Call, answered: Answered) -> Checked:
        """Apply layer 3: the whole schema, always; say what the machine does next."""
        ticket = self._tools.verify(step)
        if answered.status == NOT_MINE:
            return Checked(next="lost", reason=NOT_MINE)
        task = self._tools.catalog.pinned("ai_task", step.task, call.task_version, AiTask)
        asked = Asked(step, call, answered, task)
        said = self._said(asked)
        costs = Costs(self._tools.clock.ticks)
        if said is not None:
            with costs.of("canary"):
                carried = carries_canary(self._tools, step, call, said)
            if carried:
                return self._verdicts.blocked(asked, CANARY, Notes(costs=costs.spent))
        found = self._read(said, asked)
        if isinstance(found, str) or said is None:
            return self._not_accepted(asked, str(found))
        try:
            judged = self._held(asked, said, found, costs)
        except GuardUnavailable as error:
            notes = Notes(guards=error.record, costs=costs.spent)
            return self._verdicts.blocked(asked, type(error).__name__, notes)
        return self._judged(asked, ticket.team, found, judged, costs)

    def _said(self, asked: Asked) -> str | None:
        """Return what the model said; None where it did not answer."""
        answered = asked.answered
        if answered.status != AnswerStatus.ANSWERED or answered.answer is None:
            return None
        return self._tools.artifacts.fetch(answered.answer, run=asked.step.run).decode()

    def _read(self, said: str | None, asked: Asked) -> Recovered | str:
        """Return the answer's value with what was mended in it, or why there is none."""
        if said is None:
            return asked.answered.status.upper()
        try:
            return read_answer(
                said,
                asked.task.output_schema,
                max_bytes=asked.call.max_answer_bytes,
                absent_as_null=asked.call.absent_as_null,
                reveal=revealer(self._tools, asked.step, asked.call, asked.task),
            )
        except AnswerProblem as problem:
            return str(problem)

    def _held(self, asked: Asked, said: str, found: Recovered, costs: Costs) -> Judged:
        """Hold an answer that fits the schema to the policy."""
        step, call, task = asked.step, asked.call, asked.task
        judged = held_to_policy(self._tools, step, call, task, found.value, costs)
        judged = held_to_guardrails(self._tools, call, said, judged, costs)
        with costs.of("personal_data"):
            return held_back(self._tools, call, judged)

    def _judged(
        self, asked: Asked, team: str, found: Recovered, judged: Judged, costs: Costs
    ) -> Checked:
        """Say what becomes of an answer that was held to the policy, and what the task asks."""
        step, call, task = asked.step, asked.call, asked.task
        notes = Notes(tuple(found.repairs), judged.record, costs.spent)
        if judged.blocked:
            return self._verdicts.blocked(asked, judged.blocked, notes)
        hidden = personal_pointers(task.output_schema, judged.value)
        fit = self._tools.artifacts.shrink(judged.value, hidden, team=team, run=step.run)
        rule = task.agreement if not call.cached else None
        if task.doubts(judged.value):
            if rule:
                ends = self._samples.counted(asked, rule, "", LOW_CONFIDENCE, notes)
                if isinstance(ends, Checked):
                    return ends
            return self._verdicts.rejected(asked, LOW_CONFIDENCE, notes, proposal=fit)
        spent = asked.answered
        if rule:
            vote = vote_of(rule, judged.value, self._tools.keys.team(team))
            agreed = self._samples.counted(asked, rule, vote, notes=notes)
            if isinstance(agreed, Checked):
                return agreed
            notes, spent = replace(notes, votes=agreed.on_record()), agreed.spent(spent)
        outcome = _outcome(call, found)
        checked = self._verdicts.accepted(asked, outcome, fit, notes)
        if checked.outcome == Outcome.SUCCEEDED:
            self._keep(asked, spent, team)
        return checked

    def _keep(self, asked: Asked, spent: Answered, team: str) -> None:
        """Let an answer that needed no mending serve the same question again."""
        rule, call = asked.task.cache, asked.call
        if rule is None or not call.cache_key or spent.answer is None:
            return
        self._tools.cache.keep(
            rule,
            call.cache_key,
            team=team,
            task=asked.step.task,
            answer=self._tools.artifacts.fetch(spent.answer, run=asked.step.run).decode(),
            attempt=call.attempt,
            usd=spent.usd,
            input_tokens=spent.input_tokens,
            output_tokens=spent.output_tokens,
        )

    def _not_accepted(self, asked: Asked, reason: str) -> Checked:
        """Say how a step goes on that has no answer to judge."""
        call, answered, task = asked.call, asked.answered, asked.task
        if answered.status in NOT_NOW:
            busy = Busy(Turn(answered.status), answered.wait_seconds)
            turn = next_turn(call, busy, task.limits)
            if turn is None:
                return self._verdicts.rejected(asked, reason)
            return self._verdicts.not_now(asked, turn, reason)
        if asked.may_try:
            then = next_try(call, answered, task, self._verdicts.spent(call))
            if then is not None:
                return self._verdicts.again(asked, then, reason)
            if task.agreement:
                ends = self._samples.counted(asked, task.agreement, "", reason)
                if isinstance(ends, Checked):
                    return ends
        return self._verdicts.rejected(asked, reason)


def _outcome(call: Call, found: Recovered) -> Outcome:
    if call.cached:
        return Outcome.CACHED
    return Outcome.REPAIRED if call.repairing or found.repairs else Outcome.SUCCEEDED
