"""Calls: one governed step for a state machine of somebody else's (`external` workflows).

A call is an execution of `supervise_run` that another machine started directly. It asks the
door as every event does, starts the run under the run's own name, and takes its outcome back as
data. It may be made as often as one likes: the same call is the same run (CONTRACTS: the door).
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from functions.core.domain.envelope import CALL
from functions.core.domain.errors import RunNotOpen
from functions.core.domain.expressions import Item
from functions.core.domain.run import OPEN, Outcome, Status, run_ref
from functions.core.domain.timestamps import iso_of_milliseconds, parse
from functions.core.ports import Clock, Store
from functions.core.services.door import Door, Received

ASK_SOONEST = timedelta(seconds=2)
ASK_LATEST = timedelta(minutes=15)
"""Bounds of the wait for a run that another execution works on."""
AGE_PER_WAIT = 4
"""It is asked for again after a quarter of its age, so a run of days is asked for seldom."""


@dataclass(frozen=True)
class Said:
    """What the machine does next.

    `start` the run, or `follow` it where somebody did, and ask again after *seconds*; or end with
    what is `told`.
    """

    next: str
    run: str = ""
    workflow: str = ""
    seconds: int = 0
    told: dict[str, Any] | None = None


class Calls:
    """Answers direct starts."""

    def __init__(self, *, door: Door, store: Store, clock: Clock) -> None:
        self._door = door
        self._store = store
        self._clock = clock

    def ask(self, asked: Any, started_ms: int) -> Said:
        """Let a call in, and say what becomes of it.

        Parameters
        ----------
        asked
            The execution's input: `workflow` names an external one, `input` fits its schema.
        started_ms
            When the execution began, so that a refusal is kept once, however often it asks.
        """
        given = asked if isinstance(asked, dict) else {}
        envelope = {
            "v": 1,
            "workflow": given.get("workflow"),
            "source": CALL,
            "event": given.get("input"),
        }
        received = self._door.let_in(json.dumps(envelope), iso_of_milliseconds(started_ms))
        if received.item is None:
            return Said("told", told=_refused(received))
        return self._say(received.run, received.item)

    def follow(self, run: str) -> Said:
        """Say what becomes of a call that was let in as *run*, whatever is deployed meanwhile.

        Raises
        ------
        RunNotOpen
            There is no such run.
        """
        item = self._store.get(run_ref(run))
        if item is None:
            raise RunNotOpen("there is no such run")
        return self._say(run, item)

    def _say(self, run: str, item: Item) -> Said:
        status = Status(item["status"])
        if status not in OPEN:
            return Said("told", run, told=_ended(run, item))
        doing = "start" if status is Status.RECEIVED else "follow"
        return Said(doing, run, item["workflow"], self._wait(item))

    def _wait(self, item: Item) -> int:
        age = self._clock.now() - parse(item["started_at"])
        return round(min(max(age / AGE_PER_WAIT, ASK_SOONEST), ASK_LATEST).total_seconds())


def _refused(received: Received) -> dict[str, Any]:
    return {
        "run": "",
        "status": "REJECTED",
        "outcome": Outcome.FAILED,
        "reason": received.reason,
        "detail": received.detail,
        "step": "",
        "answer": None,
    }


def _ended(run: str, item: Item) -> dict[str, Any]:
    """Return how *run* ended: what its step put out, or why it put out nothing."""
    told = json.loads(item["output"]) if item.get("output") else {}
    return {
        "run": run,
        "status": item["status"],
        "outcome": told.get("outcome", Outcome.FAILED),
        "reason": told.get("reason", item["reason"]),
        "detail": "",
        "step": told.get("step", ""),
        "answer": told.get("answer"),
    }
