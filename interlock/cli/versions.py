"""A definition in the catalog: its versions, its label, and how two versions differ."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.core.domain.canonical import digest
from functions.core.domain.expressions import Table
from functions.core.services.catalog import LIVE
from interlock.cli.exits import NotFound, Refused, UsageProblem
from interlock.cli.stage import Stage

LABEL = f"label#{LIVE}"
TEXTS = ("system", "user")


@dataclass(frozen=True)
class Version:
    """One immutable version."""

    version: str
    at: str
    by: str
    live: bool


@dataclass(frozen=True)
class Moved:
    """One move of the label."""

    version: str
    before: str
    at: str
    by: str
    why: str


@dataclass(frozen=True)
class Definition:
    """Everything the catalog holds under one name; newest first."""

    kind: str
    name: str
    live: Mapping[str, Any]
    versions: Sequence[Version]
    history: Sequence[Moved]
    texts: Mapping[str, str]

    @property
    def live_version(self) -> str:
        """The version that `live` names."""
        return str(self.live.get("version", ""))

    def find(self, start: str) -> str:
        """Return the one version that begins with *start*."""
        found = [known.version for known in self.versions if known.version.startswith(start)]
        if not found:
            raise NotFound(
                f"{self.name} has no version {start}", f"see: interlock tasks show {self.name}"
            )
        if len(found) > 1:
            raise UsageProblem(f"{start} may mean {len(found)} versions", "say more of it")
        return found[0]

    def document(self, version: str) -> dict[str, Any]:
        """Return a version's content, hashed again."""
        document: dict[str, Any] = json.loads(self.texts[version])
        if digest(document) != version:
            raise Refused(
                f"{self.kind} {self.name} {version[:12]} was changed in the table",
                "treat it as an incident: no run will use it",
            )
        return document

    def as_json(self, shown: str) -> dict[str, Any]:
        """Return its JSON with the content of version *shown*."""
        live = {key: self.live.get(key, "") for key in ("version", "at", "by", "why")}
        return {
            "kind": self.kind,
            "name": self.name,
            "live": live,
            "version": shown,
            "document": self.document(shown),
            "versions": [
                {
                    "version": known.version,
                    "published_at": known.at,
                    "published_by": known.by,
                    "live": known.live,
                }
                for known in self.versions
            ],
            "history": [dict(vars(move)) for move in self.history],
        }


def read_definition(stage: Stage, kind: str, name: str) -> Definition:
    """Read everything under a name.

    Raises
    ------
    NotFound
        Nothing is there.
    """
    items = {str(item["sk"]): item for item in stage.store.query(Table.CATALOG, f"{kind}#{name}")}
    stored = {key[2:]: item for key, item in items.items() if key.startswith("v#")}
    live = items.get(LABEL)
    if not stored or live is None:
        raise NotFound(f"the catalog holds no {kind} {name}", "was it deployed to this stage?")
    versions = [
        Version(v, str(i["published_at"]), str(i["published_by"]), live["version"] == v)
        for v, i in stored.items()
    ]
    history = [
        Moved(*(str(item.get(key, "")) for key in ("version", "before", "at", "by", "why")))
        for key, item in items.items()
        if key.startswith(f"{LABEL}#")
    ]
    return Definition(
        kind=kind,
        name=name,
        live=live,
        versions=sorted(versions, key=lambda known: known.at, reverse=True),
        history=sorted(history, key=lambda move: move.at, reverse=True),
        texts={version: str(item["document"]) for version, item in stored.items()},
    )


def difference(found: Definition, before: str, after: str) -> list[str]:
    """Return what changes from one version to another, as lines of a unified diff."""
    if before == after:
        return []
    old = found.document(before) if before in found.texts else {}
    new = found.document(after)
    lines: list[str] = []
    for part in sorted({*old, *new}):
        lines += difflib.unified_diff(
            _lines(old.get(part)), _lines(new.get(part)), part, part, lineterm="", n=2
        )
    return lines


def _lines(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return value.splitlines()
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).splitlines()
