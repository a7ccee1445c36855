"""A definition in the catalog: its versions, its labels, and how two versions differ."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.core.domain.canonical import digest
from functions.core.domain.expressions import Item, Table
from functions.core.domain.labels import CANARY, LIVE
from interlock.cli.exits import NotFound, Refused, UsageProblem
from interlock.cli.stage import Stage

SHORT = 12
"""Characters of a version that people are shown."""
LATEST = "latest"
"""Stands for the version that was published last."""
_LABEL = "label#"
_ORDER = (
    "purpose",
    "owner",
    "team",
    "route",
    "policy",
    "limits",
    "system",
    "user",
    "variables_schema",
    "output_schema",
    "examples",
)
"""In which order the parts of a task are shown; what else there is stands after them."""


@dataclass(frozen=True)
class Version:
    """One immutable version."""

    version: str
    at: str
    by: str
    live: bool


@dataclass(frozen=True)
class Moved:
    """One move of a label; `share` is the canary's, in percent."""

    label: str
    version: str
    before: str
    at: str
    by: str
    why: str
    how: str
    share: int | None


@dataclass(frozen=True)
class Definition:
    """Everything the catalog holds under one name; newest first."""

    kind: str
    name: str
    live: Mapping[str, Any]
    """The label `live`; empty where nobody promoted anything yet."""
    canary: Mapping[str, Any] | None
    """The canary's label, while new runs take it."""
    versions: Sequence[Version]
    history: Sequence[Moved]
    texts: Mapping[str, str]

    @property
    def live_version(self) -> str:
        """The version that `live` names."""
        return str(self.live.get("version", ""))

    @property
    def canary_version(self) -> str:
        """The version that the canary's share of new runs takes; empty where there is none."""
        return str(self.canary["version"]) if self.canary else ""

    def labels(self, version: str) -> list[str]:
        """Return which labels name *version*."""
        found = [LIVE] if version == self.live_version else []
        if self.canary and version == self.canary_version:
            found.append(f"{CANARY} {self.canary['share']} %")
        return found

    def find(self, said: str) -> str:
        """Return the version that *said* names: a label, `latest`, or how one version begins."""
        if said == LATEST:
            return self.versions[0].version
        labels = {LIVE: self.live_version, CANARY: self.canary_version}
        if labels.get(said):
            return labels[said]
        found = [known.version for known in self.versions if known.version.startswith(said)]
        if not found:
            what = said if said in labels else f"version {said}"
            raise NotFound(f"{self.name} has no {what}", f"see: interlock tasks show {self.name}")
        if len(found) > 1:
            raise UsageProblem(f"{said} may mean {len(found)} versions", "say more of it")
        return found[0]

    def document(self, version: str) -> dict[str, Any]:
        """Return a version's content, hashed again."""
        document: dict[str, Any] = json.loads(self.texts[version])
        if digest(document) != version:
            raise Refused(
                f"{self.kind} {self.name} {version[:SHORT]} was changed in the table",
                "treat it as an incident: no run will use it",
            )
        return document

    def as_json(self, shown: str) -> dict[str, Any]:
        """Return its JSON with the content of version *shown*."""
        said = ("version", "at", "by", "why")
        live = {key: self.live.get(key, "") for key in said}
        canary = self.canary and {
            **{key: self.canary.get(key, "") for key in said},
            "share": int(self.canary["share"]),
        }
        return {
            "kind": self.kind,
            "name": self.name,
            "live": live,
            "canary": canary,
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
    live = items.get(_LABEL + LIVE, {})
    if not stored:
        raise NotFound(f"the catalog holds no {kind} {name}", "was it deployed to this stage?")
    canary = items.get(_LABEL + CANARY)
    versions = [
        Version(v, str(i["published_at"]), str(i["published_by"]), live.get("version") == v)
        for v, i in stored.items()
    ]
    history = [
        _moved(label, item)
        for key, item in items.items()
        for label in (LIVE, CANARY)
        if key.startswith(f"{_LABEL}{label}#")
    ]
    return Definition(
        kind=kind,
        name=name,
        live=live,
        canary=canary if canary and int(canary["share"]) else None,
        versions=sorted(versions, key=lambda known: known.at, reverse=True),
        history=sorted(history, key=lambda move: move.at, reverse=True),
        texts={version: str(item["document"]) for version, item in stored.items()},
    )


def _moved(label: str, item: Item) -> Moved:
    version, before, at, by, why, how = (
        str(item.get(key, "")) for key in ("version", "before", "at", "by", "why", "how")
    )
    share = int(item["share"]) if "share" in item else None
    return Moved(label, version, before, at, by, why, how, share)


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what changes from one document to another, as lines of a unified diff.

    Each part of it (a prompt, a schema, the limits) is compared by itself.
    """
    lines: list[str] = []
    named = [part for part in _ORDER if part in {*old, *new}]
    for part in (*named, *sorted({*old, *new} - {*named})):
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
