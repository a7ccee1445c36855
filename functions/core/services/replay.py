"""Replaying what the door refused."""

from typing import Any

from functions.core.domain.canonical import canonical, parse_strict
from functions.core.domain.errors import InvalidJson, UnknownDefinition
from functions.core.domain.expressions import Table
from functions.core.ports import Blobs, Intake, Store


def replay(
    store: Store,
    blobs: Blobs,
    intake: Intake,
    *,
    refused: str,
    workflow: str | None,
    event: dict[str, Any] | None,
) -> str:
    """Queue a refused event again, corrected where *event* is given; return its workflow.

    Raises
    ------
    UnknownDefinition
        Nothing was refused under that name, its text is not kept any more, or it names no
        workflow and none was given.
    InvalidJson
        It was never JSON, and no corrected event was given.
    """
    if not store.query(Table.REFUSED, refused, limit=1):
        raise UnknownDefinition("nothing was refused under that name")
    envelope = _envelope(blobs.get(f"refused/{refused}"), needed=event is None)
    name = workflow or envelope.get("workflow")
    if not isinstance(name, str):
        raise UnknownDefinition("the refused text names no workflow; say which")
    again: dict[str, Any] = {
        "v": 1,
        "workflow": name,
        "source": "replay",
        "replay_id": refused,
        "event": envelope.get("event") if event is None else event,
    }
    if scheduled := envelope.get("scheduled_time"):
        again["scheduled_time"] = scheduled
    if event is None and (origin := envelope.get("origin")):
        # what the door takes from an event of our own, it must take from its replay too
        again["origin"] = origin
    intake.send(canonical(again).decode())
    return name


def _envelope(raw: bytes | None, *, needed: bool) -> dict[str, Any]:
    if raw is None:
        if needed:
            raise UnknownDefinition("its text is not kept any more; give a corrected event")
        return {}
    try:
        found = parse_strict(raw)
    except InvalidJson:
        if needed:
            raise
        return {}
    return found if isinstance(found, dict) else {}
