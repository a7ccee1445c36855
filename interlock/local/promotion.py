"""Promoting what a developer changed: on a laptop the folder is what `live` should mean.

A deployment moves no label of an AI task or a policy; people do, by promoting a version. Who
reloads their own cloud after editing a prompt means just that, so it is done for them, through
the same function and on the same record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.local.cloud import Cloud

PROMOTED_KINDS = ("ai_task", "policy")


class NotPromoted(Exception):
    """The control plane refused to move a label."""


@dataclass(frozen=True)
class Promotion:
    """One label that was moved."""

    kind: str
    name: str
    before: str
    version: str


def promote_changed(cloud: Cloud, compiled: Mapping[str, Any], *, stage: str) -> list[Promotion]:
    """Make `live` mean the versions in *compiled*, as `Project.compile_catalog` returns them.

    Raises
    ------
    NotPromoted
        Naming the definition.
    """
    table = cloud.outputs(f"interlock-{stage}-platform")["CatalogTable"]
    moved = []
    # a policy is held to the one above it, as that is live by then
    documents = sorted(
        compiled["documents"], key=lambda entry: len(entry["document"].get("lineage", ()))
    )
    for entry in documents:
        kind, name, version = entry["kind"], entry["name"], entry["hash"]
        if kind not in PROMOTED_KINDS:
            continue
        before = _live(cloud, table, kind, name)
        if before not in ("", version):
            _move(cloud, stage, kind=kind, name=name, version=version)
            moved.append(Promotion(kind, name, before, version))
    return moved


def _live(cloud: Cloud, table: str, kind: str, name: str) -> str:
    key = {"pk": {"S": f"{kind}#{name}"}, "sk": {"S": "label#live"}}
    answer = cloud.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    return str(answer.get("Item", {}).get("version", {}).get("S", ""))


def _move(cloud: Cloud, stage: str, **what: str) -> None:
    request = {**what, "by": "local reload", "why": "the folder was changed"}
    answer = cloud.client("lambda").invoke(
        FunctionName=f"interlock-{stage}-move_label",
        Qualifier="live",
        Payload=json.dumps(request).encode(),
    )
    told = json.load(answer["Payload"])
    if "FunctionError" in answer:
        raise NotPromoted(f"{what['kind']} {what['name']}: {told['errorType']}")
