"""Ordinary tickets through the laptop cloud, twenty at a time: their rate, and its memory."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import counts
from tests.bench.figures import Measured, Say
from tests.clouds import Desk

AT_ONCE = 20
RUNS = 400
FROM = 100
"""Memory is judged from here on: before, workers start and caches fill."""
MOST_SECONDS = 110
LOOK_SECONDS = 0.25
WARM = 20
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """How things stood at one moment."""

    at: float
    done: int
    rss_kb: int
    server_seconds: float
    worker_seconds: float


def measure(desk: Desk, say: Say) -> dict[str, Measured]:
    """Keep twenty tickets under way until enough runs are over, or time is."""
    cloud = desk.cloud
    counts.settle(cloud)
    cloud.post("calls/reset")
    began, put, samples = time.monotonic(), 0, []
    told = began
    while True:
        samples.append(_sample(desk))
        done, now = samples[-1].done, time.monotonic()
        over = done >= RUNS or now - began > MOST_SECONDS
        if over or put == RUNS:
            break
        for _ in range(min(AT_ONCE - (put - done), RUNS - put)):
            desk.open(f"load-{put}")
            put += 1
        if now - told > 15:
            say(f"{done} of {RUNS} tickets")
            told = now
        time.sleep(LOOK_SECONDS)
    counts.settle(cloud, 60)
    samples.append(_sample(desk))
    return {"local_events_per_s": _rate(samples), "rss_kb_per_run": _growth(samples)}


def _sample(desk: Desk) -> Sample:
    status = desk.cloud.status()
    server = int(status["pid"])
    done = counts.read(desk.cloud).asked("PutEvents", "complete_run")
    workers = sum(_processor_seconds(pid) for pid in _descendants(server))
    return Sample(time.monotonic(), done, status["rss_kb"], _processor_seconds(server), workers)


def _rate(samples: list[Sample]) -> Measured:
    """Return runs a second while the window was full, and what the time went into."""
    full = [sample for sample in samples[:-1] if sample.done >= WARM]
    if len(full) < 2 or full[-1].done == full[0].done:
        return Measured(None, {"why": "too few tickets came through"})
    first, last = full[0], full[-1]
    seconds, runs = last.at - first.at, last.done - first.done
    server = (last.server_seconds - first.server_seconds) / runs
    workers = (last.worker_seconds - first.worker_seconds) / runs
    cores = os.cpu_count() or 1
    said: dict[str, Any] = {"runs": runs, "at_once": AT_ONCE, "seconds": round(seconds, 1)}
    if server:
        said |= {
            "server_ms_a_run": round(server * 1000),
            "workers_ms_a_run": round(workers * 1000),
            "bound_by": _bound(server * runs / seconds, workers * runs / seconds, cores),
        }
    return Measured(round(runs / seconds, 2), said)


def _bound(server: float, workers: float, cores: int) -> str:
    kept = f"the server keeps {server:.2f} and the workers {workers:.2f} of {cores} cores busy"
    if server > 0.85:
        return f"the server's one interpreter lock: {kept}"
    if server + workers > 0.85 * cores:
        return f"the cores: {kept}"
    return f"the machine's other load, or waiting: {kept}"


def _growth(samples: list[Sample]) -> Measured:
    """Return KB a run, as the slope of a straight line through memory over runs."""
    seen = [sample for sample in samples if sample.done >= FROM]
    if len(seen) < 10 or seen[-1].done - seen[0].done < 50:
        return Measured(None, {"why": f"fewer than {FROM + 50} runs in {MOST_SECONDS} s"})
    middle = sum(s.done for s in seen) / len(seen)
    level = sum(s.rss_kb for s in seen) / len(seen)
    above = sum((s.done - middle) * (s.rss_kb - level) for s in seen)
    slope = above / sum((s.done - middle) ** 2 for s in seen)
    said = {
        "runs": [seen[0].done, seen[-1].done],
        "rss_mb": [round(seen[0].rss_kb / 1024), round(seen[-1].rss_kb / 1024)],
    }
    return Measured(round(slope, 1), said)


def _processor_seconds(pid: int) -> float:
    """Return a process's processor time; 0 where the system does not tell, or it has ended."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[11]) + int(told[12])) / _TICKS


def _descendants(pid: int) -> list[int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(told[1])
    found, waiting = [], [pid]
    while waiting:
        waiting_for = waiting.pop()
        children = [child for child, parent in parents.items() if parent == waiting_for]
        found += children
        waiting += children
    return found
