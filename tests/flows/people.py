"""What a person does to runs, as the command line does it: by invoking functions."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from functions.core.domain.canonical import canonical, digest
from tests.clouds import Desk

BY = {"by": "a test", "why": "to see what happens"}


def cancel(desk: Desk, run: str) -> dict[str, Any]:
    """Cancel a run; return what the function answered."""
    return desk.invoke("cancel_run", run=run, **BY)


def stop(desk: Desk, scope: str = "everything", *, stopped: bool = True) -> dict[str, Any]:
    """Set or clear an emergency stop."""
    return desk.invoke("set_stop", scope=scope, stopped=stopped, **BY)


def set_limit(desk: Desk, budget: str, action: str, usd: str) -> dict[str, Any]:
    """Raise or lower a budget's limit, seen as it is."""
    pool = desk.item("LedgerTable", f"budget#{budget}", "pool") or {}
    said = {"to_usd": usd, "id": uuid.uuid4().hex, "saw": pool.get("change", "")}
    return desk.invoke("set_limit", budget=budget, action=action, **said, **BY)


def promote(desk: Desk, task: str, version: str, kind: str = "ai_task") -> dict[str, Any]:
    """Point `live` at a version."""
    return desk.invoke("move_label", kind=kind, name=task, version=version, **BY)


def publish(desk: Desk, task: str) -> dict[str, Any]:
    """Publish another version of what is live, as the command line does."""
    document = _another(desk, task, "ai_task")
    return desk.invoke("publish_version", kind="ai_task", name=task, document=document, **BY)


def roll_back(desk: Desk, task: str) -> dict[str, Any]:
    """Point `live` at what it named before."""
    return desk.invoke("move_label", kind="ai_task", name=task, rollback=True, **BY)


def live(desk: Desk, task: str, kind: str = "ai_task") -> str:
    """Return the version that `live` names."""
    return desk.item("CatalogTable", f"{kind}#{task}", "label#live")["version"]


def publish_other(
    desk: Desk,
    task: str,
    kind: str = "ai_task",
    change: Callable[[dict[str, Any]], None] = lambda _: None,
) -> str:
    """Put another version of a task into the catalog, as a deployment would; return its hash."""
    document = _another(desk, task, kind)
    change(document)
    version = digest(document)
    item = {
        "pk": {"S": f"{kind}#{task}"},
        "sk": {"S": f"v#{version}"},
        "document": {"S": canonical(document).decode()},
        "published_at": {"S": "2026-11-22T08:00:00.000Z"},
        "published_by": {"S": "a test"},
    }
    desk.dynamodb.put_item(TableName=desk.names["CatalogTable"], Item=item)
    return version


def _another(desk: Desk, task: str, kind: str) -> dict[str, Any]:
    """Return the live document with another purpose."""
    kept = desk.item("CatalogTable", f"{kind}#{task}", f"v#{live(desk, task, kind)}")
    document: dict[str, Any] = json.loads(kept["document"])
    document["purpose"] += " (another version)"
    return document
