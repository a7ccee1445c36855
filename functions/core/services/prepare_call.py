"""PrepareCall: render layers 1 and 2, bound the cost, reserve it, name the attempt."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from functions.core.domain.ai_step import Cached, Call, Step
from functions.core.domain.budgets import Budgets
from functions.core.domain.canonical import canonical
from functions.core.domain.errors import (
    BudgetBusy,
    BudgetExceeded,
    GuardUnavailable,
    InputBlocked,
    InputInParts,
    InterlockError,
    MoneyInFlight,
    NoTargetAllowed,
    OnRecordError,
    PermanentError,
    PersonRequired,
)
from functions.core.domain.guards.inbound import screen
from functions.core.domain.guards.outbound import needs_variables, texts_of
from functions.core.domain.inputs.reading import PdfReader, read_inputs
from functions.core.domain.keys import Keyring
from functions.core.domain.ladder import fills_absent_with_null
from functions.core.domain.ledger import Place, text
from functions.core.domain.names import AttemptName
from functions.core.domain.references import Reference, references
from functions.core.domain.run import Outcome
from functions.core.domain.sampling import Sampling, asked
from functions.core.domain.targets import Target
from functions.core.domain.ticket import Ticket
from functions.core.domain.timestamps import iso
from functions.core.services.artifacts import JSON
from functions.core.services.detectors import GUARDRAIL, guarded
from functions.core.services.drafting import Draft, Drafting
from functions.core.services.personal import Concealed, conceal
from functions.core.services.pinned import Pinned, read_pinned
from functions.core.services.recalling import question_of, recall
from functions.core.services.tools import Tools

BUDGET_WAITS = 10
"""Times a step waits for money in flight, 25 minutes in all (run_ai_task, WaitForMoney): longer
than any reservation holds what nobody settles."""
RESERVED_FOR = timedelta(minutes=15)
"""How long an unsent reservation holds its money before sweep releases it."""


class PrepareCall:
    """The first function of run_ai_task."""

    def __init__(self, tools: Tools, pdf: PdfReader) -> None:
        self._tools = tools
        self._pdf = pdf

    def prepare(
        self,
        step: Step,
        variables: Mapping[str, Any],
        number: int,
        target_index: int,
        repair: Mapping[str, Any] | None = None,
        repairs: int = 0,
        *,
        spent_seconds: float = 0,
        waited_seconds: int = 0,
        budget_waits: int | None = None,
        part: int | None = None,
    ) -> Call:
        """Render layers 1 and 2, bound the cost, reserve it, name the attempt.

        *repair* refers to an answer whose error the model is shown; *repairs* counts such rounds.
        What the step's earlier attempts *spent* and *waited* is handed on. *part* is the one that
        is asked about of an input that is declared so.

        Raises
        ------
        MoneyInFlight
            The budget is busy, and the step waited *budget_waits* times for it, which is not
            enough; None: its machine is of a release that does not wait.
        """
        try:
            again = number > 1 or waited_seconds > 0
            call = self._prepare(
                step, variables, number, target_index, repair, again=again, part=part
            )
        except PermanentError as error:
            waits = budget_waits is not None and budget_waits < BUDGET_WAITS
            if isinstance(error, BudgetBusy) and waits:
                raise MoneyInFlight(str(error)) from error
            outcomes: dict[type[InterlockError], Outcome] = {
                BudgetBusy: Outcome.BUDGET_BUSY,
                BudgetExceeded: Outcome.BUDGET_EXCEEDED,
                NoTargetAllowed: Outcome.BLOCKED_BY_POLICY,
                InputBlocked: Outcome.BLOCKED_BY_POLICY,
                PersonRequired: Outcome.BLOCKED_BY_POLICY,
                GuardUnavailable: Outcome.BLOCKED_BY_POLICY,
            }
            self._refuse(step, outcomes.get(type(error), Outcome.FAILED), error, number)
            raise
        used = {"spent_seconds": spent_seconds, "waited_seconds": waited_seconds}
        return call.model_copy(update={"repairs": repairs, **used})

    def _prepare(
        self,
        step: Step,
        variables: Mapping[str, Any],
        number: int,
        target_index: int,
        repair: Mapping[str, Any] | None,
        *,
        again: bool,
        part: int | None,
    ) -> Call:
        ticket = self._tools.verify(step)
        pinned = read_pinned(self._tools, step)
        values = self._tools.artifacts.resolve(dict(variables), run=step.run)
        read = read_inputs(pinned.task, values, self._pdf, part)
        screened = screen(pinned.task, read.values, pinned.policy)
        concealed = conceal(
            self._tools, screened, pinned.task, pinned.policy, team=ticket.team, run=step.run
        )
        record = self._guarded(pinned, concealed)
        given = read.as_passed(concealed.given, pinned.task)
        concealed = replace(concealed, given=given, notice=read.notice, record=record)
        drafting = Drafting(self._tools, step, pinned)
        draft = drafting.draft(concealed, target_index, repair, again=again)
        target, prompt, tokens_out = draft.target, draft.prompt, draft.tokens_out
        key = "" if repair is not None else self._cache_key(pinned, draft, ticket.team)
        # samples are asked, each of them; what they agreed on before is an answer
        first = number == 1 or pinned.task.agreement is None
        cached = self._cached(pinned, draft, key, ticket) if first else None
        attempt = AttemptName.draw(step.run, step.step, number, self._tools.clock.now())
        worst = Decimal(0) if cached else draft.worst
        place, shards = (None, 0) if cached else self._reserve(attempt, pinned, target, worst)
        kept = self._tools.artifacts.keep(
            canonical(list(prompt.messages)), JSON, team=ticket.team, run=step.run
        )
        prepared = {
            "attempt": str(attempt),
            "task": step.task,
            "task_version": pinned.task_version,
            "models_version": pinned.item["pins"]["models#models"],
            "policy": pinned.task.policy,
            "target": draft.name,
            "form": draft.form,
            **({"repairs": "the last answer"} if repair is not None else {}),
            **(cached.on_record() if cached else {}),
            "gen_ai.request.model": target.model,
            "gen_ai.request.max_tokens": tokens_out,
            **_sampled(pinned.task.drawn(number), target),
            "prompt": kept.artifact,
            "inputs": sorted(r.artifact for r in _inputs(self._tools.keys, variables)),
            **({"inputs_read": list(read.record)} if read.record else {}),
            **({"partial": dict(read.partial)} if read.partial else {}),
            "worst_usd": text(worst),
            **({"guards": list(concealed.record)} if concealed.record else {}),
            **({"budget": place.budget.name} if place else {}),
        }
        return Call(
            attempt=str(attempt),
            number=number,
            target_index=draft.index,
            target=draft.name,
            task_version=pinned.task_version,
            prompt=kept.mint(self._tools.keys),
            worst_usd=text(worst),
            shards=shards,
            budget=place.budget.name if place else "",
            limits_run=place.limits_run if place else False,
            max_output_tokens=tokens_out,
            prepared=prepared,
            targets=draft.targets,
            max_answer_bytes=pinned.policy.max_answer_bytes,
            repairing=repair is not None,
            form=draft.form,
            absent_as_null=fills_absent_with_null(target, draft.form),
            cache_key=key,
            cached=cached,
            tokens=prompt.tokens_at_most + tokens_out,
            bound_percent=draft.bound_percent,
            fallback_on=pinned.route.fallback_on,
            wait_limit=pinned.route.wait_seconds,
            prepared_at=iso(attempt.drawn_at),
            policy=pinned.task.policy,
            policy_version=pinned.policy_version,
            vault=concealed.vault,
            partial=dict(read.partial) or None,
            given=self._given(pinned, concealed, ticket),
        )

    def _given(self, pinned: Pinned, concealed: Concealed, ticket: Ticket) -> dict[str, Any] | None:
        """Keep the variables where a rule of the policy compares the answer with them."""
        if not needs_variables(pinned.policy.answer):
            return None
        given = dict(concealed.given)
        return self._tools.artifacts.keep_value(given, team=ticket.team, run=ticket.run)

    def _guarded(self, pinned: Pinned, concealed: Concealed) -> tuple[dict[str, Any], ...]:
        """Let the policy's guardrails look at what will be sent; return all that is on record.

        Raises
        ------
        InputBlocked, GuardUnavailable
            One intervened, or said nothing.
        """
        rules = pinned.policy.guardrails
        texts = list(texts_of(concealed.values))
        record, intervened = guarded(self._tools.detectors, rules, "INPUT", texts)
        if intervened:
            raise InputBlocked(GUARDRAIL, (*concealed.record, *record))
        return (*concealed.record, *record)

    def _cache_key(self, pinned: Pinned, draft: Draft, team: str) -> str:
        """Return the call's key in the exact cache; empty where the task declares none."""
        if pinned.task.cache is None:
            return ""
        question = question_of(
            pinned.task,
            draft.prompt,
            draft.target,
            draft.form,
            draft.tokens_out,
            pins=pinned.item["pins"],
            target_name=draft.name,
        )
        return self._tools.cache.key(team, question)

    def _cached(self, pinned: Pinned, draft: Draft, key: str, ticket: Ticket) -> Cached | None:
        null = fills_absent_with_null(draft.target, draft.form)
        return recall(
            self._tools, pinned.task, key, team=ticket.team, run=ticket.run, absent_as_null=null
        )

    def _reserve(
        self, attempt: AttemptName, pinned: Pinned, target: Target, worst: Decimal
    ) -> tuple[Place | None, int]:
        """Set *worst* aside; return where, and on how many shards: nowhere if it costs nothing."""
        if target.prices.free:
            return None, 0
        version = pinned.item["pins"]["budgets#budgets"]
        budgets = self._tools.catalog.pinned("budgets", "budgets", version, Budgets)
        grant = budgets.for_call(team=pinned.task.team, task=pinned.task.name)
        until = iso(self._tools.clock.now() + RESERVED_FOR)
        limits_run = "usd_left" in pinned.item
        place = self._tools.ledger.reserve(
            attempt, grant, worst, until=until, limits_run=limits_run
        )
        return place, grant.shards

    def _refuse(self, step: Step, outcome: Outcome, error: PermanentError, number: int) -> None:
        """Put on record why a step ended unsent; a forged one leaves no trace."""
        try:
            self._tools.verify(step)
        except InterlockError:
            return
        reason = type(error).__name__
        body: dict[str, Any] = {"task": step.task, "outcome": outcome, "reason": reason}
        if isinstance(error, OnRecordError) and error.record:
            body["guards"] = list(error.record)
        facts = step.ended(outcome, reason)
        if isinstance(error, InputInParts):  # CloseAttempt tells the machine
            facts["parts"] = str(error.parts)
        id_ = f"{step.run}/{step.step}/{number}:refused"
        self._tools.conclude_unsent(step, id_, body, facts)


def _sampled(sampling: Sampling | None, target: Target) -> dict[str, float]:
    """Return temperature and seed under their names in evidence, as far as they are sent."""
    if target.dialect == "embedded":
        return {}
    told = asked(sampling, target)
    named = {"gen_ai.request.temperature": told.temperature, "gen_ai.request.seed": told.seed}
    return {name: value for name, value in named.items() if value is not None}


def _inputs(keys: Keyring, variables: Mapping[str, Any]) -> list[Reference]:
    return [Reference.verify(keys, value) for _, value in references(dict(variables))]
