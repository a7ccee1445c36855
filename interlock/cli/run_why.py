"""Saying why a run ended as it did: from its items to sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.core.domain.run import GOOD, Status
from interlock.cli.reasons import meaning_of
from interlock.cli.run_view import AttemptView, RunView, StepView

KINDS = {"ai_task": "AI task", "system_call": "call to"}


@dataclass(frozen=True)
class Explained:
    """What happened, what it means, what to do, what to type."""

    run: str
    status: str
    reason: str
    what: Sequence[str]
    meaning: str
    then: str
    next: str

    def as_json(self) -> dict[str, Any]:
        """Return its JSON."""
        return dict(vars(self))


def explained(view: RunView) -> Explained:
    """Explain *view*."""
    failed = [step for step in view.steps if step.outcome and step.outcome not in GOOD]
    if view.open:
        return _open(view)
    if view.status == Status.SUCCEEDED:
        retried = [s for s in view.steps if len(s.attempts) > 1]
        also = [f"{s.title} needed {len(s.attempts)} attempts." for s in retried]
        decided = [_decided(step) for step in view.steps if step.by]
        what = [f"The run succeeded after {_steps(len(view.steps))}.", *decided, *also]
        return _answer(view, what, "", "", f"interlock runs show {view.run}")
    if view.status == Status.CANCELLED:
        item = view.item
        by, why = item.get("cancelled_by", "somebody"), item.get("cancelled_why", "")
        return _answer(
            view,
            [f"The run was cancelled by {by}: {why}"],
            "Nothing was sent for it after that.",
            "",
            f"interlock evidence show {view.run}",
        )
    what = [f"The run ended {view.status}" + (f" ({view.reason})." if view.reason else ".")]
    if not failed:
        meaning, then = meaning_of(view.reason, "run")
        return _answer(view, what, meaning, then, f"interlock runs logs {view.run}")
    step = failed[-1]
    what += _of_step(step)
    meaning, then = meaning_of(step.reason or step.outcome, step.kind)
    return _answer(view, what, meaning, then, _next(view, step))


def _open(view: RunView) -> Explained:
    what = [f"The run is not over: it is {view.status}."]
    meaning, then = meaning_of(view.status, "open")
    if view.state:
        what.append(f"Its workflow is in the state {view.state}.")
    marked = [(s, a) for s in view.steps for a in s.attempts if a.mark == "marked"]
    what += [f"{s.title}: attempt {a.number} to {_by(a)} is under way." for s, a in marked]
    return _answer(view, what, meaning, then, f"interlock runs show {view.run}")


def _answer(view: RunView, what: Sequence[str], meaning: str, then: str, next_: str) -> Explained:
    return Explained(view.run, view.status, view.reason, list(what), meaning, then, next_)


def _of_step(step: StepView) -> list[str]:
    kind = KINDS.get(step.kind, step.kind)
    said = [f"Step {step.title} ({kind} {step.name}) ended {step.outcome}" + _why(step.reason)]
    for attempt in step.attempts:
        became = attempt.status or attempt.mark
        said.append(f"  attempt {attempt.number} to {_by(attempt)}: {became}{_why(attempt.reason)}")
    if step.by:
        said.append(f"  {_decided(step)}")
    if not step.attempts:
        said.append("  nothing was sent.")
    return said


def _decided(step: StepView) -> str:
    """Return who decided on a step, and why, as a sentence."""
    why = f": {step.why}" if step.why else "."
    return f"{step.by} decided on {step.title} ({step.reason}){why}"


def _by(attempt: AttemptView) -> str:
    if attempt.model and attempt.model != attempt.target:
        return f"{attempt.target} ({attempt.model})"
    return attempt.target or "?"


def _why(reason: str) -> str:
    return f": {reason}" if reason else "."


def _steps(count: int) -> str:
    return "one step" if count == 1 else f"{count} steps"


def _next(view: RunView, step: StepView) -> str:
    reason = step.reason
    if reason.startswith("STOPPED"):
        return "interlock stop show"
    if step.kind == "ai_task" and step.outcome == "REJECTED_OUTPUT":
        return f"interlock tasks show {step.name}"
    if step.kind == "system_call":
        return f"interlock evidence show {view.run} --step {step.title}"
    return f"interlock runs logs {view.run}"
