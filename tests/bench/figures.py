"""The figures, their goals, and how they are written and shown."""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
RESULT = PROJECT / "build" / "bench.json"
TOLD_VERSIONS = ("boto3", "httpx", "pydantic", "aws-lambda-powertools", "moto")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Goal:
    """What a figure should be."""

    key: str
    bound: float | None
    """None: printed, not judged."""
    what: str
    least: bool = False
    """Whether the bound is the least that is good enough."""

    def met(self, value: float | None) -> bool | None:
        """Say whether *value* is good enough; None where nobody can say."""
        if value is None or self.bound is None:
            return None
        return value >= self.bound if self.least else value <= self.bound

    @property
    def shown(self) -> str:
        """The goal in a few characters."""
        if self.bound is None:
            return "-"
        return f"{'>=' if self.least else '<='} {self.bound:g}"


GOALS = (
    Goal("governed_over_httpx_cpu", 1.5, "an AI step's CPU, stores left out, x a bare httpx call"),
    Goal("governed_with_stores_over_httpx_cpu", 24, "the same with its stores"),
    Goal("store_calls_per_ai_step", 14, "store calls of an AI step, its copies included"),
    Goal("ledger_writes_per_call", 3, "writes of a priced call: reserved, marked, settled"),
    Goal("transitions_per_ai_step", 5, "states entered by an AI step"),
    Goal("lambda_calls_per_ai_step", 3, "functions called by an AI step"),
    Goal("dollars_per_triage_run", 0.0015, "AWS dollars of one ordinary ticket"),
    Goal("idle_dollars_per_month", None, "AWS dollars of a stage that does nothing"),
    Goal("package_mb_max", 50, "MB of the largest function, with its layer and bytecode"),
    Goal("guards_per_kb_over_regex", 2.0, "the guards on a text, x one regex of 12 patterns"),
    Goal("package_mb_guards_max", 100, "the same where personal data is looked for"),
    Goal("handler_ready_provider_max", 1.0, "start to ready where a model is called, x the pile"),
    Goal("handler_ready_other_max", 0.8, "start to ready of all others, x the pile"),
    Goal("demo_second_start_s", 8, "s to the first result of a second `make demo`"),
    Goal("tasks_try_s", 2, "s to try an AI task: a process of its own, the embedded model"),
    Goal("local_events_per_s", 4, "tickets a second through the laptop cloud", least=True),
    Goal("rss_kb_per_run", 150, "KB that the laptop cloud grows a run"),
    Goal("embedded_banking77_accuracy", 0.50, "share of unseen texts that are right", least=True),
)
KEYS = tuple(goal.key for goal in GOALS)


@dataclass(frozen=True)
class Measured:
    """A figure, and what stands behind it."""

    value: float | None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pairs:
    """Two ways to do something, measured side by side, round for round."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return median(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    def details(self, unit: str, scale: float = 1) -> dict[str, Any]:
        """Return medians and the spread of the ratios."""
        ratios = sorted(a / b for a, b in zip(self.ours, self.theirs, strict=True))
        return {
            f"ours_{unit}": round(median(self.ours) * scale, 3),
            f"theirs_{unit}": round(median(self.theirs) * scale, 3),
            "rounds": len(ratios),
            "lowest": round(ratios[0], 3),
            "highest": round(ratios[-1], 3),
        }


def taken() -> dict[str, Any]:
    """Return where and when figures were taken."""
    cores = f"{os.cpu_count()} cores"
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": f"{_processor()}, {cores}, {platform.system()} {platform.machine()}",
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": sys.version.split()[0],
        "versions": {name: version(name) for name in TOLD_VERSIONS},
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def write(measured: dict[str, Measured], file: Path = RESULT) -> dict[str, Any]:
    """Write *measured* into the result, beside what it holds of other keys; return the whole."""
    held = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    whole: dict[str, Any] = {key: held.get(key) for key in KEYS}
    details = {key: value for key, value in held.get("details", {}).items() if key in KEYS}
    for key, one in measured.items():
        whole[key] = one.value
        details[key] = one.details
    whole["goals"] = {goal.key: goal.shown for goal in GOALS}
    whole["met"] = {goal.key: goal.met(whole[goal.key]) for goal in GOALS}
    whole["taken"] = taken()
    whole["details"] = details
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return whole


def table(values: dict[str, Any], keys: Iterable[str]) -> str:
    """Draw the figures of *keys* against their goals."""
    asked = set(keys)
    lines = [f"{'figure':<36}{'value':>10}  {'goal':<10}{'':<8}what"]
    for goal in GOALS:
        if goal.key not in asked:
            continue
        value = values.get(goal.key)
        shown = "none" if value is None else f"{value:.4g}"
        word = {True: "met", False: "MISSED", None: ""}[goal.met(value)]
        lines.append(f"{goal.key:<36}{shown:>10}  {goal.shown:<10}{word:<8}{goal.what}")
    return "\n".join(lines)
