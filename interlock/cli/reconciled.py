"""Holding what the evidence says was spent against what the ledger booked, to the last digit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from functions.core.domain.expressions import Table
from functions.core.domain.ledger import ORGANISATION, SHARD, Pool
from functions.core.domain.periods import Period
from interlock.cli.budget_state import declared_budgets
from interlock.cli.spent import ZERO, Spent
from interlock.cli.stage import Stage

Pair = tuple[Decimal, Decimal]
"""Dollars settled, and dollars unconfirmed."""
MOST_DOUBTFUL = 12
"""Attempts of a period whose booking no record tells; more are not tried in every way."""


@dataclass(frozen=True)
class Booked:
    """A budget's period in the ledger."""

    settled: Decimal = ZERO
    unconfirmed: Decimal = ZERO
    open: Decimal = ZERO

    @property
    def pair(self) -> Pair:
        """What is booked."""
        return self.settled, self.unconfirmed


@dataclass(frozen=True)
class Finding:
    """Where ledger, evidence and runs disagree; *attempt* may be none that is known."""

    attempt: str
    what: str


@dataclass(frozen=True)
class Reconciled:
    """One period of the ledger beside the evidence."""

    period: str
    ledger: Booked
    evidence: Pair
    doubtful: int
    findings: Sequence[Finding]

    @property
    def told(self) -> bool:
        """Whether there is anything to compare."""
        return bool(self.findings) or self.ledger != Booked() or self.evidence != (ZERO, ZERO)

    @property
    def ok(self) -> bool:
        """Whether they are equal."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """Return its JSON."""
        settled, unconfirmed = self.evidence
        return {
            "period": self.period,
            "ok": self.ok,
            "ledger": {name: format(value, "f") for name, value in vars(self.ledger).items()},
            "evidence": {"settled": format(settled, "f"), "unconfirmed": format(unconfirmed, "f")},
            "doubtful": self.doubtful,
            "findings": [dict(vars(finding)) for finding in self.findings],
        }


def declared_within(stage: Stage, months: Sequence[str], today: date) -> list[str]:
    """Return the periods that the budgets below the organisation have in *months*, to *today*.

    So money is found that the ledger booked in one of them and no evidence knows.
    """
    names = []
    for budget in declared_budgets(stage).budgets:
        if budget.scope != ORGANISATION and budget.period is Period.MONTH:
            names += [f"{budget.scope}#{month}" for month in months]
        if budget.scope != ORGANISATION and budget.period is Period.DAY:
            names += [f"{budget.scope}#{day}" for month in months for day in _days(month, today)]
    return names


def _days(month: str, today: date) -> Iterator[date]:
    day = date.fromisoformat(f"{month}-01")
    while f"{day:%Y-%m}" == month and day <= today:
        yield day
        day += timedelta(days=1)


def periods_within(
    months: Sequence[str], spent: Iterable[Spent], declared: Iterable[str] = ()
) -> list[str]:
    """Return the organisation's *months*, and those of budgets below it that lie in them."""
    below = {one.period for one in spent if one.period.partition("#")[2][:7] in months}
    return [*months, *sorted(below | set(declared))]


def read_booked(stage: Stage, periods: Iterable[str]) -> dict[str, Booked]:
    """Return what the ledger holds of *periods*."""
    return {period: _booked(stage, period) for period in periods}


def _booked(stage: Stage, period: str) -> Booked:
    name = period if "#" in period else f"{ORGANISATION}#{period}"
    shards = stage.store.query(Table.LEDGER, Pool.named(name).pk, prefix=SHARD)
    return Booked(
        settled=sum((Decimal(str(shard["settled"])) for shard in shards), ZERO),
        unconfirmed=sum((Decimal(str(shard["unconfirmed"])) for shard in shards), ZERO),
        open=sum(
            (Decimal(str(entry["worst"])) for shard in shards for entry in shard["open"].values()),
            ZERO,
        ),
    )


def reconcile(booked: Mapping[str, Booked], spent: Sequence[Spent]) -> list[Reconciled]:
    """Compare each period of *booked* with all that was *spent* in it."""
    return [_reconciled(name, of, [s for s in spent if s.period == name]) for name, of in
            sorted(booked.items())]  # fmt: skip


def _reconciled(period: str, booked: Booked, spent: Sequence[Spent]) -> Reconciled:
    doubtful = [one for one in spent if one.doubtful]
    surely = _sum((one.settled, one.unconfirmed) for one in spent if not one.doubtful)
    ways = _ways(surely, doubtful)
    told = next((way for way in ways if way == booked.pair), ways[0])
    findings = [Finding(one.attempt, fault) for one in spent for fault in one.faults]
    if told != booked.pair:
        findings += _differences(booked, told, spent)
    return Reconciled(period, booked, told, len(doubtful), findings)


def _ways(surely: Pair, doubtful: Sequence[Spent]) -> list[Pair]:
    """Return every sum that there can be: the first takes each doubtful attempt as settled."""
    ways = [surely]
    for n, one in enumerate(doubtful):
        settled = [_sum((way, (one.settled, ZERO))) for way in ways]
        lost = [_sum((way, (ZERO, one.worst))) for way in ways] if n < MOST_DOUBTFUL else []
        ways = list(dict.fromkeys((*settled, *lost)))
    return ways


def _sum(pairs: Iterable[Pair]) -> Pair:
    settled, unconfirmed = ZERO, ZERO
    for one, other in pairs:
        settled, unconfirmed = settled + one, unconfirmed + other
    return settled, unconfirmed


def _differences(booked: Booked, told: Pair, spent: Sequence[Spent]) -> list[Finding]:
    """Say by how much they differ, and name the attempts that account for it alone."""
    found = []
    for word, ledger, evidence in zip(("settled", "unconfirmed"), booked.pair, told, strict=True):
        if ledger == evidence:
            continue
        what = f"{word}: {ledger:f} by the ledger, {evidence:f} by the evidence"
        alike = [one for one in spent if abs(ledger - evidence) in (one.settled, one.worst)]
        found += [Finding(one.attempt, f"{what}; it alone would account for it") for one in alike]
        found += [Finding("", f"{what}; no single attempt accounts for it")] if not alike else []
    return found
