"""Moving labels: who, when and why, in one transaction with the history of it.

A move is refused where the label is not what its mover saw: with the facts of who moved it
meanwhile. To move a label to where it is already changes nothing, so a move may be repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from functions.core.domain.canonical import digest
from functions.core.domain.errors import LabelMoved, UnknownDefinition
from functions.core.domain.events import make
from functions.core.domain.expressions import (
    Absent,
    Equals,
    Item,
    Move,
    Ref,
    Set,
    Table,
    When,
)
from functions.core.domain.labels import (
    CANARY,
    LIVE,
    How,
    label_ref,
    rolled_back_to,
    version_ref,
)
from functions.core.domain.timestamps import iso, parse
from functions.core.ports import Bus, Clock, Store
from functions.core.services import outbox

MOMENT = timedelta(milliseconds=1)
"""The history of a label is kept by time: no two moves of it share an instant."""


@dataclass(frozen=True, kw_only=True)
class Mover:
    """Who moves a label, why, and what they saw.

    Attributes
    ----------
    saw
        Label -> the version that it named when they decided; empty where it named none. A label
        that is not mentioned is not compared.
    """

    by: str
    why: str
    saw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Moved:
    """What became of a move: where the label leads, where it led, whether that is a change."""

    version: str
    before: str
    changed: bool = True


@dataclass(frozen=True)
class _Held:
    """A label as it was found."""

    label: str
    ref: Ref
    item: Item | None

    @property
    def share(self) -> int | None:
        """The share of new runs that a canary has, in percent."""
        return int(self.item["share"]) if self.item and "share" in self.item else None

    @property
    def version(self) -> str:
        """The version that it stands for; empty where it stands for none."""
        return str(self.item["version"]) if self.item and self.share != 0 else ""

    @property
    def at(self) -> str:
        """When it was moved."""
        return str(self.item["at"]) if self.item else ""

    @property
    def unchanged(self) -> When:
        """The condition that nobody moved it since."""
        if self.item is None:
            return (Absent("pk"),)
        return (Equals("version", self.item["version"]), Equals("at", self.at))


class Labels:
    """Moves the labels of one stage's catalog."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def promote(
        self, kind: str, name: str, version: str, mover: Mover, how: How = How.PROMOTED
    ) -> Moved:
        """Let new runs pin *version*; where it is the canary, the canary ends with it.

        Raises
        ------
        UnknownDefinition
            There is no such version.
        LabelMoved
            Somebody else moved a label since *mover* saw it.
        """
        self._require(kind, name, version)
        live, canary = self._held(kind, name)
        if live.version == version:
            return Moved(version, version, changed=False)
        _compare(mover, live, canary)
        steps = [self._step(live, mover, how, version)]
        if canary.version == version:
            steps.append(self._step(canary, mover, How.WITHDRAWN, version, share=0))
        self._do(steps)
        return Moved(version, live.version)

    def offer(self, kind: str, name: str, version: str, share: int, mover: Mover) -> Moved:
        """Let *share* percent of new runs pin *version*, in place of what is live.

        Raises
        ------
        UnknownDefinition
            There is no such version.
        LabelMoved
            Somebody else moved a label since *mover* saw it, or *version* is live.
        """
        self._require(kind, name, version)
        live, canary = self._held(kind, name)
        if (canary.version, canary.share) == (version, share):
            return Moved(version, version, changed=False)
        _compare(mover, live, canary)
        if live.version == version:
            raise LabelMoved(f"{kind} {name} {version[:12]} is live already, for all runs")
        self._do([self._step(canary, mover, How.OFFERED, version, share=share)])
        return Moved(version, canary.version)

    def withdraw(self, kind: str, name: str, mover: Mover) -> Moved:
        """End the canary: from here on all new runs pin what is live.

        Raises
        ------
        LabelMoved
            Somebody else moved a label since *mover* saw it.
        """
        live, canary = self._held(kind, name)
        if not canary.version:
            return Moved("", "", changed=False)
        _compare(mover, live, canary)
        self._do([self._step(canary, mover, How.WITHDRAWN, canary.version, share=0)])
        return Moved("", canary.version)

    def roll_back(self, kind: str, name: str, mover: Mover) -> Moved:
        """Let `live` name again what it named before the version that it names now.

        Raises
        ------
        UnknownDefinition
            Nothing was live before.
        LabelMoved
            Somebody else moved a label since *mover* saw it.
        """
        live, canary = self._held(kind, name)
        _compare(mover, live, canary)
        version = self.before(kind, name)
        self._do([self._step(live, mover, How.ROLLED_BACK, version)])
        return Moved(version, live.version)

    def before(self, kind: str, name: str) -> str:
        """Return what a rollback leads to.

        Raises
        ------
        UnknownDefinition
            Nothing was live before.
        """
        ref = label_ref(kind, name, LIVE)
        version = rolled_back_to(self._store.query(Table.CATALOG, ref.pk, prefix=f"{ref.sk}#"))
        if version is None:
            raise UnknownDefinition(f"{kind} {name}: nothing was live before what is live now")
        return version

    def announce(self, kind: str, name: str, bus: Bus) -> bool:
        """Deliver the events of moves that are not out yet; False if some stay."""
        for held in self._held(kind, name):
            pending = outbox.pending(held.item)
            if outbox.deliver(self._store, bus, held.ref, pending) < len(pending):
                return False
        return True

    def _require(self, kind: str, name: str, version: str) -> None:
        if self._store.get(version_ref(kind, name, version)) is None:
            raise UnknownDefinition(f"{kind} {name} has no version {version[:12]}")

    def _held(self, kind: str, name: str) -> tuple[_Held, _Held]:
        refs = [label_ref(kind, name, label) for label in (LIVE, CANARY)]
        live, canary = map(_Held, (LIVE, CANARY), refs, self._store.snapshot(refs))
        return live, canary

    def _step(
        self, held: _Held, mover: Mover, how: How, version: str, **share: int
    ) -> tuple[str, tuple[Move, ...]]:
        """Return one label's part of a transaction, and the id of the event that tells of it."""
        now, ref = self._after(held), held.ref
        kind, _, name = ref.pk.partition("#")
        said = {"version": version, "by": mover.by, "why": mover.why, "how": how, **share}
        event = make(
            "Label Moved",
            {"kind": kind, "name": name, "label": held.label, "before": held.version or None}
            | said,
            cause=digest([ref.pk, held.label, now, said]),
        )
        facts = (Set("at", now), *(Set(key, value) for key, value in said.items()))
        entry = () if how is How.DEPLOYED else outbox.entries([event])
        history = Ref(ref.table, ref.pk, f"{ref.sk}#{now}")
        return event.event_id, (
            Move(ref, facts + entry, held.unchanged),
            Move(history, (*facts, Set("before", held.version)), (Absent("pk"),)),
        )

    def _after(self, held: _Held) -> str:
        """Return the current instant; later than the last move, whatever other clocks said."""
        now = self._clock.now()
        return iso(max(now, parse(held.at) + MOMENT) if held.at else now)

    def _do(self, steps: list[tuple[str, tuple[Move, ...]]]) -> None:
        moves = [move for _, parts in steps for move in parts]
        if not self._store.transact(moves, token=steps[0][0]):
            kind, _, name = moves[0].ref.pk.partition("#")
            raise _overtaken(max(self._held(kind, name), key=lambda held: held.at))


def _compare(mover: Mover, *found: _Held) -> None:
    for held in found:
        if mover.saw.get(held.label, held.version) != held.version:
            raise _overtaken(held)


def _overtaken(held: _Held) -> LabelMoved:
    what = f"{held.label} of {held.ref.pk.replace('#', ' ')}"
    if held.item is None:
        return LabelMoved(f"{what}: there is none")
    where = held.version[:12] or "nothing"
    by = f"by {held.item['by']} at {held.at}"
    return LabelMoved(f"{what} was moved meanwhile: to {where}, {by}")
