"""The catalog: immutable versions by content hash, and movable labels with their history.

A version is re-hashed when it is read, so what runs is what was published. Read once a
worker: a hash can't come to mean something else.
"""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from functions.core.domain.canonical import canonical, digest
from functions.core.domain.errors import DefinitionChanged, StoreContention, UnknownDefinition
from functions.core.domain.events import make
from functions.core.domain.expressions import Absent, Equals, Item, Move, Ref, Set, Table
from functions.core.domain.timestamps import iso
from functions.core.ports import Clock, Store
from functions.core.services import outbox

LIVE = "live"
FOLLOWS_DEPLOYMENT = ("workflow", "system", "models", "budgets")
"""Kinds that are deployed together with a machine or a setting they must agree with: their
label moves with the deployment. AI tasks and policies move by promotion only."""
_Model = TypeVar("_Model", bound=BaseModel)


def version_ref(kind: str, name: str, version: str) -> Ref:
    """Return where a version lies."""
    return Ref(Table.CATALOG, f"{kind}#{name}", f"v#{version}")


def label_ref(kind: str, name: str, label: str = LIVE) -> Ref:
    """Return where a label lies."""
    return Ref(Table.CATALOG, f"{kind}#{name}", f"label#{label}")


class Catalog:
    """Reads pinned definitions, and publishes them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._read: dict[Ref, BaseModel] = {}

    def pins(self, wanted: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Return `kind#name` -> version of everything *wanted*, as of one instant."""
        refs = [label_ref(kind, name) for kind, name in wanted]
        found = {}
        for ref, item in zip(refs, self._store.snapshot(refs) if refs else [], strict=True):
            if item is None:
                raise UnknownDefinition(f"{ref.pk} has no label {LIVE}")
            found[ref.pk] = str(item["version"])
        return found

    def live(self, kind: str, name: str, model: type[_Model]) -> tuple[str, _Model]:
        """Return the version that `live` names now, and its content."""
        item = self._store.get(label_ref(kind, name))
        if item is None:
            raise UnknownDefinition(f"{kind} {name} is not published")
        version = str(item["version"])
        return version, self.pinned(kind, name, version, model)

    def pinned(self, kind: str, name: str, version: str, model: type[_Model]) -> _Model:
        """Return the content of *version*; raise DefinitionChanged if it is not that any more."""
        ref = version_ref(kind, name, version)
        known = self._read.get(ref)
        if not isinstance(known, model):
            item = self._store.get(ref)
            if item is None:
                raise UnknownDefinition(f"{kind} {name} has no version {version[:12]}")
            document = json.loads(item["document"])
            if digest(document) != version:
                raise DefinitionChanged(f"{kind} {name} {version[:12]} was changed in the store")
            known = self._read[ref] = model.model_validate(document)
        return known

    def publish(self, kind: str, name: str, document: dict[str, Any], *, by: str) -> str:
        """Store *document* as a version; set `live` where the kind's rule says so."""
        now = iso(self._clock.now())
        version = digest(document)
        item: Item = {
            "document": canonical(document).decode(),
            "published_at": now,
            "published_by": by,
        }
        self._store.put(version_ref(kind, name, version), item, (Absent("pk"),))
        label = self._store.get(label_ref(kind, name))
        if label is None or (kind in FOLLOWS_DEPLOYMENT and label["version"] != version):
            self.move(kind, name, version, by=by, why="deployment", announce=False)
        return version

    def move(
        self,
        kind: str,
        name: str,
        version: str,
        *,
        by: str,
        why: str,
        label: str = LIVE,
        announce: bool = True,
    ) -> str | None:
        """Point *label* at *version*, on record; return the version it named before.

        Raises
        ------
        StoreContention
            Somebody else moved it since it was read.
        """
        if self._store.get(version_ref(kind, name, version)) is None:
            raise UnknownDefinition(f"{kind} {name} has no version {version[:12]}")
        ref = label_ref(kind, name, label)
        now = iso(self._clock.now())
        held = self._store.get(ref)
        before = str(held["version"]) if held else None
        detail = {"kind": kind, "name": name, "label": label, "version": version}
        event = make(
            "Label Moved",
            {**detail, "before": before, "by": by, "why": why},
            cause=f"{ref.pk}/{label}/{version}/{now}",
        )
        facts = (Set("version", version), Set("at", now), Set("by", by), Set("why", why))
        entry = outbox.entries([event]) if announce else ()
        guard = Equals("version", before) if before else Absent("pk")
        history = Ref(Table.CATALOG, ref.pk, f"{ref.sk}#{now}")
        moved = self._store.transact(
            [
                Move(ref, facts + entry, (guard,)),
                Move(history, (*facts, Set("before", before or ""))),
            ],
            token=event.event_id,
        )
        if not moved:
            raise StoreContention(f"{ref.pk} was moved by somebody else meanwhile")
        return before
