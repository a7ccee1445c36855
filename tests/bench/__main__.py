"""Measure everything, write `build/bench.json`, print the table.

    python -m tests.bench [--data DIR] [--only KEY ...]

A missed goal is printed as missed and fails nothing; what can't be measured does.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from statistics import median

from interlock.local.cloud import Cloud
from tests.bench import cold, demo, embedded, guards, load, money, steps, trying
from tests.bench.figures import KEYS, Measured, Say, table, write
from tests.clouds import STATE, Desk, assembly

SEEDS = (1, 2, 3)

Measurement = Callable[[Say, set[str], argparse.Namespace], dict[str, Measured]]


def _cold(say: Say, _wanted: set[str], _: argparse.Namespace) -> dict[str, Measured]:
    return cold.ready(assembly(), say)


def _package(say: Say, _wanted: set[str], _: argparse.Namespace) -> dict[str, Measured]:
    return cold.size(assembly(), say)


def _without_stores(say: Say, _wanted: set[str], _: argparse.Namespace) -> dict[str, Measured]:
    return steps.without_stores(say)


def _with_stores(say: Say, _wanted: set[str], _: argparse.Namespace) -> dict[str, Measured]:
    return steps.with_stores(say)


def _ordinary(say: Say, wanted: set[str], _: argparse.Namespace) -> dict[str, Measured]:
    found: dict[str, Measured] = {}
    with Cloud.start(assembly(), STATE, progress=say) as cloud:
        desk = Desk(cloud)
        if "dollars_per_triage_run" in wanted:
            found["dollars_per_triage_run"] = money.of_a_ticket(desk, say)
        if "idle_dollars_per_month" in wanted:
            found["idle_dollars_per_month"] = money.of_doing_nothing(desk, assembly(), say)
        if wanted & {"local_events_per_s", "rss_kb_per_run"}:
            found |= load.measure(desk, say)
    return found


def _demo(say: Say, _wanted: set[str], _: argparse.Namespace) -> dict[str, Measured]:
    return {"demo_second_start_s": demo.second_start(say)}


def _trying(say: Say, _wanted: set[str], _: argparse.Namespace) -> dict[str, Measured]:
    return {"tasks_try_s": trying.seconds(say)}


def _embedded(say: Say, _wanted: set[str], told: argparse.Namespace) -> dict[str, Measured]:
    key = "embedded_banking77_accuracy"
    if told.data is None:
        return {key: Measured(None, {"why": "no --data DIR with tasks/banking77.jsonl was given"})}
    right = []
    for seed in SEEDS:
        say(f"unseen banking77 texts, seed {seed}")
        right.append(embedded.embedded_accuracy(told.data, seed))
    shown = {str(seed): round(one, 4) for seed, one in zip(SEEDS, right, strict=True)}
    return {key: Measured(round(median(right), 4), {"seeds": shown})}


def _guards(say: Say, _wanted: set[str], told: argparse.Namespace) -> dict[str, Measured]:
    key = "guards_per_kb_over_regex"
    if told.data is None:
        return {key: Measured(None, {"why": "no --data DIR with tasks/, pii/, injection/"})}
    return {key: guards.per_kb(told.data, say)}


MEASUREMENTS: dict[Measurement, tuple[str, ...]] = {
    _package: ("package_mb_max", "package_mb_guards_max"),
    _cold: ("handler_ready_provider_max", "handler_ready_other_max"),
    _without_stores: ("governed_over_httpx_cpu",),
    _with_stores: (
        "store_calls_per_ai_step",
        "ledger_writes_per_call",
        "transitions_per_ai_step",
        "lambda_calls_per_ai_step",
        "governed_with_stores_over_httpx_cpu",
    ),
    _ordinary: (
        "dollars_per_triage_run",
        "idle_dollars_per_month",
        "local_events_per_s",
        "rss_kb_per_run",
    ),
    _demo: ("demo_second_start_s",),
    _trying: ("tasks_try_s",),
    _guards: ("guards_per_kb_over_regex",),
    _embedded: ("embedded_banking77_accuracy",),
}


def main() -> int:
    """Measure; return 1 where something could not be measured."""
    parser = argparse.ArgumentParser(description="Measure everything against its goal.")
    parser.add_argument("--data", type=Path, help="folder with tasks/banking77.jsonl")
    parser.add_argument("--only", nargs="+", choices=KEYS, metavar="KEY", help="these figures")
    told = parser.parse_args()
    wanted = set(told.only or KEYS)
    began, failed = time.monotonic(), False

    def say(text: str) -> None:
        print(f"bench {time.monotonic() - began:5.0f} s  {text}", file=sys.stderr, flush=True)

    say("synthesize what is measured")
    assembly()
    measured: dict[str, Measured] = {}
    for measurement, keys in MEASUREMENTS.items():
        if not wanted & set(keys):
            continue
        try:
            found = measurement(say, wanted, told)
        except Exception as problem:
            traceback.print_exc()
            failed = True
            found = {key: Measured(None, {"why": f"{type(problem).__name__}"}) for key in keys}
        measured |= {key: one for key, one in found.items() if key in wanted}
    whole = write(measured)
    print(f"\n{table(whole, wanted)}\n")
    print(f"{whole['taken']['machine']}, load {whole['taken']['load_average'][0]}, ", end="")
    print(f"{whole['taken']['at']}; all of it in build/bench.json")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
