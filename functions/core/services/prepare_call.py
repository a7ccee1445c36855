"""PrepareCall: render layers 1 and 2, bound the cost, reserve it, name the attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from functions.core.domain.ai_step import Cached, Call, Step
from functions.core.domain.answers import AnswerProblem, read_answer
from functions.core.domain.budgets import Budgets
from functions.core.domain.canonical import canonical
from functions.core.domain.costs import worst_case
from functions.core.domain.definitions import AiTask
from functions.core.domain.errors import (
    ArtifactRefused,
    BudgetBusy,
    BudgetExceeded,
    InputBlocked,
    InterlockError,
    MoneyInFlight,
    NoTargetAllowed,
    PermanentError,
    PersonRequired,
    PromptTooLarge,
    RunNotOpen,
    UnknownDefinition,
    UseNotDeclared,
)
from functions.core.domain.expressions import Item
from functions.core.domain.guards.canary import canary, sentence
from functions.core.domain.guards.inbound import screen
from functions.core.domain.inheritance import in_force
from functions.core.domain.keys import Keyring
from functions.core.domain.ladder import fills_absent_with_null, rung, schema_for
from functions.core.domain.ledger import Place, text
from functions.core.domain.models import Form
from functions.core.domain.names import AttemptName
from functions.core.domain.next_try import passes_over
from functions.core.domain.policies import Policy
from functions.core.domain.prompts import RenderedPrompt, render_prompt
from functions.core.domain.references import Reference, references
from functions.core.domain.routes import DataClass, Entry, Fallback, Route
from functions.core.domain.run import WORKING, Outcome, run_ref
from functions.core.domain.sampling import Sampling, asked
from functions.core.domain.schemas import max_output_tokens_bound
from functions.core.domain.serving import data_class, objection, objections, servers
from functions.core.domain.targets import Models, Target
from functions.core.domain.ticket import Ticket
from functions.core.domain.timestamps import iso
from functions.core.services.artifacts import JSON
from functions.core.services.personal import Concealed, Reveal, conceal
from functions.core.services.recalling import question_of, recall
from functions.core.services.tools import Tools

BUDGET_WAITS = 10
"""Times a step waits for money in flight, 25 minutes in all (run_ai_task, WaitForMoney): longer
than any reservation holds what nobody settles."""
RESERVED_FOR = timedelta(minutes=15)
"""How long an unsent reservation holds its money before sweep releases it."""


@dataclass(frozen=True)
class _Pinned:
    """What admission pinned for this step, read back."""

    item: Item
    task: AiTask
    task_version: str
    models: Models
    policy: Policy
    policy_version: str
    route: Route

    @property
    def data_class(self) -> DataClass:
        """What class of data the task is given."""
        return data_class(self.task, self.policy)


@dataclass(frozen=True)
class _Draft:
    """A call as one target of the route would be sent it."""

    index: int
    """Its place among the targets that may serve the task."""
    targets: int
    """How many of those there are."""
    name: str
    target: Target
    form: Form
    prompt: RenderedPrompt
    tokens_out: int
    worst: Decimal


class PrepareCall:
    """The first function of run_ai_task."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

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
    ) -> Call:
        """Render layers 1 and 2, bound the cost, reserve it, name the attempt.

        *repair* refers to an answer whose error the model is shown; *repairs* counts such rounds.
        What the step's earlier attempts *spent* and *waited* is handed on.

        Raises
        ------
        MoneyInFlight
            The budget is busy, and the step waited *budget_waits* times for it, which is not
            enough; None: its machine is of a release that does not wait.
        """
        try:
            call = self._prepare(step, variables, number, target_index, repair)
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
            }
            outcome = outcomes.get(type(error), Outcome.FAILED)
            guards = error.record if isinstance(error, InputBlocked | PersonRequired) else ()
            self._refuse(step, outcome, type(error).__name__, number, guards)
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
    ) -> Call:
        ticket = self._tools.verify(step)
        pinned = self._pinned(step)
        values = self._tools.artifacts.resolve(dict(variables), run=step.run)
        screened = screen(pinned.task, values, pinned.policy)
        concealed = conceal(
            self._tools, screened, pinned.task, pinned.policy, team=ticket.team, run=step.run
        )
        draft = self._drafted(step, pinned, concealed, target_index, repair)
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
            fallback_on=pinned.route.fallback_on,
            wait_limit=pinned.route.wait_seconds,
            prepared_at=iso(attempt.drawn_at),
            policy=pinned.task.policy,
            policy_version=pinned.policy_version,
            vault=concealed.vault,
        )

    def _cache_key(self, pinned: _Pinned, draft: _Draft, team: str) -> str:
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

    def _cached(self, pinned: _Pinned, draft: _Draft, key: str, ticket: Ticket) -> Cached | None:
        null = fills_absent_with_null(draft.target, draft.form)
        return recall(
            self._tools, pinned.task, key, team=ticket.team, run=ticket.run, absent_as_null=null
        )

    def _drafted(
        self,
        step: Step,
        pinned: _Pinned,
        concealed: Concealed,
        target_index: int,
        repair: Mapping[str, Any] | None,
    ) -> _Draft:
        """Return the call for the first target, from *target_index* on, that may be given it."""
        entries = _servers(pinned)
        index = target_index % len(entries)
        if repair is None:
            index = self._turn(pinned, entries, index)
        while True:
            is_last = repair is not None or index + 1 == len(entries)
            try:
                draft = self._draft(step, pinned, concealed, entries, index, repair)
            except PromptTooLarge:
                if is_last or Fallback.TOO_LARGE not in pinned.route.fallback_on:
                    raise
                index += 1
                continue
            found = objection(
                pinned.models, pinned.route, entries[index], pinned.data_class, draft.worst
            )
            if found is None:
                return draft
            if is_last:
                raise NoTargetAllowed(str(found))
            index += 1

    def _turn(self, pinned: _Pinned, entries: Sequence[Entry], start: int) -> int:
        """Return the first target from *start* on that nobody says to pass over.

        The last has nobody after it, so only a choice is worth the read. Where all are passed
        over, it is the one that is free first: the gate lets the call wait for it.
        """
        left = entries[start:]
        if len(left) == 1:
            return start
        healths = self._tools.turns.healths([entry.target for entry in left])
        now, limits = self._tools.clock.now(), pinned.task.limits
        seconds = []
        for index, health in enumerate(healths):
            busy = health.busy(now)
            if busy is None or not passes_over(busy, pinned.route.fallback_on, limits):
                return start + index
            seconds.append(busy.seconds)
        return start + seconds.index(min(seconds))

    def _draft(
        self,
        step: Step,
        pinned: _Pinned,
        concealed: Concealed,
        entries: Sequence[Entry],
        index: int,
        repair: Mapping[str, Any] | None,
    ) -> _Draft:
        """Render for one target, and bound what the call costs there."""
        target = pinned.models.targets[entries[index].target]
        repairing = None
        if repair is not None:
            repairing = self._repaired(repair, step, pinned, target, concealed.reveal)
        faults = (repairing[1].fault,) if repairing else ()
        form = rung(target, pinned.task.output_schema, faults)
        prompt = render_prompt(
            pinned.task,
            concealed.values,
            given=concealed.given,
            fence_key=self._tools.keys.fence,
            max_bytes=pinned.policy.max_prompt_bytes,
            native_schema=not form.schema_in_prompt,
            above=tuple(part.text for part in pinned.policy.preambles),
            below=sentence(canary(self._tools.keys.canary, step.task, pinned.task_version)),
        )
        if concealed.reminds:
            prompt = prompt.reminding()
        if repairing is not None:
            prompt = prompt.repairing(repairing[0], repairing[1].complaints)
        if prompt.size > pinned.policy.max_prompt_bytes:
            raise PromptTooLarge(f"over {pinned.policy.max_prompt_bytes} bytes")
        prompt = replace(prompt, schema=schema_for(pinned.task.output_schema, target, form))
        tokens_out = self._bounded(prompt, pinned.task, target)
        worst = worst_case(prompt.tokens_at_most, tokens_out, target.prices)
        return _Draft(
            index, len(entries), entries[index].target, target, form, prompt, tokens_out, worst
        )

    def _repaired(
        self,
        repair: Mapping[str, Any],
        step: Step,
        pinned: _Pinned,
        target: Target,
        reveal: Reveal | None,
    ) -> tuple[str, AnswerProblem]:
        """Return the answer that *target* gave at its first rung, and what was wrong with it."""
        answer = self._tools.artifacts.fetch(repair, run=step.run).decode()
        schema = pinned.task.output_schema
        try:
            read_answer(
                answer,
                schema,
                max_bytes=pinned.policy.max_answer_bytes,
                absent_as_null=fills_absent_with_null(target, rung(target, schema)),
                reveal=reveal,
            )
        except AnswerProblem as problem:
            return answer, problem
        # it was refused under the same pinned schema
        raise ArtifactRefused("the answer to be repaired has no fault")

    def _pinned(self, step: Step) -> _Pinned:
        item = self._tools.store.get(run_ref(step.run))
        if item is None or item["status"] not in WORKING:
            raise RunNotOpen(f"the run is {item['status'] if item else 'unknown'}")
        pins = item["pins"]
        version = pins.get(f"ai_task#{step.task}")
        if version is None:
            raise UseNotDeclared(f"{item['workflow']} does not declare the AI task")
        task = self._tools.catalog.pinned("ai_task", step.task, version, AiTask)
        models = self._tools.catalog.pinned("models", "models", pins["models#models"], Models)
        policy_version = pins.get(f"policy#{task.policy}")
        if policy_version is None:
            raise UnknownDefinition(f"no policy {task.policy} was pinned")
        policy = in_force(
            self._tools.catalog.pinned("policy", task.policy, policy_version, Policy),
            self._tools.clock.now().date(),
        )
        route = models.route(task.route)
        if route is None:
            raise UnknownDefinition(f"no route {task.route}")
        return _Pinned(item, task, version, models, policy, str(policy_version), route)

    def _bounded(self, prompt: RenderedPrompt, task: AiTask, target: Target) -> int:
        """Return the most output tokens; raise PromptTooLarge if prompt and answer don't fit."""
        by_schema = max_output_tokens_bound(task.output_schema)
        bounds = [task.limits.max_output_tokens, target.limits.output_tokens]
        tokens_out = min([*bounds, by_schema] if by_schema else bounds)
        if prompt.tokens_at_most + tokens_out > target.limits.context_tokens:
            raise PromptTooLarge("prompt and answer exceed the target's context")
        return tokens_out

    def _reserve(
        self, attempt: AttemptName, pinned: _Pinned, target: Target, worst: Decimal
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

    def _refuse(
        self,
        step: Step,
        outcome: Outcome,
        reason: str,
        number: int,
        guards: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Put on record why a step ended unsent; a forged one leaves no trace."""
        try:
            self._tools.verify(step)
        except InterlockError:
            return
        id_ = f"{step.run}/{step.step}/{number}:refused"
        body: dict[str, Any] = {"task": step.task, "outcome": outcome, "reason": reason}
        if guards:
            body["guards"] = list(guards)
        self._tools.conclude_unsent(step, id_, body, step.ended(outcome, reason))


def _sampled(sampling: Sampling | None, target: Target) -> dict[str, float]:
    """Return temperature and seed under their names in evidence, as far as they are sent."""
    if target.dialect == "embedded":
        return {}
    told = asked(sampling, target)
    named = {"gen_ai.request.temperature": told.temperature, "gen_ai.request.seed": told.seed}
    return {name: value for name, value in named.items() if value is not None}


def _servers(pinned: _Pinned) -> tuple[Entry, ...]:
    """Return the targets that may serve the task, in the route's order.

    Raises
    ------
    NoTargetAllowed
        With the condition that each does not meet.
    """
    found = servers(pinned.models, pinned.route, pinned.data_class)
    if not found:
        why = objections(pinned.models, pinned.route, pinned.data_class)
        raise NoTargetAllowed("; ".join(map(str, why)))
    return found


def _inputs(keys: Keyring, variables: Mapping[str, Any]) -> list[Reference]:
    return [Reference.verify(keys, value) for _, value in references(dict(variables))]
