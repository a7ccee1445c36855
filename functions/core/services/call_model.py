"""CallModel: mark, ask the gate, send, attest, settle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from functions.core.domain.ai_step import FORBIDDEN, KIND, NOT_MINE, Answered, Cached, Call, Step
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.costs import cost
from functions.core.domain.evidence import Kind, Tail, chain_of
from functions.core.domain.expressions import Item
from functions.core.domain.health import Busy
from functions.core.domain.ladder import rung, schema_for
from functions.core.domain.ledger import Place, text
from functions.core.domain.models import AnswerStatus, Form, ModelAnswer, ModelRequest, Usage
from functions.core.domain.names import AttemptName
from functions.core.domain.policies import Policy
from functions.core.domain.serving import data_class, objection
from functions.core.domain.step import Invocation
from functions.core.domain.targets import Models, Target
from functions.core.domain.ticket import Ticket
from functions.core.domain.timestamps import parse
from functions.core.ports import ModelClient
from functions.core.services.artifacts import TEXT
from functions.core.services.sending import Use, Verdict
from functions.core.services.tools import Tools

TO_WRITE_SECONDS = 8
"""What is needed after the answer: evidence, artifact, settlement."""
_UNSERVED = (
    AnswerStatus.THROTTLED,
    AnswerStatus.TOO_LARGE,
    AnswerStatus.REJECTED,
    AnswerStatus.UNAVAILABLE,
)


@dataclass(frozen=True)
class _Pinned:
    """What admission pinned for the call."""

    task: AiTask
    models: Models
    policy: Policy


class CallModel:
    """The second function of run_ai_task."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def call(
        self, step: Step, call: Call, me: Invocation, client_of: Mapping[str, ModelClient]
    ) -> Answered:
        """Mark, ask the gate, send, attest, settle."""
        ticket = self._tools.verify(step)
        attempt = AttemptName.parse(call.attempt)
        if call.cached is not None:
            return self._recalled(step, call, attempt, call.cached)
        messages = json.loads(self._tools.artifacts.fetch(call.prompt, run=step.run))
        tail = self._mark(attempt, me, call)
        if tail is None:
            return Answered(status=NOT_MINE)
        use = Use(f"ai_task#{step.task}", call.task_version, call.target, watched=True)
        verdict = self._tools.sending.gate(attempt, use)
        place = call.place
        worst = Decimal(call.worst_usd)
        pinned = self._pinned(step, call, verdict.run) if verdict.run and verdict.open else None
        refused = verdict.reason if pinned is None else self._forbidden(call, pinned)
        busy = None
        if pinned is not None and not refused:
            busy = self._turn(call, pinned, verdict, me, ticket)
            refused = busy.turn if busy else ""
        if pinned is None or refused:
            if self._tools.sending.close_own(attempt, me) and place:
                self._tools.ledger.release(place, str(attempt), worst)
            return Answered(
                status=refused,
                wait_seconds=busy.seconds if busy else 0,
                evidence_n=tail.n,
                evidence_hash=tail.hash,
            )
        target, task = pinned.models.targets[call.target], pinned.task
        form = Form(call.form) if call.form else rung(target, task.output_schema)
        seconds = self._time_for(task, call, me)
        answer = client_of[target.dialect].complete(
            ModelRequest(
                target_name=call.target,
                target=target,
                messages=messages,
                schema=schema_for(task.output_schema, target, form),
                schema_name=task.name,
                max_output_tokens=call.max_output_tokens,
                timeout_seconds=seconds,
                attempt=call.attempt,
                form=form,
                sampling=task.drawn(call.number),
            )
        )
        told = self._answered(step, call, ticket, answer, target, place, tail)
        self._tools.turns.note(
            call.target,
            target,
            verdict.health,
            answer,
            call.attempt,
            patience=seconds,
            cost_percent=call.cost_percent(told),
        )
        return told

    def _recalled(self, step: Step, call: Call, attempt: AttemptName, cached: Cached) -> Answered:
        """Hand on a cached answer where the gate would let the call pass; nothing is sent.

        So there is no mark: one would say that somebody may have sent.
        """
        chain, id_ = chain_of(step.run, step.step), f"{attempt}:prepared"
        tail = self._tools.evidence.append(chain, Kind.PREPARED, id_, call.prepared or {})
        verdict = self._tools.sending.gate(
            attempt, Use(f"ai_task#{step.task}", call.task_version, call.target)
        )
        return Answered(
            status=AnswerStatus.ANSWERED if verdict.open else verdict.reason,
            answer=cached.answer if verdict.open else None,
            evidence_n=tail.n,
            evidence_hash=tail.hash,
        )

    def _mark(self, attempt: AttemptName, me: Invocation, call: Call) -> Tail | None:
        """Mark *attempt*, with its record unless that is there already."""
        if call.prepared is not None:
            return self._tools.mark(
                attempt, me, kind=KIND, facts=call.facts, prepared=call.prepared
            )
        mine = self._tools.sending.mark(attempt, me, kind=KIND, facts=call.facts)
        return Tail(call.evidence_n, call.evidence_hash) if mine else None

    def _pinned(self, step: Step, call: Call, run: Item) -> _Pinned:
        pins, catalog = run["pins"], self._tools.catalog
        task = catalog.pinned("ai_task", step.task, call.task_version, AiTask)
        models = catalog.pinned("models", "models", pins["models#models"], Models)
        policy = catalog.pinned("policy", task.policy, pins[f"policy#{task.policy}"], Policy)
        return _Pinned(task, models, policy)

    def _forbidden(self, call: Call, pinned: _Pinned) -> str:
        """Say why the target may not be given the task's data; empty where it may.

        It was asked when the call was prepared. What is sent is decided here.
        """
        route = pinned.models.route(pinned.task.route)
        entry = next((e for e in route.entries if e.target == call.target), None) if route else None
        if route is None or entry is None:
            return FORBIDDEN
        data, worst = data_class(pinned.task, pinned.policy), Decimal(call.worst_usd)
        return FORBIDDEN if objection(pinned.models, route, entry, data, worst) else ""

    def _turn(
        self, call: Call, pinned: _Pinned, verdict: Verdict, me: Invocation, ticket: Ticket
    ) -> Busy | None:
        """Take a turn at the target; None: it is taken."""
        return self._tools.turns.ask(
            call.target,
            pinned.models.targets[call.target],
            verdict.health,
            attempt=call.attempt,
            until=me.until,
            team=ticket.team,
            tokens=call.tokens,
            bound_percent=call.bound_percent,
        )

    def _time_for(self, task: AiTask, call: Call, me: Invocation) -> float:
        """Return how long a provider may take: what is left of the deadline, within my own life.

        Answered too late is an outcome; a function killed in its call only leaves a mark.
        """
        left = (parse(me.until) - self._tools.clock.now()).total_seconds() - TO_WRITE_SECONDS
        return max(1.0, min(task.limits.deadline_seconds - call.spent_seconds, left))

    def _answered(
        self,
        step: Step,
        call: Call,
        ticket: Ticket,
        answer: ModelAnswer,
        target: Target,
        place: Place | None,
        behind: Tail,
    ) -> Answered:
        worst = Decimal(call.worst_usd)
        usage = answer.usage or Usage(0, 0)
        actual = _actual(answer, target, worst)
        kept = None
        if answer.text:
            kept = self._tools.artifacts.keep(
                answer.text.encode(), TEXT, team=ticket.team, run=step.run
            )
        tail = self._tools.evidence.append(
            chain_of(step.run, step.step),
            Kind.ANSWERED,
            f"{call.attempt}:answered",
            {
                "attempt": call.attempt,
                "status": answer.status,
                "gen_ai.response.model": answer.model,
                "gen_ai.response.id": answer.provider_request_id,
                "gen_ai.response.finish_reasons": [answer.finish_reason]
                if answer.finish_reason
                else [],
                "gen_ai.usage.input_tokens": usage.all_input_tokens,
                "gen_ai.usage.output_tokens": usage.all_output_tokens,
                "answer": kept.artifact if kept else None,
                "usd": text(actual),
            },
            behind,
        )
        if place and answer.status is AnswerStatus.UNKNOWN:
            self._tools.ledger.unconfirmed(place, call.attempt, worst)
        elif place:
            self._tools.ledger.settle(place, call.attempt, worst, actual)
        return Answered(
            status=answer.status,
            answer=kept.mint(self._tools.keys) if kept else None,
            model=answer.model,
            input_tokens=usage.all_input_tokens,
            output_tokens=usage.all_output_tokens,
            usd=text(actual),
            wait_seconds=ceil(answer.wait_seconds or 0),
            evidence_n=tail.n,
            evidence_hash=tail.hash,
        )


def _actual(answer: ModelAnswer, target: Target, worst: Decimal) -> Decimal:
    """Return what an answer cost: as the provider counted, else at worst what was reserved."""
    if answer.usage is None:
        return Decimal(0) if answer.status in _UNSERVED else worst
    return cost(answer.usage, target.prices)
