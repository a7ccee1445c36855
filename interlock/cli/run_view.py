"""A run as people and programs see it: put together from the stores and the histories."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from functions.core.domain.evidence import RUN_CHAIN, chain_of
from functions.core.domain.expressions import Item, Ref, Table
from functions.core.domain.names import nested_name
from functions.core.domain.references import FIELD
from functions.core.domain.run import OPEN, Status, run_ref
from functions.core.domain.step import Attempt, attempts
from functions.core.domain.timestamps import iso, parse
from functions.core.services.evidence import from_item
from interlock.cli.console import links
from interlock.cli.cost import Estimate, OnRecord, estimate
from interlock.cli.exits import NotFound
from interlock.cli.histories import Histories, Waited, read_histories
from interlock.cli.stage import Stage
from interlock.prices import list_prices

T = TypeVar("T")


@dataclass(frozen=True)
class AttemptView:
    """One try of a step."""

    number: int
    mark: str
    status: str
    reason: str
    target: str
    model: str
    input_tokens: int
    output_tokens: int
    usd: str
    cached_from: str = ""
    """The attempt whose answer it was served; then nothing was sent."""
    saved_usd: str = "0"
    saved_tokens: int = 0
    vote: str = ""
    """What a sample's answer says where samples are compared: equal where they agree."""
    partial: Mapping[str, str] = field(default_factory=dict)
    """Inputs that the model was asked without, or without their ends: `missing` or `cut`."""

    def as_json(self) -> dict[str, Any]:
        """Return its JSON."""
        return dict(vars(self))


@dataclass(frozen=True)
class StepView:
    """One governed action of a run."""

    step: str
    kind: str
    name: str
    version: str
    outcome: str
    reason: str
    started_at: str
    ended_at: str
    seconds: float | None
    answer: Any
    attempts: Sequence[AttemptView]
    waits: Sequence[Waited]
    proposal: Any = None
    """What the model said, where it was not sure enough to be taken."""
    by: str = ""
    """Who decided, where a person (or `expiry`) did."""
    why: str = ""
    """Their reason, in their words."""

    @property
    def title(self) -> str:
        """The state's name (and item), without the visit."""
        return self.step.rpartition(".")[0] or self.step

    def as_json(self) -> dict[str, Any]:
        """Return its JSON."""
        return {
            **vars(self),
            "attempts": [attempt.as_json() for attempt in self.attempts],
            "waits": [dict(vars(wait)) for wait in self.waits],
        }


@dataclass(frozen=True)
class EvidenceView:
    """How much evidence there is of a run."""

    chains: int
    records: int
    sealed: bool


@dataclass(frozen=True)
class RunView:
    """One run.

    Attributes
    ----------
    evidence, aws
        None where we may not read what it takes, or it was not asked for.
    """

    item: Item
    steps: Sequence[StepView]
    seconds: float
    evidence: EvidenceView | None
    aws: Estimate | None
    state: str = ""
    """The workflow's state that an open run is in."""
    waits: Sequence[Waited] = field(default_factory=list)
    links: Mapping[str, str] = field(default_factory=dict)
    """What the AWS console shows of it: name -> address; none of a laptop cloud."""

    @property
    def run(self) -> str:
        """Its name."""
        return str(self.item["pk"])

    @property
    def status(self) -> str:
        """Its state."""
        return str(self.item["status"])

    @property
    def reason(self) -> str:
        """Why it ended so."""
        return str(self.item.get("reason", ""))

    @property
    def open(self) -> bool:
        """Whether it is not over."""
        return self.status in OPEN

    @property
    def tries(self) -> list[AttemptView]:
        """The attempts of all steps."""
        return [attempt for step in self.steps for attempt in step.attempts]

    @property
    def models(self) -> list[str]:
        """The models that answered, each once."""
        return list(dict.fromkeys(attempt.model for attempt in self.tries if attempt.model))

    @property
    def model_usd(self) -> Decimal:
        """What the models cost."""
        return sum((Decimal(attempt.usd) for attempt in self.tries), Decimal(0))

    @property
    def saved_usd(self) -> Decimal:
        """What the models would have cost without the exact cache."""
        return sum((Decimal(attempt.saved_usd) for attempt in self.tries), Decimal(0))

    def as_json(self) -> dict[str, Any]:
        """Return its JSON; the shape is stable, fields may be added."""
        item = self.item
        return {
            "run": self.run,
            "workflow": item["workflow"],
            "workflow_version": item.get("workflow_version", ""),
            "team": item.get("team", ""),
            "status": self.status,
            "reason": self.reason,
            "source": item.get("source", ""),
            "scheduled_time": item.get("scheduled_time"),
            "started_at": item.get("started_at", ""),
            "admitted_at": item.get("admitted_at"),
            "ended_at": item.get("ended_at"),
            "seconds": round(self.seconds, 3),
            "state": self.state,
            "cancelled_by": item.get("cancelled_by"),
            "cancelled_why": item.get("cancelled_why"),
            "input": without_macs(_json(item.get("input"))),
            "output": without_macs(_json(item.get("output"))),
            "pins": dict(item.get("pins", {})),
            "pin_labels": dict(item.get("pin_labels", {})),
            "steps": [step.as_json() for step in self.steps],
            "waits": [dict(vars(wait)) for wait in self.waits],
            "totals": {
                "steps": len(self.steps),
                "attempts": len(self.tries),
                "models": self.models,
                "input_tokens": sum(attempt.input_tokens for attempt in self.tries),
                "output_tokens": sum(attempt.output_tokens for attempt in self.tries),
                "model_usd": format(self.model_usd, "f"),
                "cached": sum(1 for attempt in self.tries if attempt.cached_from),
                "saved_usd": format(self.saved_usd, "f"),
                "saved_tokens": sum(attempt.saved_tokens for attempt in self.tries),
            },
            "aws": self.aws.as_json() if self.aws else None,
            "evidence": dict(vars(self.evidence)) if self.evidence else None,
            "links": dict(self.links),
        }


def look(stage: Stage, run: str, *, accounts: bool = True) -> RunView:
    """Read what we may of *run*.

    Parameters
    ----------
    accounts
        Whether evidence is counted and the costs on AWS are estimated too.

    Raises
    ------
    NotFound
        There is no such run.
    """
    item, steps = read_items(stage, run)
    histories = _if_allowed(lambda: read_histories(stage, run, str(item["workflow"])))
    known = histories or Histories(None, None, {})
    views = [_step(run, step, known) for step in steps]
    views.sort(key=lambda view: view.started_at)
    evidence = _if_allowed(lambda: _count_records(stage, item, views)) if accounts else None
    aws = None
    if evidence is not None and histories is not None:
        emits = _if_allowed(lambda: _emits(stage, item)) or 0
        memory = _memory(stage, {call.function for call in histories.invoked})
        on_record = OnRecord(item, steps, evidence.records, emits)
        aws = estimate(histories, on_record, list_prices(), memory)
    ended = item.get("ended_at") or iso(stage.now())
    is_open = item["status"] in OPEN
    return RunView(
        item=item,
        steps=views,
        seconds=_between(str(item["started_at"]), str(ended)) or 0.0,
        evidence=evidence,
        aws=aws,
        state=known.workflow.state if known.workflow and is_open else "",
        waits=known.supervisor.waits if known.supervisor else [],
        links=links(stage, run, str(item["workflow"])),
    )


def _if_allowed(read: Callable[[], T]) -> T | None:
    """Return what *read* reads; None where IAM does not let us: the rest is shown."""
    from botocore.exceptions import ClientError

    try:
        return read()
    except ClientError as error:
        if "AccessDenied" not in error.response["Error"]["Code"]:
            raise
        return None


def read_items(stage: Stage, run: str) -> tuple[Item, list[Item]]:
    """Return the item of a run and those of its steps; strongly consistent."""
    item = stage.store.get(run_ref(run))
    if item is None:
        raise NotFound(f"there is no run {run}", "see what there is: interlock runs list")
    return item, stage.store.query(Table.RUNS, run, prefix="step#")


def _step(run: str, item: Item, histories: Histories) -> StepView:
    step = str(item["sk"]).removeprefix("step#")
    execution = histories.steps.get(nested_name(run, step))
    started, ended = str(item.get("started_at", "")), str(item.get("ended_at", ""))
    tries = sorted((_attempt(found) for found in attempts(item)), key=lambda view: view.number)
    return StepView(
        step=step,
        kind=str(item.get("kind", "")),
        name=str(item.get("name", "")),
        version=str(item.get("version", "")),
        outcome=str(item.get("outcome", "")),
        reason=str(item.get("reason", "")),
        started_at=started,
        ended_at=ended,
        seconds=_between(started, ended),
        answer=without_macs(_json(item.get("answer"))),
        attempts=tries,
        waits=execution.waits if execution else [],
        by=str(item.get("by", "")),
        why=str(item.get("why", "")),
    )


def _attempt(found: Attempt) -> AttemptView:
    facts = found.facts
    return AttemptView(
        number=int(found.key.removeprefix("attempt#").partition("/")[0]),
        mark=str(found.mark),
        status=str(facts.get("status", "")),
        reason=str(facts.get("reason", "")),
        target=str(facts.get("target", "")),
        model=str(facts.get("model", "")),
        input_tokens=int(facts.get("input_tokens", 0)),
        output_tokens=int(facts.get("output_tokens", 0)),
        usd=str(facts.get("usd", "0")),
        cached_from=str(facts.get("cached_from", "")),
        saved_usd=str(facts.get("saved_usd", "0")),
        saved_tokens=sum(int(facts.get(f"saved_{way}_tokens", 0)) for way in ("input", "output")),
        vote=str(facts.get("vote", "")),
        partial=dict(facts.get("partial", {})),
    )


def _count_records(stage: Stage, item: Item, steps: Sequence[StepView]) -> EvidenceView:
    """Count records by the number of each chain's last one."""
    counted = []
    for step in (*(view.step for view in steps), RUN_CHAIN):
        chain = chain_of(str(item["pk"]), step)
        last = stage.store.query(Table.EVIDENCE, chain, newest_first=True, limit=1)
        counted.append(from_item(last[0]).n if last else 0)
    chains = sum(1 for count in counted if count)
    return EvidenceView(chains, sum(counted), bool(item.get("sealed")))


def _emits(stage: Stage, item: Mapping[str, Any]) -> int:
    """Return how many events the workflow declares for a run that succeeded."""
    if item["status"] != Status.SUCCEEDED:
        return 0
    version = Ref(Table.CATALOG, f"workflow#{item['workflow']}", f"v#{item['workflow_version']}")
    found = stage.store.get(version)
    return len(json.loads(found["document"]).get("emits", ())) if found else 0


def _memory(stage: Stage, functions: set[str]) -> dict[str, int]:
    """Return the memory of *functions*, as far as we may ask; the estimate says what it is."""
    from botocore.exceptions import ClientError

    found = {}
    for name in sorted(functions):
        try:
            told = stage.client("lambda").get_function_configuration(FunctionName=name)
        except ClientError:
            break
        found[name] = int(told.get("MemorySize", 0))
    return {name: size for name, size in found.items() if size}


def _between(began: str, ended: str) -> float | None:
    if not (began and ended):
        return None
    return max(0.0, (parse(ended) - parse(began)).total_seconds())


def _json(text: object) -> Any:
    return json.loads(text) if isinstance(text, str) and text else None


def without_macs(value: Any) -> Any:
    """Return *value* with references that can be read but not used: their MAC is taken away."""
    if isinstance(value, dict):
        dropped = {"mac"} if FIELD in value else set()
        return {name: without_macs(v) for name, v in value.items() if name not in dropped}
    if isinstance(value, list):
        return [without_macs(inner) for inner in value]
    return value
