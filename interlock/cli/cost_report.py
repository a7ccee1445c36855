"""`interlock cost`: report."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.cost_page import Page, rows_of, total_of
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
"""How long after its day an attempt may still leave records there, also by another zone's days."""
ZONES = timedelta(days=1)
"""By how much at most the days of a budget's time zone begin before those of UTC."""


@click.group()
def cost() -> None:
    """Say what was spent on models, from the evidence, held against the ledger."""


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
    rows, total = rows_of(spent, by), total_of(spent)
    page = Page(by, begin, end, rows, total, waste, reconciled)
    if as_json:
        show.as_json(page.as_json())
    elif as_csv:
        page.write_csv()
    else:
        page.say()
    if any(not one.ok for one in reconciled):
        raise click.exceptions.Exit(Exit.BAD)


def _read(
    stage: Stage, begin: date, end: date, today: date, say: Any
) -> "tuple[list[Spent], list[Reconciled]]":
    """Return the attempts of those days, and the whole months of them beside the ledger."""
    from interlock.cli.reconciled import (
        declared_within,
        periods_within,
        read_booked,
        reconcile,
    )
    from interlock.cli.spent import read_spent

    months = list(_whole_months(begin, end, today))
    runs = _runs(stage, begin - ZONES, min(end + SETTLED_WITHIN, today))
    declared = declared_within(stage, months, today)
    say(show.count(len(runs), "run"))
    before, spent = (
        read_booked(stage, periods_within(months, (), declared)),
        read_spent(stage, sorted(runs)),
    )
    for _ in range(ROUNDS):
        after = read_booked(stage, periods_within(months, spent, declared))
        if after == before:
            break
        before, spent = after, read_spent(stage, sorted(runs))
    asked = [one for one in spent if f"{begin}" <= one.day <= f"{end}"]
    found = [one for one in reconcile(before, spent) if one.period in months or one.told]
    return asked, found


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
