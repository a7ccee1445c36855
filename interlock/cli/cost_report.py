"""`interlock cost`: report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.csv_text import csv_option
from interlock.cli.exits import Exit, UsageProblem
from interlock.cli.options import connected, examples
from interlock.cli.stage import Stage

if TYPE_CHECKING:
    from interlock.cli.reconciled import Reconciled
    from interlock.cli.spent import Spent
    from interlock.cli.waste import Waste

BY = ("workflow", "team", "task", "model", "day")
ROUNDS = 3
"""Times that ledger and evidence are read while a stage goes on spending."""
SETTLED_WITHIN = timedelta(days=1)
"""How long after its day an attempt may still leave records there."""


@click.group()
def cost() -> None:
    """Say what was spent on models, from the evidence, held against the ledger."""


@dataclass(frozen=True)
class Row:
    """What was spent on one of what is reported by."""

    key: str
    calls: int
    input_tokens: int
    output_tokens: int
    settled: Decimal
    unconfirmed: Decimal
    saved: Decimal

    def as_json(self) -> dict[str, Any]:
        """Return its JSON; amounts are text."""
        amounts = ("settled", "unconfirmed", "saved")
        told = {name: value for name, value in vars(self).items() if name not in amounts}
        return told | {f"{name}_usd": format(getattr(self, name), "f") for name in amounts}


@cost.command(
    "report",
    epilog=examples(
        "interlock cost report --by task",
        "interlock cost report --by day --from 2026-11-01 --to 2026-11-30 --csv",
        shape="{by, from, to, rows: [{key, calls, input_tokens, output_tokens, settled_usd,\n"
        "   unconfirmed_usd, saved_usd}], total: {…}, waste: [{kind, calls, usd, what}],\n"
        " reconciled: [{period, ok, ledger: {settled, unconfirmed, open},\n"
        "   evidence: {settled, unconfirmed}, doubtful, findings: [{attempt, what}]}]}",
    ),
)
@click.option("--by", type=click.Choice(BY), default="workflow", show_default=True)
@click.option(
    "--from",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The first day (UTC); else the first of this month.",
)
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="The last day; else today.")
@csv_option
@connected
def report(
    stage: Stage,
    *,
    by: str,
    first: datetime | None,
    last: datetime | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Report what models cost, by what it was for; what was wasted; whether the ledger agrees.

    Each whole month of the days asked for is held against the ledger, to the last digit; exit
    code 1 if they differ, with the attempts that account for it. Waste: repairs, fallbacks to
    another target, answers that were rejected in the end, what nobody knows whether it was
    charged, calls that a cache would have saved, and tasks that ask the same under two names.
    """
    today = stage.now().date()
    begin = first.date() if first else today.replace(day=1)
    end = min(last.date(), today) if last else today
    if end < begin:
        raise UsageProblem(f"{begin} is after {end}")
    with show.working("reading the evidence") as say:
        spent, reconciled = _read(stage, begin, end, today, say)
        waste = _wasted(stage, spent)
    rows = _rows(spent, by)
    if as_json:
        show.as_json(_as_json(by, begin, end, rows, _total(spent), waste, reconciled))
    elif as_csv:
        _csv(by, rows)
    else:
        _say(by, begin, end, rows, _total(spent), waste, reconciled)
    if any(not one.ok for one in reconciled):
        raise click.exceptions.Exit(Exit.BAD)


def _read(
    stage: Stage, begin: date, end: date, today: date, say: Any
) -> "tuple[list[Spent], list[Reconciled]]":
    """Return the attempts of those days, and the whole months of them beside the ledger."""
    from interlock.cli.reconciled import periods_within, read_booked, reconcile
    from interlock.cli.spent import read_spent

    months = list(_whole_months(begin, end, today))
    runs = _runs(stage, begin, min(end + SETTLED_WITHIN, today))
    say(show.count(len(runs), "run"))
    before, spent = read_booked(stage, months), read_spent(stage, sorted(runs))
    for _ in range(ROUNDS):
        after = read_booked(stage, periods_within(months, spent))
        if after == before:
            break
        before, spent = after, read_spent(stage, sorted(runs))
    asked = [one for one in spent if f"{begin}" <= one.day <= f"{end}"]
    return asked, reconcile(before, spent)


def _runs(stage: Stage, begin: date, end: date) -> set[str]:
    """Return the runs that began on those days, or left evidence there."""
    from botocore.exceptions import ClientError

    from interlock.cli.evidence_check import runs_with_evidence
    from interlock.cli.listing import runs_of_days

    days = [f"{begin + timedelta(days=n)}" for n in range((end - begin).days + 1)]
    found = {run.run for run in runs_of_days(stage, days)}
    try:
        return found | runs_with_evidence(stage, days)
    except ClientError as error:
        if "AccessDenied" not in error.response["Error"]["Code"]:
            raise
        show.note("you may not list the evidence bucket: runs that began before are left out")
        return found


def _whole_months(begin: date, end: date, today: date) -> Iterator[str]:
    """Yield the months that those days hold whole, up to today."""
    month = begin.replace(day=1)
    while month <= end:
        after = (month + timedelta(days=32)).replace(day=1)
        if begin <= month and (after - timedelta(days=1) <= end or end == today):
            yield f"{month:%Y-%m}"
        month = after


def _wasted(stage: Stage, spent: "Sequence[Spent]") -> "list[Waste]":
    from interlock.cli.waste import wasted

    return wasted(stage, spent)


def _rows(spent: "Sequence[Spent]", by: str) -> list[Row]:
    """Return a row for each key, the dearest first; days by their date."""
    keys = dict.fromkeys(getattr(one, by) for one in spent)
    rows = [_row(key, [one for one in spent if getattr(one, by) == key]) for key in keys]
    if by == "day":
        return sorted(rows, key=lambda row: row.key)
    return sorted(rows, key=lambda row: (-(row.settled + row.unconfirmed), row.key))


def _total(spent: "Sequence[Spent]") -> Row:
    return _row("total", spent)


def _row(key: str, spent: "Sequence[Spent]") -> Row:
    zero = Decimal(0)
    return Row(
        key=key,
        calls=sum(one.sent for one in spent),
        input_tokens=sum(one.input_tokens for one in spent),
        output_tokens=sum(one.output_tokens for one in spent),
        settled=sum((one.settled for one in spent), zero),
        unconfirmed=sum((one.unconfirmed for one in spent), zero),
        saved=sum((one.saved for one in spent), zero),
    )


def _as_json(
    by: str,
    begin: date,
    end: date,
    rows: Sequence[Row],
    total: Row,
    waste: "Sequence[Waste]",
    reconciled: "Sequence[Reconciled]",
) -> dict[str, Any]:
    return {
        "by": by,
        "from": f"{begin}",
        "to": f"{end}",
        "rows": [row.as_json() for row in rows],
        "total": total.as_json(),
        "waste": [line.as_json() for line in waste],
        "reconciled": [one.as_json() for one in reconciled],
    }


def _csv(by: str, rows: Sequence[Row]) -> None:
    from interlock.cli import csv_text

    told = [row.as_json() for row in rows]
    titles = list(_row("", []).as_json())
    csv_text.write([by, *titles[1:]], [[one[title] for title in titles] for one in told])


def _say(
    by: str,
    begin: date,
    end: date,
    rows: Sequence[Row],
    total: Row,
    waste: "Sequence[Waste]",
    reconciled: "Sequence[Reconciled]",
) -> None:
    columns = [
        show.Column(by),
        show.Column("calls", 6, right=True),
        show.Column("tokens in", 4, right=True),
        show.Column("out", 3, right=True),
        show.Column("settled $", 9, right=True),
        show.Column("unconfirmed $", 7, right=True),
        show.Column("saved $", 5, right=True),
    ]
    show.line(f"models, {begin} to {end} (UTC)")
    show.table(columns, [_cells(row) for row in (*rows, total)])
    for line in waste:
        what = f" ({line.what})" if line.what else ""
        calls = show.count(line.calls, "call")
        show.line(show.plain("waste  ", "yellow"), f"{line.kind}: {calls}, ${line.usd:f}{what}")
    for one in reconciled:
        _say_reconciled(one)
    if not reconciled:
        show.line("no whole month was asked for: nothing was held against the ledger")


def _cells(row: Row) -> list[object]:
    amounts = (row.settled, row.unconfirmed, row.saved)
    shown = (format(amount, "f") if amount else "0" for amount in amounts)
    return [row.key, row.calls, row.input_tokens, row.output_tokens, *shown]


def _say_reconciled(one: "Reconciled") -> None:
    booked = one.ledger
    flying = f", {booked.open:f} in flight" if booked.open else ""
    said = f"{one.period}: the ledger booked {booked.settled:f} settled and "
    said += f"{booked.unconfirmed:f} unconfirmed{flying}"
    if one.ok:
        show.line(show.plain("ok   ", "green"), f"{said}; the evidence says the same")
        return
    show.line(show.plain("BAD  ", "bold red"), said)
    for finding in one.findings:
        show.line(f"  {finding.attempt or 'no attempt'}: {finding.what}", style="red")
