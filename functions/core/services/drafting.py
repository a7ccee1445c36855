"""Drafting: a call as one target of its route would be sent it, bounded and within conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from functions.core.domain.ai_step import Step
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.answers import AnswerProblem, read_answer
from functions.core.domain.costs import worst_case
from functions.core.domain.errors import ArtifactRefused, NoTargetAllowed, PromptTooLarge
from functions.core.domain.guards.canary import canary, sentence
from functions.core.domain.health import Health
from functions.core.domain.ladder import fills_absent_with_null, rung, schema_for
from functions.core.domain.models import Form
from functions.core.domain.next_try import passes_over
from functions.core.domain.prompts import RenderedPrompt, render_prompt
from functions.core.domain.routes import Entry, Fallback
from functions.core.domain.schemas import max_output_tokens_bound
from functions.core.domain.serving import objection, objections, servers
from functions.core.domain.targets import Target
from functions.core.services.personal import Concealed, Reveal
from functions.core.services.pinned import Pinned
from functions.core.services.tools import Tools


@dataclass(frozen=True)
class Draft:
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
    bound_percent: int
    """What its worst case is, in percent of what its tokens cost at most."""


class Drafting:
    """Drafts the calls of one step.

    Parameters
    ----------
    tools
        What the step works with.
    step
        Whose calls they are.
    pinned
        The versions that hold for it.
    """

    def __init__(self, tools: Tools, step: Step, pinned: Pinned) -> None:
        self._tools = tools
        self._step = step
        self._pinned = pinned

    def draft(
        self,
        concealed: Concealed,
        start: int,
        repair: Mapping[str, Any] | None = None,
        *,
        again: bool = False,
    ) -> Draft:
        """Return the call for the first target, from *start* on, that may be given it.

        *repair* refers to an answer whose error the model is shown: that is for the target that
        gave it, and for no other. *again* says that the step has drafted a call before.

        Raises
        ------
        NoTargetAllowed
            With the condition that each target does not meet.
        PromptTooLarge
            No target that the route goes on to takes so much.
        VariablesRejected
            The variables don't fit their schema, or the template.
        """
        entries = _servers(self._pinned)
        index = start % len(entries)
        healths = self._healths(entries[index:], again=again)
        if repair is None and healths:
            index = self._turn(entries, index, healths)
        while True:
            is_last = repair is not None or index + 1 == len(entries)
            try:
                health = healths.get(entries[index].target, Health())
                draft = self._for(entries, index, concealed, repair, health)
            except PromptTooLarge:
                if is_last or Fallback.TOO_LARGE not in self._pinned.route.fallback_on:
                    raise
                index += 1
                continue
            found = objection(
                self._pinned.models,
                self._pinned.route,
                entries[index],
                self._pinned.data_class,
                draft.worst,
            )
            if found is None:
                return draft
            if is_last:
                raise NoTargetAllowed(str(found))
            index += 1

    def _healths(self, left: Sequence[Entry], *, again: bool) -> Mapping[str, Health]:
        """Return the health of each target that is *left*, where it is worth the read.

        The last has nobody after it, so there is no choice; that a call of it was bounded too
        low, the gate says, and then it is drafted *again*.
        """
        if len(left) == 1 and not again:
            return {}
        names = [entry.target for entry in left]
        return dict(zip(names, self._tools.turns.healths(names), strict=True))

    def _turn(self, entries: Sequence[Entry], start: int, healths: Mapping[str, Health]) -> int:
        """Return the first target from *start* on that nobody says to pass over.

        Where all are passed over, it is the one that is free first: the gate lets the call wait
        for it.
        """
        now, limits = self._tools.clock.now(), self._pinned.task.limits
        seconds = []
        for index, entry in enumerate(entries[start:]):
            busy = healths[entry.target].busy(now)
            if busy is None or not passes_over(busy, self._pinned.route.fallback_on, limits):
                return start + index
            seconds.append(busy.seconds)
        return start + seconds.index(min(seconds))

    def _for(
        self,
        entries: Sequence[Entry],
        index: int,
        concealed: Concealed,
        repair: Mapping[str, Any] | None,
        health: Health,
    ) -> Draft:
        """Render for one target, and bound what the call costs there."""
        task, policy = self._pinned.task, self._pinned.policy
        target = self._pinned.models.targets[entries[index].target]
        repairing = None
        if repair is not None:
            repairing = self._repaired(repair, target, concealed.reveal)
        faults = (repairing[1].fault,) if repairing else ()
        form = rung(target, task.output_schema, faults)
        prompt = render_prompt(
            task,
            concealed.values,
            given=concealed.given,
            fence_key=self._tools.keys.fence,
            max_bytes=policy.max_prompt_bytes,
            native_schema=not form.schema_in_prompt,
            above=tuple(part.text for part in policy.preambles),
            below=sentence(
                canary(self._tools.keys.canary, self._step.task, self._pinned.task_version)
            ),
        )
        if concealed.notice:
            prompt = prompt.noting(concealed.notice)
        if concealed.reminds:
            prompt = prompt.reminding()
        if repairing is not None:
            prompt = prompt.repairing(repairing[0], repairing[1].complaints)
        if prompt.size > policy.max_prompt_bytes:
            raise PromptTooLarge(f"over {policy.max_prompt_bytes} bytes")
        prompt = replace(prompt, schema=schema_for(task.output_schema, target, form))
        tokens_out = _bounded(prompt, task, target)
        percent = health.bound_percent
        return Draft(
            index=index,
            targets=len(entries),
            name=entries[index].target,
            target=target,
            form=form,
            prompt=prompt,
            tokens_out=tokens_out,
            worst=worst_case(prompt.tokens_at_most, tokens_out, target.prices, percent=percent),
            bound_percent=percent,
        )

    def _repaired(
        self, repair: Mapping[str, Any], target: Target, reveal: Reveal | None
    ) -> tuple[str, AnswerProblem]:
        """Return the answer that *target* gave at its first rung, and what was wrong with it."""
        answer = self._tools.artifacts.fetch(repair, run=self._step.run).decode()
        schema = self._pinned.task.output_schema
        try:
            read_answer(
                answer,
                schema,
                max_bytes=self._pinned.policy.max_answer_bytes,
                absent_as_null=fills_absent_with_null(target, rung(target, schema)),
                reveal=reveal,
            )
        except AnswerProblem as problem:
            return answer, problem
        # it was refused under the same pinned schema
        raise ArtifactRefused("the answer to be repaired has no fault")


def _servers(pinned: Pinned) -> tuple[Entry, ...]:
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


def _bounded(prompt: RenderedPrompt, task: AiTask, target: Target) -> int:
    """Return the most output tokens; raise PromptTooLarge if prompt and answer don't fit."""
    by_schema = max_output_tokens_bound(task.output_schema)
    bounds = [task.limits.max_output_tokens, target.limits.output_tokens]
    tokens_out = min([*bounds, by_schema] if by_schema else bounds)
    if prompt.tokens_at_most + tokens_out > target.limits.context_tokens:
        raise PromptTooLarge("prompt and answer exceed the target's context")
    return tokens_out
