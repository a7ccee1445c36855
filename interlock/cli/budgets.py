"""`interlock budgets`: show, raise, lower, settle."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.exits import NotFound, UsageProblem
from interlock.cli.options import connected, examples, why_option
from interlock.cli.stage import Stage

if TYPE_CHECKING:
    from functions.core.domain.ledger import Pool
    from interlock.cli.budget_state import Change, State, Unconfirmed

SCOPE = click.argument("scope")
CHANGED = "{scope, period, before_usd, asked_usd, limit_usd, changed, by, why}"
_USD = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?")


@click.group()
def budgets() -> None:
    """Show what budgets have left; raise and lower their limits; settle what nobody confirmed.

    SCOPE is `organisation`, `team:NAME` or `task:NAME`, as `budgets.toml` declares them.
    """


def _usd(ctx: click.Context, param: click.Parameter, value: str) -> str:  # noqa: ARG001  (click's)
    if not _USD.fullmatch(value):
        raise UsageProblem(f"{value} is no amount of dollars", "like 150 or 0.0125")
    return value


@budgets.command(
    "show",
    epilog=examples(
        "interlock budgets show",
        "interlock budgets show team:support --period 2026-10",
        shape="{budgets: [{scope, period, limit_usd, declared_usd, settled_usd, unconfirmed_usd,\n"
        "   in_flight_usd, left_usd, ends_at,\n"
        "   changes: [{at, how, before_usd, asked_usd, limit_usd, by, why}],\n"
        "   unconfirmed: [{attempt, worst_usd, usd, settled_at, by, why}]}]}",
    ),
)
@click.argument("scope", default="")
@click.option("--period", default="", metavar="NAME", help="Of SCOPE; else the present one.")
@connected
def show_(stage: Stage, scope: str, period: str, *, as_json: bool) -> None:
    """Show what budgets may spend in their present periods, what they did, and what is left.

    Of one SCOPE also the decisions on its limit, and the calls that were booked at worst case
    since nobody knows whether they were charged.
    """
    from interlock.cli import budget_state

    if period and not scope:
        raise UsageProblem("--period is that of one SCOPE")
    with show.working("reading the ledger"):
        declared = budget_state.declared_budgets(stage)
        scopes = [scope] if scope else [one.scope for one in declared.budgets]
        pools = [budget_state.pool_of(declared, one, stage.now(), period) for one in scopes]
        states = [budget_state.read_state(stage, declared, pool) for pool in pools]
        if period and states == [None]:
            raise NotFound(f"{scope} has no period {period}", "like 2026-11, 2026-11-22 or total")
        found = [
            state or budget_state.unopened(declared, pool)
            for state, pool in zip(states, pools, strict=True)
        ]
        told = [
            (one, budget_state.changes_of(stage, one.pool), _booked(stage, one.pool))
            for one in found
        ]
    if as_json:
        show.as_json({"budgets": [_as_json(*one) for one in told]})
        return
    _table(found)
    for state, changes, unconfirmed in told:
        _say_changes(state, changes if scope else changes[-1:])
        _say_unconfirmed(state, unconfirmed, whole=bool(scope))


def _booked(stage: Stage, pool: "Pool") -> "list[Unconfirmed]":
    from interlock.cli.budget_state import unconfirmed_of

    return unconfirmed_of(stage, pool)


def _as_json(
    state: "State", changes: "Sequence[Change]", unconfirmed: "Sequence[Unconfirmed]"
) -> dict[str, Any]:
    return {
        **state.as_json(),
        "changes": [one.as_json() for one in changes],
        "unconfirmed": [one.as_json() for one in unconfirmed],
    }


def _table(states: "Sequence[State]") -> None:
    names = ("limit", "settled", "unconfirmed", "in_flight", "left")
    columns = [
        show.Column("budget"),
        show.Column("period", 8),
        *(show.Column(f"{name.replace('_', ' ')} $", 7, right=True) for name in names),
    ]
    rows = []
    for state in states:
        told = state.as_json()
        rows.append((state.pool.scope, state.pool.period, *(told[f"{n}_usd"] for n in names)))
    show.table(columns, rows)


def _say_changes(state: "State", changes: "Sequence[Change]") -> None:
    for one in changes:
        told = one.as_json()
        short = f", {told['asked_usd']} were asked for" if one.asked != one.limit else ""
        show.line(
            show.plain(f"{one.how}  ", "yellow"),
            f"{state.pool.scope} {state.pool.period}: from ${told['before_usd']} to "
            f"${told['limit_usd']}{short}, by {one.by} at {_minute(one.at)}: {one.why}",
        )


def _say_unconfirmed(state: "State", calls: "Sequence[Unconfirmed]", *, whole: bool) -> None:
    open_ = [one for one in calls if one.usd is None]
    if not whole:
        if open_:
            many = show.count(len(open_), "call")
            where = f"interlock budgets show {state.pool.scope}"
            show.line(show.plain("unconfirmed  ", "yellow"), f"{many}, see: {where}")
        return
    for one in calls:
        told = one.as_json()
        said = f"{one.attempt}: ${told['worst_usd']} at worst"
        if one.usd is not None:
            said += f", settled at ${told['usd']} by {one.by} at {_minute(one.settled_at)}"
        show.line(show.plain("unconfirmed  ", "yellow"), said)
    if open_:
        show.line(f"next: interlock budgets settle {open_[0].attempt} --usd USD --why TEXT")


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


@budgets.command(
    "raise",
    epilog=examples('interlock budgets raise team:support --to 20 --why "the sale"', shape=CHANGED),
)
@SCOPE
@click.option("--to", required=True, metavar="USD", callback=_usd, help="The limit, in dollars.")
@why_option
@connected
def raise_(stage: Stage, scope: str, to: str, *, why: str, as_json: bool) -> None:
    """Raise a budget's limit for its present period; on record with who, when and why.

    The period that follows begins with what `budgets.toml` says again. A limit can't be raised
    above that of the level which grants into it.
    """
    _change(stage, scope, "raise", to, why, as_json=as_json)


@budgets.command(
    "lower",
    epilog=examples(
        'interlock budgets lower organisation --to 50 --why "a leak"',
        'interlock budgets lower task:draft_reply --to 0 --why "no more today"',
        shape=CHANGED,
    ),
)
@SCOPE
@click.option("--to", required=True, metavar="USD", callback=_usd, help="The limit, in dollars.")
@why_option
@connected
def lower(stage: Stage, scope: str, to: str, *, why: str, as_json: bool) -> None:
    """Lower a budget's limit for its present period, as far as its money is free.

    What is spent and what running calls have set aside stays in it: the limit that was reached
    is reported. The period that follows begins with what `budgets.toml` says again.
    """
    _change(stage, scope, "lower", to, why, as_json=as_json)


def _change(stage: Stage, scope: str, action: str, to: str, why: str, *, as_json: bool) -> None:
    import uuid

    from interlock.cli import budget_state

    with show.working("telling the control plane"):
        declared = budget_state.declared_budgets(stage)
        pool = budget_state.pool_of(declared, scope, stage.now())
        state = budget_state.read_state(stage, declared, pool)
        request = {"action": action, "budget": pool.name, "to_usd": to, "id": uuid.uuid4().hex}
        said = {"saw": state.saw if state else "", "by": stage.person, "why": why}
        answer = stage.invoke("set_limit", {**request, **said})
    told = {
        "scope": scope,
        "period": pool.period,
        "before_usd": answer["before_usd"],
        "asked_usd": to,
        "limit_usd": answer["limit_usd"],
        "changed": answer["changed"],
        "by": stage.person,
        "why": why,
    }
    if as_json:
        show.as_json(told)
    else:
        _say_limit(stage, told)


def _say_limit(stage: Stage, told: dict[str, Any]) -> None:
    from decimal import Decimal

    where = f"{told['scope']} {told['period']}"
    kept = "spent, or set aside by running calls"
    if not told["changed"]:
        show.line(f"{where}: still ${told['limit_usd']}, all of it is {kept}")
        return
    show.line(f"{where}: from ${told['before_usd']} to ${told['limit_usd']} ({stage.where})")
    if Decimal(told["limit_usd"]) != Decimal(told["asked_usd"]):
        show.line(f"not ${told['asked_usd']}: the rest is {kept}")
    if told["period"] != "total":
        show.line("it holds to the end of the period; the next begins as budgets.toml says")


@budgets.command(
    "settle",
    epilog=examples(
        "interlock budgets show organisation",
        'interlock budgets settle RUN/STEP/1/NONCE --usd 0.0021 --why "invoice of November"',
        shape="{attempt, worst_usd, usd, by, why}",
    ),
)
@click.argument("attempt")
@click.option(
    "--usd", required=True, metavar="USD", callback=_usd, help="What the bill says; 0: nothing."
)
@why_option
@connected
def settle(stage: Stage, attempt: str, usd: str, *, why: str, as_json: bool) -> None:
    """Book what the provider's bill says of a call that was booked at worst case; once.

    ATTEMPT is one that `interlock budgets show SCOPE` lists as unconfirmed. What it did not cost
    is free again; the decision is on record in the run's evidence.
    """
    with show.working("telling the control plane"):
        pool = _budget_of(stage, attempt)
        request = {"budget": pool.name, "attempt": attempt, "usd": usd}
        answer = stage.invoke("settle_call", {**request, "by": stage.person, "why": why})
    if as_json:
        show.as_json({**answer, "by": stage.person, "why": why})
        return
    show.line(f"{attempt}: ${answer['usd']} in place of ${answer['worst_usd']} ({stage.where})")


def _budget_of(stage: Stage, attempt: str) -> "Pool":
    """Return the budget's period that an attempt was prepared in, as its evidence says."""
    from functions.core.domain.evidence import LATE, Kind, chain_of
    from functions.core.domain.expressions import Table
    from functions.core.domain.ledger import Place
    from functions.core.domain.names import AttemptName
    from functions.core.services.evidence import from_item

    try:
        name = AttemptName.parse(attempt)
    except ValueError:
        raise UsageProblem(f"{attempt} names no attempt", "see: interlock budgets show") from None
    chain = chain_of(name.run, name.step)
    for item in (i for c in (chain, chain + LATE) for i in stage.store.query(Table.EVIDENCE, c)):
        record = from_item(item)
        if record.kind == Kind.PREPARED and record.body.get("attempt") == attempt:
            return Place.told(str(record.body.get("budget", "")), name, 1).budget
    raise NotFound(f"nobody prepared {attempt}", "see: interlock budgets show SCOPE")
