"""What each attempt cost, read from the evidence; the run's items say what evidence can't.

An attempt that ended well is one `prepared` and one `answered` record. Where a function died in
between, the attempt's mark tells what became of its money, or says that it is one of two.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from functions.core.domain.ai_step import KIND
from functions.core.domain.evidence import LATE, Kind, Record, chain_of
from functions.core.domain.expressions import Item, Table
from functions.core.domain.ledger import ORGANISATION
from functions.core.domain.models import AnswerStatus
from functions.core.domain.names import AttemptName
from functions.core.domain.run import Outcome, run_ref
from functions.core.domain.step import Mark
from functions.core.services.evidence import from_item
from interlock.cli.stage import Stage

AT_ONCE = 16
ZERO = Decimal(0)


@dataclass(frozen=True)
class Spent:
    """One attempt of an AI step, and its money.

    Attributes
    ----------
    settled, unconfirmed
        As the ledger booked it: what it cost, or the worst case of what nobody knows.
    doubtful
        Its function died between the answer's record and the booking's end: it is in the ledger
        as `settled`, or as `worst` unconfirmed, and no record says which.
    """

    attempt: str
    run: str
    workflow: str
    team: str
    task: str
    task_version: str
    target: str
    model: str
    day: str
    period: str
    question: tuple[str, ...]
    """Equal for attempts that asked the same: prompt, task version, target, parameters."""
    repair: bool
    fallback: bool
    """Whether it went to another target than its sample's first."""
    outcome: str
    """Of its step."""
    good: bool
    """Whether its answer was accepted."""
    sample: bool = False
    """Whether it belongs to a later sample of a task whose answers have to agree."""
    sent: bool = True
    """Whether a model was asked: a cached answer, or a gate that refused, cost nothing."""
    input_tokens: int = 0
    output_tokens: int = 0
    settled: Decimal = ZERO
    unconfirmed: Decimal = ZERO
    saved: Decimal = ZERO
    worst: Decimal = ZERO
    open: bool = False
    doubtful: bool = False
    faults: tuple[str, ...] = ()
    """What the run's items say otherwise."""

    @property
    def step(self) -> str:
        """Run and step that it is an attempt of."""
        name = AttemptName.parse(self.attempt)
        return f"{name.run}/{name.step}"

    @property
    def usd(self) -> Decimal:
        """What it took out of the budget."""
        return self.settled + self.unconfirmed


@dataclass
class _Records:
    """The records of one attempt."""

    prepared: Mapping[str, Any] = field(default_factory=dict)
    answered: Mapping[str, Any] | None = None
    checked: Mapping[str, Any] | None = None
    closed: Mapping[str, Any] | None = None
    settled: Mapping[str, Any] | None = None

    @property
    def counted(self) -> bool:
        """Whether it ended a sample: what follows in its step asks again on purpose."""
        return "vote" in (self.checked or {})


def read_spent(stage: Stage, runs: Iterable[str]) -> list[Spent]:
    """Return every attempt of *runs*' AI steps, oldest first."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [
            one for of_run in pool.map(lambda run: _of_run(stage, run), runs) for one in of_run
        ]
    return sorted(found, key=lambda one: (one.day, one.attempt))


def _of_run(stage: Stage, run: str) -> list[Spent]:
    item = stage.store.get(run_ref(run))
    if item is None:
        return []
    steps = stage.store.query(Table.RUNS, run, prefix="step#")
    return [
        one for step in steps if step.get("kind") == KIND for one in _of_step(stage, item, step)
    ]


def _of_step(stage: Stage, run: Item, step: Item) -> Iterator[Spent]:
    chain = chain_of(str(run["pk"]), str(step["sk"]).removeprefix("step#"))
    records = [
        from_item(item)
        for name in (chain, chain + LATE)
        for item in stage.store.query(Table.EVIDENCE, name)
    ]
    first, sample = "", False
    for name, told in sorted(_by_attempt(records).items(), key=lambda pair: _number(pair[0])):
        first = first or str(told.prepared.get("target", ""))
        yield _spent(run, step, AttemptName.parse(name), told, first, sample=sample)
        if told.counted:
            first, sample = "", True
    for key in sorted(_without_record(step, records)):
        yield _unrecorded(run, step, key)


def _number(attempt: str) -> tuple[int, str]:
    name = AttemptName.parse(attempt)
    return name.number, name.nonce


def _by_attempt(records: Iterable[Record]) -> dict[str, _Records]:
    found: dict[str, _Records] = {}
    for record in records:
        if record.kind not in _PARTS or "attempt" not in record.body:
            continue
        told = found.setdefault(str(record.body["attempt"]), _Records())
        setattr(told, _PARTS[record.kind], record.body)
    return found


_PARTS = {
    Kind.PREPARED.value: "prepared",
    Kind.ANSWERED.value: "answered",
    Kind.CHECKED.value: "checked",
    Kind.CLOSED.value: "closed",
    Kind.SETTLED.value: "settled",
}


def _spent(
    run: Item, step: Item, name: AttemptName, told: _Records, first: str, *, sample: bool = False
) -> Spent:
    prepared, answered = told.prepared, told.answered or {}
    entry = step.get(name.key) or {}
    target = str(prepared.get("target", ""))
    model = answered.get("gen_ai.response.model") or prepared.get("gen_ai.request.model", "")
    version = str(prepared.get("task_version", ""))
    cached = (told.checked or {}).get("outcome") == Outcome.CACHED
    money = _money(told, entry)
    return Spent(
        attempt=str(name),
        run=name.run,
        workflow=str(run["workflow"]),
        team=str(run.get("team", "")),
        task=str(prepared.get("task", step.get("name", ""))),
        task_version=version,
        target=target,
        model=str(model),
        day=f"{name.drawn_at:%Y-%m-%d}",
        period=_period(prepared, name),
        question=_question(prepared),
        repair="repairs" in prepared,
        fallback=bool(first) and target != first,
        sample=sample,
        outcome=str(step.get("outcome", "")),
        good=bool((told.checked or {}).get("outcome")) and not (told.checked or {}).get("reason"),
        input_tokens=int(answered.get("gen_ai.usage.input_tokens", 0)),
        output_tokens=int(answered.get("gen_ai.usage.output_tokens", 0)),
        saved=Decimal(str(prepared.get("saved_usd", "0"))) if cached else ZERO,
        worst=_worst(told),
        sent=told.answered is not None or _may_have_left(told, entry),
        faults=tuple(_faults(told, entry)),
        **money,
    )


def _period(prepared: Mapping[str, Any], name: AttemptName) -> str:
    """Return the budget's period that an attempt was booked in; the organisation's goes unsaid.

    A release without levels recorded none: it knew the organisation's months only.
    """
    told = prepared.get("budget") or f"{name.drawn_at:%Y-%m}"
    return str(told).removeprefix(f"{ORGANISATION}#")


def _may_have_left(told: _Records, entry: Mapping[str, Any]) -> bool:
    marks = (entry.get("mark", ""), (told.closed or {}).get("mark", ""))
    return Mark.MARKED in marks or Mark.UNCONFIRMED in marks


def _question(prepared: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what tells a question from others of the same team; the prompt counts by its hash."""
    prompt = str(prepared.get("prompt", "")).rpartition("/")[2]
    parameters = sorted(
        f"{name}={value}" for name, value in prepared.items() if name.startswith("gen_ai.request")
    )
    told = (str(prepared.get(name, "")) for name in ("task_version", "target", "form"))
    return (prompt, *told, *parameters)


def _worst(told: _Records) -> Decimal:
    return Decimal(str(told.prepared.get("worst_usd", "0")))


def _money(told: _Records, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what became of an attempt's money."""
    worst, mark = _worst(told), entry.get("mark", "")
    if told.settled is not None:
        return {"settled": Decimal(str(told.settled["usd"]))}
    closed = (told.closed or {}).get("mark", "")
    if told.answered is not None:
        if told.answered.get("status") == AnswerStatus.UNKNOWN:
            return {"unconfirmed": worst}
        lost = Mark.UNCONFIRMED in (mark, closed)
        return {"settled": Decimal(str(told.answered["usd"])), "doubtful": lost and bool(worst)}
    if Mark.UNCONFIRMED in (mark, closed):
        return {"unconfirmed": worst}
    return {"open": mark == Mark.MARKED}


def _faults(told: _Records, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an attempt's records and its entry in the run say differently."""
    if not told.prepared:
        yield "has no record of its preparation"
    usd = entry.get("usd")
    if told.answered is None:
        if usd is not None and Decimal(str(usd)):
            yield f"cost {usd} by its run, and no record says so"
    elif usd is not None and Decimal(str(usd)) != Decimal(str(told.answered["usd"])):
        yield f"cost {told.answered['usd']} by its record and {usd} by its run"


def _without_record(step: Item, records: Iterable[Record]) -> set[str]:
    """Return the names of attempts that the step's item knows, sent, and the evidence does not."""
    known = {AttemptName.parse(name).key for name in _by_attempt(records)}
    sent = (Mark.ANSWERED, Mark.UNCONFIRMED)
    return {
        name
        for name, entry in step.items()
        if name.startswith("attempt#") and entry.get("mark") in sent and name not in known
    }


def _unrecorded(run: Item, step: Item, key: str) -> Spent:
    number, _, nonce = key.removeprefix("attempt#").partition("/")
    state = str(step["sk"]).removeprefix("step#")
    name = AttemptName(str(run["pk"]), state, int(number), nonce)
    return _spent(run, step, name, _Records(), "")
