"""A run's item, its states, and where it lies (CONTRACTS: run states)."""

import hashlib
from enum import StrEnum

from functions.core.domain.expressions import Ref, Table

DUE_BUCKETS = 8
RUN = "run"


class Status(StrEnum):
    """The states of a run; REJECTED lives only in the refused store."""

    RECEIVED = "RECEIVED"
    HELD = "HELD"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"
    TIMED_OUT = "TIMED_OUT"


WORKING = (Status.RUNNING, Status.WAITING)
"""States in which a step may send."""
OPEN = (Status.RECEIVED, Status.HELD, Status.QUEUED, *WORKING, Status.CANCELLING)
CANCELLABLE = tuple(status for status in OPEN if status is not Status.CANCELLING)


class Outcome(StrEnum):
    """How a step ended; data, never an error (DESIGN: words)."""

    SUCCEEDED = "SUCCEEDED"
    REPAIRED = "REPAIRED"
    CACHED = "CACHED"
    FORCED = "FORCED"
    SKIPPED = "SKIPPED"
    BLOCKED_BY_POLICY = "BLOCKED_BY_POLICY"
    BUDGET_BUSY = "BUDGET_BUSY"
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED"
    REJECTED_OUTPUT = "REJECTED_OUTPUT"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    FAILED = "FAILED"


GOOD = (Outcome.SUCCEEDED, Outcome.REPAIRED, Outcome.CACHED)


def run_ref(run: str) -> Ref:
    """Return the address of the run's own item."""
    return Ref(Table.RUNS, run, RUN)


def step_ref(run: str, step: str) -> Ref:
    """Return the address of a step's item."""
    return Ref(Table.RUNS, run, f"step#{step}")


def due_bucket(pk: str) -> str:
    """Return the partition of the due index in which *pk* lies."""
    return f"due#{_spread(pk)}"


def day_bucket(pk: str, at: str) -> str:
    """Return the partition of the day index for something that began at *at*."""
    return f"{at[:10]}#{_spread(pk)}"


def _spread(pk: str) -> int:
    return int(hashlib.sha256(pk.encode()).hexdigest()[:8], 16) % DUE_BUCKETS
