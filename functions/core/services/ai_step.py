"""One AI step: prepare, call, check (CONTRACTS: sending; DESIGN: three control layers).

State carries names, hashes, counts and references between the three; never a text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from functions.core.domain.answers import AnswerProblem, read_answer
from functions.core.domain.canonical import canonical
from functions.core.domain.definitions import AiTask, Budgets, Models, Policy, Target
from functions.core.domain.errors import (
    BudgetBusy,
    BudgetExceeded,
    InterlockError,
    PermanentError,
    PromptTooLarge,
    RunNotOpen,
    StepRefused,
    UnknownDefinition,
    UseNotDeclared,
)
from functions.core.domain.evidence import Kind, Tail, chain_of
from functions.core.domain.expressions import Item
from functions.core.domain.keys import Keyring
from functions.core.domain.ledger import ORGANISATION, Place, price, text
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest, Usage
from functions.core.domain.names import AttemptName, is_step_identity, nested_name
from functions.core.domain.references import Reference, references
from functions.core.domain.run import WORKING, Outcome, run_ref
from functions.core.domain.schemas import max_output_tokens_bound, personal_pointers
from functions.core.domain.step import Invocation, Mark
from functions.core.domain.ticket import Ticket
from functions.core.domain.timestamps import iso, parse
from functions.core.ports import Clock, ModelClient, Store
from functions.core.services.artifacts import JSON, TEXT, Artifacts
from functions.core.services.catalog import Catalog
from functions.core.services.evidence import Evidence
from functions.core.services.ledger import Grant, Ledger
from functions.core.services.sending import Sending, Use

if TYPE_CHECKING:
    from functions.core.domain.prompts import RenderedPrompt

RESERVED_FOR = timedelta(minutes=15)
"""How long an unsent reservation holds its money before sweep releases it."""
KIND = "ai_task"
TO_WRITE_SECONDS = 8
"""What CallModel needs after the answer: evidence, artifact, settlement."""
NOT_MINE = "not_mine"
"""Another invocation has marked the attempt: only time tells what became of it."""


class Step(BaseModel):
    """Who asks: what the platform machine passes to each of its functions, unchanged."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    run: str
    ticket: str
    step: str
    execution: str
    task: str


class Call(BaseModel):
    """One prepared attempt, as it travels from PrepareCall to CheckAnswer."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    attempt: str
    number: int
    target_index: int
    target: str
    task_version: str
    prompt: dict[str, Any]
    worst_usd: str
    shards: int
    max_output_tokens: int
    evidence_n: int
    evidence_hash: str


class Answered(BaseModel):
    """What became of the call, as it travels from CallModel to CheckAnswer."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    status: str
    answer: dict[str, Any] | None = None
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: str = "0"
    wait_seconds: int = 0
    evidence_n: int = 0
    evidence_hash: str = ""


class Checked(BaseModel):
    """What the machine does next: `accepted`, `again`, `wait`, `lost` or `failed`."""

    model_config = ConfigDict(frozen=True)

    next: str
    outcome: str = ""
    reason: str = ""
    answer: Any = None
    number: int = 1
    target_index: int = 0
    seconds: int = 0

    @classmethod
    def again_said(cls, step: Item) -> "Checked":
        """Return how a step ended whose function wrote it and died before it said so."""
        outcome, answer = step["outcome"], step.get("answer")
        return cls(
            next="accepted" if outcome == Outcome.SUCCEEDED else "failed",
            outcome=outcome,
            reason=step["reason"],
            answer=json.loads(answer) if answer else None,
        )


def verified(
    keys: Keyring, clock: Clock, *, run: str, step: str, ticket: str, execution: str
) -> Ticket:
    """Return the ticket of a step that is what it says; raise TicketRefused or StepRefused."""
    genuine = Ticket.verify(keys.ticket, ticket, run=run, now=clock.now())
    if not is_step_identity(step) or execution != nested_name(run, step):
        raise StepRefused("the execution's name is not the step's")
    return genuine


@dataclass(frozen=True)
class _Pinned:
    """What admission pinned for this step, read back."""

    item: Item
    task: AiTask
    task_version: str
    models: Models
    policy: Policy


class AiStep:
    """The three functions of run_ai_task."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        keys: Keyring,
        catalog: Catalog,
        artifacts: Artifacts,
        evidence: Evidence,
    ) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys
        self._catalog = catalog
        self._artifacts = artifacts
        self._evidence = evidence
        self._ledger = Ledger(store)
        self._sending = Sending(store, clock)

    # PrepareCall

    def prepare(
        self, step: Step, variables: Mapping[str, Any], number: int, target_index: int
    ) -> Call:
        """Render layers 1 and 2, bound the cost, reserve it, name the attempt."""
        try:
            return self._prepare(step, variables, number, target_index)
        except PermanentError as error:
            outcomes: dict[type[InterlockError], Outcome] = {
                BudgetBusy: Outcome.BUDGET_BUSY,
                BudgetExceeded: Outcome.BUDGET_EXCEEDED,
            }
            outcome = outcomes.get(type(error), Outcome.FAILED)
            self._refuse(step, outcome, type(error).__name__, number)
            raise

    def _prepare(
        self, step: Step, variables: Mapping[str, Any], number: int, target_index: int
    ) -> Call:
        from functions.core.domain.prompts import render_prompt  # noqa: PLC0415  (jinja2: here only)

        ticket = self._verify(step)
        pinned = self._pinned(step)
        route = pinned.models.routes.get(pinned.task.route)
        if route is None:
            raise UnknownDefinition(f"no route {pinned.task.route}")
        name = route[target_index % len(route)]
        target = pinned.models.targets[name]
        values = self._artifacts.resolve(dict(variables), run=step.run)
        prompt = render_prompt(
            pinned.task,
            values,
            fence_key=self._keys.fence,
            max_bytes=pinned.policy.max_prompt_bytes,
            native_schema="json_schema" in target.capabilities,
        )
        tokens_out = self._bounded(prompt, pinned.task, target)
        attempt = AttemptName.draw(step.run, step.step, number, self._clock.now())
        worst, shards = self._reserve(attempt, pinned, target, prompt.tokens_at_most, tokens_out)
        kept = self._artifacts.keep(
            canonical(list(prompt.messages)), JSON, team=ticket.team, run=step.run
        )
        tail = self._evidence.append(
            chain_of(step.run, step.step),
            Kind.PREPARED,
            f"{attempt}:prepared",
            {
                "attempt": str(attempt),
                "task": step.task,
                "task_version": pinned.task_version,
                "models_version": pinned.item["pins"]["models#models"],
                "policy": pinned.task.policy,
                "target": name,
                "gen_ai.request.model": target.model,
                "gen_ai.request.max_tokens": tokens_out,
                "prompt": kept.artifact,
                "inputs": sorted(r.artifact for r in _inputs(self._keys, variables)),
                "worst_usd": text(worst),
            },
        )
        return Call(
            attempt=str(attempt),
            number=number,
            target_index=target_index,
            target=name,
            task_version=pinned.task_version,
            prompt=kept.mint(self._keys),
            worst_usd=text(worst),
            shards=shards,
            max_output_tokens=tokens_out,
            evidence_n=tail.n,
            evidence_hash=tail.hash,
        )

    def _verify(self, step: Step) -> Ticket:
        return verified(
            self._keys,
            self._clock,
            run=step.run,
            step=step.step,
            ticket=step.ticket,
            execution=step.execution,
        )

    def _pinned(self, step: Step) -> _Pinned:
        item = self._store.get(run_ref(step.run))
        if item is None or item["status"] not in WORKING:
            raise RunNotOpen(f"the run is {item['status'] if item else 'unknown'}")
        pins = item["pins"]
        version = pins.get(f"ai_task#{step.task}")
        if version is None:
            raise UseNotDeclared(f"{item['workflow']} does not declare the AI task")
        task = self._catalog.pinned("ai_task", step.task, version, AiTask)
        models = self._catalog.pinned("models", "models", pins["models#models"], Models)
        policy_version = pins.get(f"policy#{task.policy}")
        if policy_version is None:
            raise UnknownDefinition(f"no policy {task.policy} was pinned")
        policy = self._catalog.pinned("policy", task.policy, policy_version, Policy)
        return _Pinned(item, task, version, models, policy)

    def _bounded(self, prompt: "RenderedPrompt", task: AiTask, target: Target) -> int:
        """Return the most output tokens; raise PromptTooLarge if prompt and answer don't fit."""
        by_schema = max_output_tokens_bound(task.output_schema)
        bounds = [task.limits.max_output_tokens, target.limits.output_tokens]
        tokens_out = min([*bounds, by_schema] if by_schema else bounds)
        if prompt.tokens_at_most + tokens_out > target.limits.context_tokens:
            raise PromptTooLarge("prompt and answer exceed the target's context")
        return tokens_out

    def _reserve(
        self, attempt: AttemptName, pinned: _Pinned, target: Target, tokens_in: int, tokens_out: int
    ) -> tuple[Decimal, int]:
        worst = price(
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            input_usd=target.prices.input_usd_per_million,
            output_usd=target.prices.output_usd_per_million,
        )
        if target.prices.free:
            return Decimal(0), 0
        version = pinned.item["pins"]["budgets#budgets"]
        budgets = self._catalog.pinned("budgets", "budgets", version, Budgets)
        budget = next(b for b in budgets.budgets if b.scope == ORGANISATION)
        grant = Grant(budget.scope, Decimal(budget.limit_usd), budget.shards)
        until = iso(self._clock.now() + RESERVED_FOR)
        self._ledger.reserve(attempt, grant, worst, until=until)
        return worst, budget.shards

    def _refuse(self, step: Step, outcome: Outcome, reason: str, number: int) -> None:
        """Put on record why a step ended unsent; a forged one leaves no trace."""
        try:
            self._verify(step)
        except InterlockError:
            return
        self.record(step, outcome, reason, id_=f"{step.run}/{step.step}/{number}:refused")

    def record(self, step: Step, outcome: Outcome, reason: str, *, id_: str) -> None:
        """Write a step's end that no answer brought about."""
        body = {"task": step.task, "outcome": outcome, "reason": reason}
        self._evidence.append(chain_of(step.run, step.step), Kind.CLOSED, id_, body)
        facts = {"kind": KIND, "name": step.task, "outcome": outcome, "reason": reason}
        self._sending.finish(step.run, step.step, facts)

    # CallModel

    def call(
        self, step: Step, call: Call, me: Invocation, client_of: Mapping[str, ModelClient]
    ) -> Answered:
        """Mark, ask the gate, send, attest, settle."""
        ticket = self._verify(step)
        attempt = AttemptName.parse(call.attempt)
        messages = json.loads(self._artifacts.fetch(call.prompt, run=step.run))
        facts = {"target": call.target, "task_version": call.task_version}
        if not self._sending.mark(attempt, me, kind=KIND, facts=facts):
            return Answered(
                status=NOT_MINE, evidence_n=call.evidence_n, evidence_hash=call.evidence_hash
            )
        use = Use(f"ai_task#{step.task}", call.task_version, call.target)
        verdict = self._sending.gate(attempt, use)
        place = Place.of(attempt, scope=ORGANISATION, shards=call.shards) if call.shards else None
        worst = Decimal(call.worst_usd)
        if verdict.run is None or not verdict.open:
            if self._sending.close_own(attempt, me) and place:
                self._ledger.release(place, str(attempt), worst)
            return Answered(
                status=verdict.reason, evidence_n=call.evidence_n, evidence_hash=call.evidence_hash
            )
        pins = verdict.run["pins"]
        target = self._catalog.pinned("models", "models", pins["models#models"], Models).targets[
            call.target
        ]
        task = self._catalog.pinned("ai_task", step.task, call.task_version, AiTask)
        answer = client_of[target.dialect].complete(
            ModelRequest(
                target_name=call.target,
                target=target,
                messages=messages,
                schema=task.output_schema,
                schema_name=task.name,
                max_output_tokens=call.max_output_tokens,
                timeout_seconds=self._time_for(task, me),
                attempt=call.attempt,
            )
        )
        return self._answered(step, call, ticket, answer, target, place)

    def _time_for(self, task: AiTask, me: Invocation) -> float:
        """Return how long a provider may take: the task's deadline, within my own life.

        Answered too late is an outcome; a function killed in its call only leaves a mark.
        """
        left = (parse(me.until) - self._clock.now()).total_seconds() - TO_WRITE_SECONDS
        return max(1.0, min(task.limits.deadline_seconds, left))

    def _answered(
        self,
        step: Step,
        call: Call,
        ticket: Ticket,
        answer: ModelAnswer,
        target: Target,
        place: Place | None,
    ) -> Answered:
        worst = Decimal(call.worst_usd)
        usage = answer.usage or Usage(0, 0)
        actual = _actual(answer, target, worst)
        kept = None
        if answer.text:
            kept = self._artifacts.keep(answer.text.encode(), TEXT, team=ticket.team, run=step.run)
        tail = self._evidence.append(
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
                "gen_ai.usage.input_tokens": usage.input_tokens,
                "gen_ai.usage.output_tokens": usage.output_tokens,
                "answer": kept.artifact if kept else None,
                "usd": text(actual),
            },
            Tail(call.evidence_n, call.evidence_hash),
        )
        if place and answer.status is AnswerStatus.UNKNOWN:
            self._ledger.unconfirmed(place, call.attempt, worst)
        elif place:
            self._ledger.settle(place, call.attempt, worst, actual)
        return Answered(
            status=answer.status,
            answer=kept.mint(self._keys) if kept else None,
            model=answer.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            usd=text(actual),
            wait_seconds=int(answer.wait_seconds or 0),
            evidence_n=tail.n,
            evidence_hash=tail.hash,
        )

    # CheckAnswer

    def check(self, step: Step, call: Call, answered: Answered) -> Checked:
        """Apply layer 3: the whole schema, always; say what the machine does next."""
        ticket = self._verify(step)
        if answered.status == NOT_MINE:
            return Checked(next="lost", reason=NOT_MINE)
        pinned_task = self._catalog.pinned("ai_task", step.task, call.task_version, AiTask)
        value, reason = self._read(step, pinned_task, answered)
        if reason:
            return self._not_accepted(step, call, answered, pinned_task, reason)
        hidden = personal_pointers(pinned_task.output_schema, value)
        fit = self._artifacts.shrink(value, hidden, team=ticket.team, run=step.run)
        self._conclude(step, call, answered, Outcome.SUCCEEDED, "", fit)
        return Checked(next="accepted", outcome=Outcome.SUCCEEDED, answer=fit)

    def _read(self, step: Step, task: AiTask, answered: Answered) -> tuple[Any, str]:
        if answered.status != AnswerStatus.ANSWERED or answered.answer is None:
            return None, answered.status.upper()
        try:
            answer_text = self._artifacts.fetch(answered.answer, run=step.run).decode()
            return read_answer(answer_text, task.output_schema), ""
        except AnswerProblem as problem:
            return None, str(problem)

    def _not_accepted(
        self, step: Step, call: Call, answered: Answered, task: AiTask, reason: str
    ) -> Checked:
        if call.number < task.limits.attempts and _was_sent(answered):
            self._attest_check(step, call, answered, "", reason)
            self._sending.close_answered(AttemptName.parse(call.attempt), _used(answered, reason))
            waits = answered.status == AnswerStatus.THROTTLED
            return Checked(
                next="wait" if waits else "again",
                reason=reason,
                number=call.number + 1,
                target_index=call.target_index if waits else call.target_index + 1,
                seconds=max(1, answered.wait_seconds) if waits else 0,
            )
        rejected = answered.status == AnswerStatus.ANSWERED
        outcome = Outcome.REJECTED_OUTPUT if rejected else Outcome.FAILED
        self._conclude(step, call, answered, outcome, reason, None)
        return Checked(next="failed", outcome=outcome, reason=reason)

    def _conclude(
        self, step: Step, call: Call, answered: Answered, outcome: Outcome, reason: str, answer: Any
    ) -> None:
        self._attest_check(step, call, answered, outcome, reason)
        facts = {
            "kind": KIND,
            "name": step.task,
            "version": call.task_version,
            "outcome": outcome,
            "reason": reason,
            "answer": json.dumps(answer, sort_keys=True) if answer is not None else "",
        }
        attempt = AttemptName.parse(call.attempt)
        if _was_sent(answered):
            used = _used(answered, reason)
            self._sending.finish(step.run, step.step, facts, answered=attempt, used=used)
        else:
            self._sending.finish(step.run, step.step, facts)

    def _attest_check(
        self, step: Step, call: Call, answered: Answered, outcome: str, reason: str
    ) -> None:
        body = {"attempt": call.attempt, "outcome": outcome, "reason": reason}
        tail = Tail(answered.evidence_n, answered.evidence_hash)
        chain = chain_of(step.run, step.step)
        self._evidence.append(chain, Kind.CHECKED, f"{call.attempt}:checked", body, tail)

    # CloseAttempt

    def close(self, step: Step, call: Call | None, error: str) -> Checked:
        """Find out what became of an attempt whose function did not come back.

        Returns
        -------
        Checked
            `wait` while its sender may live, then `again` or `failed`.
        """
        self._verify(step)
        if call is None:
            self.record(step, Outcome.FAILED, error, id_=f"{step.run}/{step.step}:{error}")
            return Checked(next="failed", outcome=Outcome.FAILED, reason=error)
        attempt = AttemptName.parse(call.attempt)
        mark = self._sending.close_lost(attempt)
        if mark is None:
            return Checked(next="wait", seconds=5)
        ended = self._sending.concluded(attempt) if mark is Mark.ANSWERED else None
        if ended is not None:
            return Checked.again_said(ended)
        self.book(attempt, mark, Decimal(call.worst_usd), call.shards)
        body = {"attempt": call.attempt, "mark": mark, "reason": error}
        self._evidence.append(chain_of(step.run, step.step), Kind.CLOSED, f"{attempt}:closed", body)
        task = self._catalog.pinned("ai_task", step.task, call.task_version, AiTask)
        if call.number < task.limits.attempts:
            return Checked(
                next="again", reason=error, number=call.number + 1, target_index=call.target_index
            )
        self.record(step, Outcome.FAILED, error, id_=f"{attempt}:failed")
        return Checked(next="failed", outcome=Outcome.FAILED, reason=error)

    def book(self, attempt: AttemptName, mark: Mark, worst: Decimal, shards: int) -> None:
        """Book what a closed attempt may have cost: nothing, or its worst case."""
        if not shards:
            return
        place = Place.of(attempt, scope=ORGANISATION, shards=shards)
        if mark is Mark.UNCONFIRMED:
            self._ledger.unconfirmed(place, str(attempt), worst)
        elif mark is Mark.UNSENT:
            self._ledger.release(place, str(attempt), worst)


_UNSERVED = (
    AnswerStatus.THROTTLED,
    AnswerStatus.TOO_LARGE,
    AnswerStatus.REJECTED,
    AnswerStatus.UNAVAILABLE,
)
_UNSENT = ("RUN_NOT_OPEN", "USE_NOT_PINNED")
"""Ends of CallModel at which nothing was sent, and trying again would not help."""


def _actual(answer: ModelAnswer, target: Target, worst: Decimal) -> Decimal:
    """Return what an answer cost: as the provider counted, else at worst what was reserved."""
    if answer.usage is None:
        return Decimal(0) if answer.status in _UNSERVED else worst
    return price(
        tokens_in=answer.usage.input_tokens,
        tokens_out=answer.usage.output_tokens,
        input_usd=target.prices.input_usd_per_million,
        output_usd=target.prices.output_usd_per_million,
    )


def _was_sent(answered: Answered) -> bool:
    return answered.status not in _UNSENT and not answered.status.startswith("STOPPED")


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


def _inputs(keys: Keyring, variables: Mapping[str, Any]) -> list[Reference]:
    return [Reference.verify(keys, value) for _, value in references(dict(variables))]
