"""The catalog: immutable versions by content hash, read by pin or by label.

A version is re-hashed when it is read, so what runs is what was published. Read once a
worker: a hash can't come to mean something else.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from functions.core.domain.canonical import canonical, digest
from functions.core.domain.errors import DefinitionChanged, UnknownDefinition
from functions.core.domain.expressions import Absent, Item, Ref
from functions.core.domain.labels import (
    CANARY,
    FOLLOWS_DEPLOYMENT,
    LIVE,
    PROMOTED,
    How,
    label_ref,
    takes_canary,
    version_ref,
)
from functions.core.domain.timestamps import iso
from functions.core.ports import Clock, Store
from functions.core.services.labels import Labels, Mover

DEPLOYMENT = "deployment"
"""Why a deployment does what it does."""
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Pins:
    """What a run uses from its admission on.

    Attributes
    ----------
    versions
        `kind#name` -> version.
    labels
        `kind#name` -> the label that the version comes from, where that is not `live`.
    """

    versions: Mapping[str, str]
    labels: Mapping[str, str]


class Catalog:
    """Reads pinned definitions, and publishes them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._read: dict[Ref, BaseModel] = {}

    def pins(self, wanted: Sequence[tuple[str, str]], run: str) -> Pins:
        """Return what *run* uses of everything *wanted*, as of one instant.

        That is what `live` names then, or what `canary` names where *run* is in its share.

        Raises
        ------
        UnknownDefinition
            One of them has no `live`.
        """
        refs = [
            label_ref(kind, name, label)
            for kind, name in wanted
            for label in ((LIVE, CANARY) if kind in PROMOTED else (LIVE,))
        ]
        found = dict(zip(refs, self._store.snapshot(refs) if refs else [], strict=True))
        versions, labels = {}, {}
        for kind, name in wanted:
            live = found[label_ref(kind, name)]
            if live is None:
                raise UnknownDefinition(f"{kind}#{name} has no label {LIVE}")
            pin = f"{kind}#{name}"
            canary = found.get(label_ref(kind, name, CANARY))
            if canary is not None and takes_canary(run, pin, int(canary["share"])):
                labels[pin], live = CANARY, canary
            versions[pin] = str(live["version"])
        return Pins(versions, labels)

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

    def put(
        self, kind: str, name: str, document: dict[str, Any], *, by: str, why: str
    ) -> tuple[str, bool]:
        """Store *document* as a version, unless it is one; return it and whether it is new."""
        version = digest(document)
        item: Item = {
            "document": canonical(document).decode(),
            "published_at": iso(self._clock.now()),
            "published_by": by,
            "why": why,
        }
        ref = version_ref(kind, name, version)
        return version, self._store.put(ref, item, (Absent("pk"),)).done

    def publish(self, kind: str, name: str, document: dict[str, Any], *, by: str) -> str:
        """Store *document* as a version; set `live` where the kind's rule says so.

        That is where there is none yet, and where the kind follows the deployment
        (:data:`FOLLOWS_DEPLOYMENT`). AI tasks and policies move by promotion only.
        """
        version, _ = self.put(kind, name, document, by=by, why=DEPLOYMENT)
        label = self._store.get(label_ref(kind, name))
        if label is None or (kind in FOLLOWS_DEPLOYMENT and label["version"] != version):
            mover = Mover(by=by, why=DEPLOYMENT)
            Labels(self._store, self._clock).promote(kind, name, version, mover, How.DEPLOYED)
        return version
