"""Following an event to its run: the run's name can't be known here, since its key is secret.

What appears in the day indexes after the event was put is looked at: a refusal is recognised
by the id in its envelope, a run by the fields of its admitted input that name it.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.core.domain.expressions import Item
from functions.core.domain.references import is_reference, lookup
from functions.core.domain.run import OPEN, Status, run_ref
from functions.core.domain.timestamps import iso
from interlock.cli.event_text import refusals, refused_text
from interlock.cli.listing import Listed, newest_refused, newest_runs
from interlock.cli.stage import Stage

SKEW = {True: timedelta(0), False: timedelta(seconds=30)}
"""How far our clock may be ahead: none of a laptop cloud, whose own clock we ask; of AWS."""
REPEAT_AFTER = 3.0
"""Seconds without news after which an older run of the same key is taken to be the answer."""
LOOK_EVERY = {True: 0.2, False: 1.0}
"""Seconds between looks, at a laptop cloud and at AWS."""
UNDER_WAY = tuple(status for status in OPEN if status is not Status.WAITING)
_ABSENT = object()


@dataclass(frozen=True)
class Became:
    """What became of an event: `run`, `repeat`, `refused` or `unseen`."""

    what: str
    name: str = ""
    item: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """The run's state; REJECTED for a refusal."""
        return "REJECTED" if self.what == "refused" else str(self.item.get("status", ""))

    @property
    def good(self) -> bool:
        """Whether the run succeeded, or waits for a person as it should."""
        return self.status in (Status.SUCCEEDED, Status.WAITING)

    def as_json(self) -> dict[str, Any]:
        """Return its JSON."""
        told = {"became": self.what, "status": self.status}
        if self.what == "refused":
            facts = {key: self.item.get(key, "") for key in ("reason", "detail")}
            return {**told, "refused": self.name, **facts}
        if self.what == "unseen":
            return told
        facts = {key: self.item.get(key, "") for key in ("reason", "started_at", "ended_at")}
        return {**told, "run": self.name, **facts}


@dataclass(frozen=True)
class Sent:
    """What was sent, as far as it can be recognised again.

    Attributes
    ----------
    detail
        The event; None where its text is not known.
    is_ours
        Says of a refused envelope whether it is this one.
    """

    workflow: Mapping[str, Any]
    detail: Mapping[str, Any] | None
    since: datetime
    is_ours: Callable[[Mapping[str, Any]], bool]


class Following:
    """Looks until the event has become something, and that has ended or waits for a person."""

    def __init__(self, stage: Stage, sent: Sent, tell: Callable[[str], None]) -> None:
        self._stage = stage
        self._sent = sent
        self._tell = tell
        self._since = iso(sent.since - SKEW[stage.cloud is not None])
        self._judged: dict[str, bool] = {}

    def follow(self, seconds: float) -> Became:
        """Follow the event for at most *seconds*."""
        pause = LOOK_EVERY[self._stage.cloud is not None]
        began = time.monotonic()
        found = Became("unseen")
        while time.monotonic() - began < seconds:
            found = self._look(time.monotonic() - began >= REPEAT_AFTER)
            if found.what == "refused" or (found.name and found.status not in UNDER_WAY):
                return found
            self._tell(found.status or "waiting for the door")
            time.sleep(pause)
        return found

    def _look(self, repeats_too: bool) -> Became:
        refused = self._refused()
        if refused is not None:
            return refused
        runs = newest_runs(self._stage, days=2, workflow=str(self._sent.workflow["name"]))
        new = [run for run in runs if run.started_at >= self._since and self._fits(run, new=True)]
        if new:
            return self._run("run", new[0])
        old = [r for r in runs if repeats_too and r.started_at < self._since]
        repeated = next((run for run in old if self._fits(run, new=False)), None)
        return self._run("repeat", repeated) if repeated else Became("unseen")

    def _run(self, what: str, run: Listed) -> Became:
        item = self._stage.store.get(run_ref(run.run)) or {}
        return Became(what, run.run, item)

    def _refused(self) -> Became | None:
        for name, at in newest_refused(self._stage, days=2):
            if at < self._since:
                return None
            if self._judged.get(f"{name}/{at}") is False:
                continue
            item = next((i for i in refusals(self._stage, name) if i["sk"] == at), None)
            ours = item is not None and self._is_our_refusal(name, item)
            self._judged[f"{name}/{at}"] = ours
            if ours and item is not None:
                return Became("refused", name, item)
        return None

    def _is_our_refusal(self, name: str, item: Item) -> bool:
        from botocore.exceptions import ClientError

        if item["workflow"] not in ("", self._sent.workflow["name"]):
            return False
        try:
            text = refused_text(self._stage, name)
        except ClientError:  # not everybody may read raw events: then name and time must do
            return True
        try:
            envelope = json.loads(text or "{}")
        except ValueError:
            return True
        return isinstance(envelope, dict) and self._sent.is_ours(envelope)

    def _fits(self, run: Listed, *, new: bool) -> bool:
        """Say whether *run* is named by the same fields; a hidden field proves nothing."""
        if run.run in self._judged:
            return self._judged[run.run]
        item = self._stage.store.get(run_ref(run.run))
        pointers = self._sent.workflow["dedup_key"]
        if item is None or self._sent.detail is None or isinstance(pointers, str):
            return new
        admitted = json.loads(item["input"])
        pairs = [(_at(admitted, p), _at(self._sent.detail, p)) for p in pointers]
        hidden = any(is_reference(held) for held, _ in pairs)
        same = all(held == given or is_reference(held) for held, given in pairs)
        self._judged[run.run] = same and (new or not hidden)
        return self._judged[run.run]


def _at(value: Any, pointer: str) -> Any:
    try:
        return lookup(value, pointer)
    except KeyError:
        return _ABSENT


def put_event_id(event_id: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return what recognises the envelope of an event that the bus took under *event_id*."""
    return lambda envelope: (envelope.get("origin") or {}).get("id") == event_id


def replay_id(refused: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return what recognises the envelope of a replay of *refused*."""
    return lambda envelope: envelope.get("replay_id") == refused
