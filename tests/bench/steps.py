"""AI steps on a priced target in the laptop cloud: what they ask of the stores, and enter."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any

from functions.core.domain.evidence import Kind
from interlock.local.cloud import Cloud
from tests.bench import counts
from tests.bench.figures import Measured, Pairs, Say
from tests.clouds import (
    PROJECT,
    STATE,
    Desk,
    model_provider,
    priced_assembly,
    priced_parameters,
)

TICKETS = 5
WARMING = 2
STORES_FOR = ("receive_event", "admit_run", *counts.STEP_FUNCTIONS)


def without_stores(say: Say) -> dict[str, Measured]:
    """Measure the handlers of a step with stores in memory at the ports."""
    say("an AI step without its stores, against a bare call")
    with model_provider() as url:
        pairs = _governed("memory", url, {})
    return {"governed_over_httpx_cpu": Measured(round(pairs.ratio, 3), pairs.details("ms", 1000))}


def with_stores(say: Say) -> dict[str, Measured]:
    """Count what AI steps do in the laptop cloud, and measure the handlers on its stores."""
    with (
        model_provider() as url,
        Cloud.start(
            priced_assembly(), STATE, parameters=priced_parameters(url), progress=say
        ) as cloud,
    ):
        desk = Desk(cloud)
        say(f"{TICKETS} tickets on a priced target")
        counts.tickets(desk, "warm", WARMING)
        counts.settle(cloud)
        before = _records(desk)
        cloud.post("calls/reset")
        written = [0]
        for number in range(TICKETS):
            counts.tickets(desk, f"counted{number}-", 1)
            counts.settle(cloud)
            written.append(_written_for_money(desk))
        found = _of_a_step(desk, before) | _of_money(written)
        say("an AI step with its stores, against a bare call")
        pairs = _governed("stores", url, _environment(cloud))
    said = {**pairs.details("ms", 1000), "stores": "this machine's laptop cloud, over HTTP"}
    key = "governed_with_stores_over_httpx_cpu"
    return {**found, key: Measured(round(pairs.ratio, 3), said)}


def _of_a_step(desk: Desk, before: list[dict[str, Any]]) -> dict[str, Measured]:
    counted = counts.read(desk.cloud)
    steps = counted.asked("InvokeFunction", "run_ai_task_machine") / len(counts.STEP_FUNCTIONS)
    executions = counts.entered(desk, "interlock-dev-run_ai_task")
    assert steps == 2 * TICKETS, counted.calls
    records = [record for record in _records(desk) if record not in before]
    copies = counted.asked("PutObject", "copy_evidence")
    assert copies == len(records), (copies, len(records))
    by_call: dict[str, float] = {}
    for function in counts.STEP_FUNCTIONS:
        for what, number in sorted(counted.stores(function).items()):
            by_call[f"{function} {what}"] = round(number / steps, 2)
    answered = {record["chain"] for record in records if record["kind"] == Kind.ANSWERED}
    written = [r for r in records if r["chain"] in answered and r["kind"] != Kind.SEAL]
    by_call["copy_evidence s3:PutObject"] = round(len(written) / steps, 2)
    invoked = counted.asked("InvokeFunction", "run_ai_task_machine")
    return {
        "store_calls_per_ai_step": Measured(round(sum(by_call.values()), 2), by_call),
        "transitions_per_ai_step": Measured(max(executions), {"steps": len(executions)}),
        "lambda_calls_per_ai_step": Measured(invoked / (2 * TICKETS), {"steps": 2 * TICKETS}),
    }


def _written_for_money(desk: Desk) -> int:
    """Return the items that calls wrote so far: marks, and all that lies in the ledger."""
    counted = counts.read(desk.cloud)
    marks = counted.items_written(desk.names["RunsTable"], ("call_model",))
    return marks + counted.items_written(desk.names["LedgerTable"], counts.STEP_FUNCTIONS)


def _of_money(written: list[int]) -> dict[str, Measured]:
    """Return what a call writes: of the median ticket, since now and then money is moved."""
    by_ticket = [(after - before) / 2 for before, after in pairwise(written)]
    said = {"by_ticket": by_ticket, "mean": round(mean(by_ticket), 2)}
    return {"ledger_writes_per_call": Measured(median(by_ticket), said)}


def _records(desk: Desk) -> list[dict[str, Any]]:
    return desk.items("EvidenceTable")


def _environment(cloud: Cloud) -> dict[str, str]:
    """Return what the functions of a step are told, together, and where the cloud is."""
    functions, told = cloud.client("lambda"), {}
    for name in STORES_FOR:
        found = functions.get_function_configuration(FunctionName=f"interlock-dev-{name}")
        told.update(found["Environment"]["Variables"])
    return {**told, **cloud.environment}


def _governed(mode: str, url: str, environment: dict[str, str]) -> Pairs:
    assembly: Path = priced_assembly()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.governed", mode, str(assembly), url],
        cwd=PROJECT,
        env={**os.environ, **environment, "POWERTOOLS_SERVICE_NAME": "bench"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told = json.loads(done.stdout)
    return Pairs(told["ours"], told["theirs"])
