"""One campaign of kills: learn which calls there are, kill at each, then count what is left.

What must hold afterwards: no accepted event is lost, no CRM write is doubled (by the CRM's own
log), no reservation is open once the sweep ran, the evidence verifies, and nearly every run
ends well; the others are named with their reason.
"""

import collections
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from tests.clouds import (
    CLOSED,
    STATE,
    Desk,
    model_provider,
    priced_assembly,
    priced_parameters,
    wait_for,
)
from tests.flows.approvers import LEADS, Person

BATCH = 12
WARM_UP = 4
PATIENCE_SECONDS = 240
NOT_IN_THE_WAY = (
    "publish_catalog",
    "cancel_run",
    "set_stop",
    "move_label",
    "publish_version",
    "replay_event",
    "redrive_message",
)
"""Functions that no event leads to; their deaths are seen by whoever called them."""

Order = dict[str, str]


@dataclass
class Report:
    """What a campaign came to."""

    orders: int
    carried_out: int
    runs: int
    statuses: dict[str, int]
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    open_reservations: list[str] = field(default_factory=list)
    not_succeeded: list[tuple[str, str, str]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    uneven_budgets: list[str] = field(default_factory=list)

    @property
    def succeeded_share(self) -> float:
        """The share of runs that ended SUCCEEDED."""
        return self.statuses.get("SUCCEEDED", 0) / max(1, self.runs)


def run_campaign(
    *,
    seed: int,
    at_most: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """Kill at each call of each function, or at *at_most* of them drawn by *seed*."""
    with model_provider() as url:
        clock = Clock.leaping()
        parameters = priced_parameters(url)
        with Cloud.start(priced_assembly(), STATE, clock=clock, parameters=parameters) as cloud:
            desk = Desk(cloud)
            orders = _orders(desk, random.Random(seed), at_most)
            say(f"{len(orders)} kills, seed {seed}")
            tickets = _carry_out(desk, orders, say)
            _settle(desk, say)
            return _report(desk, tickets, len(orders))


def _orders(desk: Desk, rnd: random.Random, at_most: int | None) -> list[Order]:
    """Learn from a few undisturbed tickets which calls each function makes."""
    desk.cloud.post("kills", {"orders": []})
    tickets = [f"W-{number}" for number in range(WARM_UP)]
    for number, ticket in enumerate(tickets):
        desk.open(ticket, sample=_sample(number))
    desk.put({"nothing": "that a workflow knows"})
    wait_for(lambda: set(tickets) <= _ended(desk), f"{tickets}", PATIENCE_SECONDS)
    wait_for(lambda: "sweep" in _seen(desk), "a sweep", PATIENCE_SECONDS)
    orders = [
        {"function": function.removeprefix("interlock-dev-"), "call": call, "when": when}
        for function, calls in _seen(desk).items()
        for call in calls
        for when in (("before", "after") if not call.startswith("return") else ("before",))
    ]
    orders = [order for order in orders if order["function"] not in NOT_IN_THE_WAY]
    rnd.shuffle(orders)
    return orders if at_most is None else orders[:at_most]


def _seen(desk: Desk) -> dict[str, list[str]]:
    seen: dict[str, list[str]] = desk.cloud.get("kills")["seen"]
    return {name.removeprefix("interlock-dev-"): calls for name, calls in seen.items()}


def _carry_out(desk: Desk, orders: Sequence[Order], say: Callable[[str], None]) -> list[str]:
    tickets: list[str] = []
    for start in range(0, len(orders), BATCH):
        batch = orders[start : start + BATCH]
        named = [{**order, "function": f"interlock-dev-{order['function']}"} for order in batch]
        desk.cloud.post("kills", {"orders": named})
        opened = [f"K-{len(tickets) + number}" for number in range(len(batch))]
        for number, ticket in enumerate(opened):
            desk.open(ticket, sample=_sample(number))
        tickets += opened
        wait_for(lambda wanted=set(opened): wanted <= _ended(desk), f"{opened}", PATIENCE_SECONDS)
        say(f"{len(tickets)} of {len(orders)}")
    return tickets


def _sample(number: int) -> str:
    return ("spam_ticket", "refund_ticket", "ordinary_ticket", "ordinary_ticket")[number % 4]


def _approve(desk: Desk) -> None:
    """Be the person who approves whatever waits, and asks again where nobody answered."""
    waiting = [i for i in desk.items("ParkedTable") if "hash" in i and "decision" not in i]
    for item in waiting:
        Person(desk, "ana", *LEADS).says(item)


def _ended(desk: Desk) -> set[str]:
    _approve(desk)
    return {json.loads(run["input"])["ticket_id"] for run in desk.runs() if run["status"] in CLOSED}


def _settle(desk: Desk, say: Callable[[str], None]) -> None:
    """Let the sweep come to its end: nothing due, nothing reserved, every copy made."""
    say("letting the sweep end what is left")
    wait_for(lambda: desk.cloud.get("kills")["left"] == 0 or None, "the last kills", 60)
    wait_for(
        lambda: not _open_reservations(desk) and all(run.get("sealed") for run in desk.runs()),
        "the sweep",
        PATIENCE_SECONDS,
    )


def _open_reservations(desk: Desk) -> list[str]:
    shards = [item for item in desk.items("LedgerTable") if item["sk"].startswith("shard#")]
    return [name for shard in shards for name in shard["open"]]


def _report(desk: Desk, tickets: Sequence[str], orders: int) -> Report:
    runs = {json.loads(run["input"])["ticket_id"]: run for run in desk.runs()}
    writes = collections.Counter(entry["ticket_id"] for entry in desk.crm_writes())
    mine = {ticket: runs[ticket] for ticket in tickets if ticket in runs}
    report = Report(
        orders=orders,
        carried_out=len(desk.cloud.get("kills")["carried_out"]),
        runs=len(mine),
        statuses=dict(collections.Counter(run["status"] for run in mine.values())),
        lost=[ticket for ticket in tickets if ticket not in runs],
        doubled=[ticket for ticket, count in writes.items() if count > 1],
        open_reservations=_open_reservations(desk),
        uneven_budgets=uneven(desk),
        findings=_alarms(desk),
    )
    for ticket, run in mine.items():
        if run["status"] != "SUCCEEDED":
            report.not_succeeded.append((ticket, run["status"], run.get("reason", "")))
        elif not writes[ticket]:
            report.lost.append(f"{ticket} succeeded without a write")
    return report


def _alarms(desk: Desk) -> list[str]:
    """Return what verification holds against the evidence of these honest runs."""
    return [
        f"{finding.chain} {finding.n} {finding.what}"
        for run in desk.runs()
        for finding in desk.evidence(run["pk"]).findings
    ]


def uneven(desk: Desk) -> list[str]:
    """Return the budgets whose parts don't add up to their limit."""
    items: dict[str, list[dict[str, Any]]] = collections.defaultdict(list)
    for item in desk.items("LedgerTable"):
        if item["pk"].startswith("budget#"):
            items[item["pk"]].append(item)
    uneven = []
    for name, parts in items.items():
        pool = next(part for part in parts if part["sk"] == "pool")
        shards = [part for part in parts if part["sk"].startswith("shard#")]
        own = sum(pool.get(name, 0) for name in ("avail", "withheld", "granted_down"))
        total = own + sum(
            shard["avail"]
            + shard["settled"]
            + shard["unconfirmed"]
            + sum(entry["worst"] for entry in shard["open"].values())
            for shard in shards
        )
        if total != pool["limit"]:
            uneven.append(f"{name}: {total} of {pool['limit']}")
    return uneven


def told(report: Report, seconds: float) -> list[str]:
    """Return the report as lines for people."""
    lines = [
        f"kills carried out      {report.carried_out} of {report.orders}, {seconds:.0f} s",
        f"runs                   {report.runs}, {report.succeeded_share:.1%} SUCCEEDED",
        f"events lost            {len(report.lost)} {report.lost or ''}",
        f"CRM writes doubled     {len(report.doubled)} {report.doubled or ''}",
        f"reservations open      {len(report.open_reservations)}",
        f"false alarms           {len(report.findings)} {report.findings or ''}",
        f"budgets that add up    {'all' if not report.uneven_budgets else report.uneven_budgets}",
    ]
    return lines + [f"  {' '.join(each)}" for each in report.not_succeeded]
