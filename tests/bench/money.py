"""AWS dollars, from counted use and the one price file: a ticket, and a stage that does nothing.

A function's milliseconds are this machine's: what runs on Lambda's smaller share of a core takes
longer, but doesn't wait for a laptop's stores. Left out: logs, traces, storage, free tiers.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

from interlock.cli.cost import INTAKE_REQUESTS
from interlock.idle_cost import MONTHLY, EmptySweep, by_month, held_by
from interlock.prices import list_prices
from tests.bench import counts
from tests.bench.figures import Measured, Say
from tests.clouds import Desk

TICKETS = 6
SWEEPS = 5
WARMING = 2
MACHINES = ("supervise_run", "run_ai_task", "call_system", "wf-triage_ticket")


def of_a_ticket(desk: Desk, say: Say) -> Measured:
    """Count what ordinary tickets use, and price it."""
    cloud, prices = desk.cloud, list_prices()
    counts.tickets(desk, "money-warm", WARMING)
    counts.settle(cloud)
    say(f"{TICKETS} ordinary tickets, one after the other")
    cloud.post("calls/reset")
    before = counts.milliseconds(cloud)
    entered = {machine: _entered(desk, machine) for machine in MACHINES}
    counts.tickets(desk, "money", TICKETS)
    counts.settle(cloud)
    counted = counts.read(cloud)
    transitions = sum(_entered(desk, machine) - entered[machine] for machine in MACHINES)
    memory = _memory(desk)
    compute = invocations = Decimal(0)
    for name, (number, took) in counts.milliseconds(cloud).items():
        was = before.get(name, (0, 0.0))
        if name != "sweep":
            invocations += number - was[0]
            compute += prices.compute(Decimal(str(round(took - was[1], 3))), memory[name])
    events = counted.units_of("event") + TICKETS
    parts = {
        "step_functions": prices.requests("state_transition", transitions),
        "lambda": compute + prices.requests("lambda_request", invocations),
        "dynamodb_writes": prices.requests("dynamodb_write_unit", _dec(counted.units_of("write"))),
        "dynamodb_reads": prices.requests("dynamodb_read_unit", _dec(counted.units_of("read"))),
        "s3_puts": prices.requests("s3_put", counted.total("s3", "PutObject")),
        "s3_gets": prices.requests("s3_get", counted.total("s3", "GetObject")),
        "events": prices.requests("eventbridge_event", _dec(events)),
        "queue": prices.requests("sqs_request", INTAKE_REQUESTS * TICKETS),
        "secrets": prices.requests(
            "secrets_manager_request", counted.total("secretsmanager", "GetSecretValue")
        ),
    }
    said = {name: _short(amount / TICKETS) for name, amount in parts.items()}
    used = {
        "transitions": transitions,
        "lambda_requests": int(invocations),
        "write_units": counted.units_of("write"),
        "read_units": counted.units_of("read"),
        "s3_puts": counted.total("s3", "PutObject"),
        "events": events,
    }
    said["used"] = {name: round(number / TICKETS, 1) for name, number in used.items()}
    said["prices"] = f"{prices.region}, {prices.as_of}"
    return Measured(_short(sum(parts.values(), Decimal(0)) / TICKETS), said)


def of_doing_nothing(desk: Desk, assembly: Path, say: Say) -> Measured:
    """Price what a stage's templates charge by the month, and what its clock does each minute."""
    cloud, prices = desk.cloud, list_prices()
    say("what a stage costs that does nothing")
    desk.invoke("sweep", at="2026-11-22T08:00:00.000Z")
    cloud.post("calls/reset")
    before = counts.milliseconds(cloud)["sweep"]
    for _ in range(SWEEPS):
        desk.invoke("sweep", at="2026-11-22T08:00:00.000Z")
    after, counted = counts.milliseconds(cloud)["sweep"], counts.read(cloud)
    sweeps = after[0] - before[0]
    each = Decimal(str(round((after[1] - before[1]) / sweeps, 3)))
    sweep = EmptySweep(
        each,
        _memory(desk)["sweep"],
        _dec(counted.units_of("read", "sweep") / sweeps),
        _dec(counted.units_of("write", "sweep") / sweeps),
    )
    parts, held = by_month(assembly, prices, sweep), held_by(assembly)
    said: dict[str, Any] = {name: float(round(amount, 3)) for name, amount in parts.items()}
    said["counts"] = {kind: held.get(kind, 0) for kind in MONTHLY}
    said["sweep_ms"] = float(each)
    said["prices"] = f"{prices.region}, {prices.as_of}"
    return Measured(float(round(sum(parts.values(), Decimal(0)), 2)), said)


def _entered(desk: Desk, machine: str) -> int:
    return sum(counts.entered(desk, f"interlock-dev-{machine}"))


def _memory(desk: Desk) -> dict[str, int]:
    pages = desk.functions.get_paginator("list_functions").paginate()
    return {
        one["FunctionName"].removeprefix("interlock-dev-"): one["MemorySize"]
        for page in pages
        for one in page["Functions"]
    }


def _dec(number: float) -> Decimal:
    return Decimal(str(number))


def _short(amount: Decimal) -> float:
    return float(round(amount, 8))
