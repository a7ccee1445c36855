"""Drawing a run as a tree of lines."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from functions.core.domain.references import is_reference
from interlock.cli import show
from interlock.cli.run_view import AttemptView, RunView, StepView

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

SHORT = 12
"""Characters of a version that people need to tell two apart."""
VOTE = 4
"""And of a vote."""
KINDS = {"ai_task": "AI task", "system_call": "system call"}
LONGEST_VALUE = 60


def draw(view: RunView) -> None:
    """Print *view*."""
    from rich.tree import Tree

    item = view.item
    top = Tree(_side(show.plain(view.run, "bold"), show.word(view.status), _why(view.reason)))
    began = str(item["started_at"])
    took = "so far" if view.open else "in all"
    when = f"{began[:10]} {began[11:19]} UTC by {item.get('source', '?')}"
    top.add(_side(when, f"{show.seconds(view.seconds)} {took}"))
    if item.get("cancelled_by"):
        top.add(_side("cancelled by", item["cancelled_by"], "because:", item.get("cancelled_why")))
    top.add(_side("input  ", values(view.as_json()["input"])))
    for wait in view.waits:
        top.add(_wait(wait.state, wait.seconds))
    for step in view.steps:
        _draw_step(top, step)
    if view.state:
        top.add(_side("now in", show.plain(view.state, "cyan")))
    output = view.as_json()["output"]
    if output:
        top.add(_side("output ", values(output)))
    _draw_cost(top, view)
    if view.evidence is None:
        top.add(_side("evidence  you may not read it"))
    else:
        seen = view.evidence
        sealed = "sealed" if seen.sealed else "not sealed yet"
        top.add(_side(f"evidence  {seen.records} records in {seen.chains} chains, {sealed}"))
    for name, address in view.links.items():
        top.add(_side(f"console   {name}", address))
    show.tree(top)


def _draw_cost(top: "Tree", view: RunView) -> None:
    told = view.as_json()["totals"]
    tokens = f"{told['input_tokens']} + {told['output_tokens']} tokens"
    names = ", ".join(view.models) or "no model"
    model = f"cost    model {show.dollars(view.model_usd)} ({names}, {tokens})"
    if told["cached"]:
        model += f", {show.dollars(view.saved_usd)} and {told['saved_tokens']} tokens saved"
    if view.aws is None:
        top.add(_side(model))
        return
    aws = view.aws
    cost = top.add(_side(f"{model}; AWS {show.dollars(aws.total)} (estimate)"))
    parts = {
        "Step Functions": aws.step_functions,
        "Lambda": aws.compute,
        "DynamoDB": aws.stores,
        "S3": aws.objects,
        "events and queues": aws.events,
    }
    said = ", ".join(f"{name} {show.dollars(amount)}" for name, amount in parts.items())
    cost.add(_side(f"{said}; list prices of {aws.prices.as_of}, {aws.prices.region}"))


def _draw_step(top: "Tree", step: StepView) -> None:
    version = f"@{step.version[:SHORT]}" if step.version else ""
    branch = top.add(
        _side(
            show.plain(step.title, "bold"),
            f"{KINDS.get(step.kind, step.kind)} {step.name}{version}",
            show.word(step.outcome or "under way"),
            show.seconds(step.seconds),
            _why(step.reason),
        )
    )
    for attempt in step.attempts:
        branch.add(_attempt(attempt))
    if step.by:
        branch.add(_side("decided by", step.by, f"because: {step.why}" if step.why else ""))
    for wait in step.waits:
        branch.add(_wait(wait.state, wait.seconds))
    if step.answer is not None:
        branch.add(_side("answer ", values(step.answer)))
    if step.proposal is not None:
        branch.add(_side("proposal, not taken ", values(step.proposal)))


def _attempt(attempt: AttemptView) -> "Text":
    status = attempt.status if attempt.status not in ("", attempt.mark) else ""
    by = attempt.model or attempt.target
    used = ""
    if attempt.model:
        tokens = f"{attempt.input_tokens} + {attempt.output_tokens} tokens"
        used = f"{tokens}, {show.dollars(attempt.usd)}"
    if attempt.cached_from:
        used = f"nothing sent, {show.dollars(attempt.saved_usd)} saved; from {attempt.cached_from}"
    vote = f"vote {attempt.vote[:VOTE]}" if attempt.vote else ""
    lacks = ", ".join(f"{name} {how}" for name, how in sorted(attempt.partial.items()))
    partial = f"partial: {lacks}" if lacks else ""
    why = _why(attempt.reason)
    return _side(f"attempt {attempt.number}", attempt.mark, status, by, used, vote, partial, why)


def _wait(state: str, length: float | None) -> "Text":
    return _side("waited in" if length is not None else "waits in", state, show.seconds(length))


def _why(reason: str) -> str:
    return f"({reason})" if reason else ""


def _side(*parts: object) -> "Text":
    """Put parts side by side; empty ones leave no gap."""
    from rich.text import Text

    said = [part if isinstance(part, Text) else show.plain(part) for part in parts if part]
    return Text(" ").join(said)


def values(value: Any) -> str:
    """Return a JSON object on one line, for people: `name=value`, references by their size."""
    if isinstance(value, dict) and not is_reference(value):
        return "  ".join(f"{name}={_value(inner)}" for name, inner in value.items())
    return _value(value)


def _value(value: Any) -> str:
    if is_reference(value):
        return f"<artifact, {value.get('bytes', '?')} bytes>"
    if isinstance(value, str):
        shown = show.neutral(value)
        return shown if len(shown) <= LONGEST_VALUE else f"{shown[:LONGEST_VALUE]}…"
    if isinstance(value, list) and not any(isinstance(inner, dict | list) for inner in value):
        told = ", ".join(map(_value, value)) or "none"
        if len(told) <= LONGEST_VALUE:
            return told
    if isinstance(value, dict | list):
        return f"<{show.count(len(value), 'entry', 'entries')}>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def summary(views: Sequence[RunView]) -> None:
    """Print several runs as one table: what each did, used and cost."""
    columns = [
        show.Column("run"),
        show.Column("outcome"),
        show.Column("steps", 5, right=True),
        show.Column("attempts", 4, right=True),
        show.Column("model", 6),
        show.Column("tokens", 3, right=True),
        show.Column("model $", 7, right=True),
        show.Column("AWS $ (estimate)", 7, right=True),
        show.Column("time", 8, right=True),
    ]
    rows: list[list[object]] = []
    for view in views:
        told = view.as_json()["totals"]
        rows.append(
            [
                view.run,
                show.word(view.status),
                told["steps"],
                told["attempts"],
                ", ".join(view.models),
                told["input_tokens"] + told["output_tokens"],
                show.dollars(view.model_usd),
                show.dollars(view.aws.total) if view.aws else "",
                show.seconds(view.seconds),
            ]
        )
    show.table(columns, rows)
