"""What waits for people: read from the index of what is due, the most urgent first."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from functions.core.domain.expressions import Item, Ref, Table
from functions.core.domain.parked import Content, short_id, votes
from functions.core.domain.run import DUE_BUCKETS
from functions.core.domain.step import attempts
from interlock.cli.exits import NotFound, UsageProblem
from interlock.cli.listing import LAST, find_run
from interlock.cli.stage import Stage

FAR = "9999"
"""After every instant: all that is due at some time."""
MOST = 200
"""Entries of one bucket that a list reads."""


@dataclass(frozen=True)
class Waiting:
    """One step that waits, or waited, for a person."""

    ref: Ref
    item: Item
    usd: str
    """What the run's model calls cost so far."""

    @property
    def id(self) -> str:
        """What people type for it."""
        return short_id(self.ref)

    @property
    def content(self) -> Content:
        """What is to be done."""
        return Content.read(self.item["content"])

    @property
    def what(self) -> str:
        """The operation and its target, in a few words."""
        return " ".join([self.content.operation, *(str(v) for v in self.content.target.values())])

    @property
    def who(self) -> str:
        """Who may decide."""
        named = [*self.item["approvers"], *(f"{g} (group)" for g in self.item["groups"])]
        return ", ".join(named) + (" - two of them" if int(self.item["quorum"]) > 1 else "")

    @property
    def place(self) -> dict[str, str]:
        """How the function that decides is told which one it is."""
        return {"queue": self.ref.pk, "order": self.ref.sk}

    @property
    def command(self) -> str:
        """What to type next."""
        return f"interlock approvals show {self.id}"

    def as_json(self) -> dict[str, Any]:
        """Return its JSON."""
        told = ("run", "step", "workflow", "approval", "purpose", "why", "amount", "hash")
        decided = self.item.get("decision")
        return {
            "id": self.id,
            **{name: self.item[name] for name in told},
            "operation": self.content.operation,
            "target": dict(self.content.target),
            "since": self.item["parked_at"],
            "until": self.item["expires_at"],
            "on_expiry": self.item["on_expiry"],
            "approvers": self.item["approvers"],
            "groups": self.item["groups"],
            "quorum": int(self.item["quorum"]),
            "approved_by": [vote["by"] for vote in votes(self.item)],
            "usd": self.usd,
            "decision": {k: decided[k] for k in ("verdict", "reason", "by", "at")}
            if decided
            else None,
            "command": self.command,
        }


def waiting(stage: Stage) -> list[Waiting]:
    """Return what waits for a decision: what ends soonest first, then the oldest."""
    found = [entry for entry in _parked(stage) if "decision" not in entry.item]
    return sorted(found, key=lambda entry: (entry.item["expires_at"], entry.item["parked_at"]))


def _parked(stage: Stage) -> Iterator[Waiting]:
    """Yield every parked item of the index; the item itself is read strongly consistent."""
    store = stage.store
    with ThreadPoolExecutor(DUE_BUCKETS) as pool:
        pages = pool.map(
            lambda bucket: store.due(Table.PARKED, f"due#{bucket}", FAR, MOST), range(DUE_BUCKETS)
        )
        for ref in (ref for page in pages for ref in page):
            if found := _read(stage, ref):
                yield found


def _read(stage: Stage, ref: Ref) -> Waiting | None:
    item = stage.store.get(ref)
    if item is None or "hash" not in item:
        return None
    steps = stage.store.query(Table.RUNS, item["run"], prefix="step#")
    spent = [attempt.facts.get("usd", "0") for step in steps for attempt in attempts(step)]
    return Waiting(ref, item, str(sum((Decimal(str(usd)) for usd in spent), Decimal(0))))


def find(stage: Stage, text: str) -> Waiting:
    """Return what *text* names: an id, the start of one, a run, or `last`.

    Raises
    ------
    NotFound, UsageProblem
        Nothing is called that, or several things are.
    """
    open_ = waiting(stage)
    if text == LAST and open_:
        return max(open_, key=lambda entry: str(entry.item["parked_at"]))
    found = [entry for entry in open_ if entry.id.startswith(text)]
    if not found:
        found = _of_run(stage, text)
    if not found:
        raise NotFound(f"{text}: nothing of that name waits", "see what waits: interlock inbox")
    if len(found) > 1:
        raise UsageProblem(
            f"{text} may mean {', '.join(entry.id for entry in found[:5])}", "say more of the id"
        )
    return found[0]


def _of_run(stage: Stage, text: str) -> list[Waiting]:
    """Return what a run waits for, or waited for last."""
    try:
        run = find_run(stage, text)
    except NotFound:
        return []
    steps = stage.store.query(Table.RUNS, run, prefix="step#")
    places = [step["parked"] for step in steps if "parked" in step]
    if not places:
        return []
    found = _read(stage, Ref(Table.PARKED, places[-1]["queue"], places[-1]["order"]))
    if found is None:
        raise NotFound(
            f"{run}: what it waited for is not kept any more",
            f"its record is: interlock evidence show {run}",
        )
    return [found]
