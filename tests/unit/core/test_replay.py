"""Replaying what the door refused: as it was, or corrected."""

import json

import pytest

from functions.core.domain.errors import InvalidJson, UnknownDefinition
from functions.core.domain.expressions import Table
from functions.core.services.replay import replay
from tests.stage import Stage, envelope, run_of

SENT = "2026-11-22T08:00:00.000Z"


def refuse(stage: Stage, body: str) -> str:
    assert stage.door.receive(body, SENT).what == "refused"
    return next(stage.store.items(Table.REFUSED))["pk"]


def again(stage: Stage, refused: str, workflow=None, event=None) -> dict:
    replay(stage.store, stage.blobs, stage.intake, refused=refused, workflow=workflow, event=event)
    return json.loads(stage.intake.queued[-1])


def test_a_refused_event_is_queued_again(stage) -> None:
    """Under the refusal's name, as a replay."""
    name = refuse(stage, envelope({"wrong": 1}, source="rule"))
    queued = again(stage, name)

    assert queued == {
        "v": 1, "workflow": "sort_notes", "source": "replay", "replay_id": name,
        "event": {"wrong": 1},
    }  # fmt: skip


def test_a_corrected_event_becomes_a_run(stage) -> None:
    """Through the same door."""
    again(stage, refuse(stage, envelope({})), event={"id": "a"})
    received = stage.door.receive(stage.intake.queued[-1], SENT)

    assert (received.what, received.run) == ("started", run_of("a"))


def test_a_replay_of_what_came_in_meanwhile_is_the_same_run(stage) -> None:
    """Content is the event, never the envelope."""
    name = refuse(stage, envelope({}))
    stage.door.receive(envelope({"id": "a"}, source="rule"), SENT)
    again(stage, name, event={"id": "a"})

    assert stage.door.receive(stage.intake.queued[-1], SENT).what == "duplicate"


def test_a_schedule_s_time_is_kept(stage) -> None:
    """It names the run."""
    name = refuse(stage, envelope({}, source="schedule", scheduled_time="2026-11-22T09:00:00Z"))

    assert again(stage, name)["scheduled_time"] == "2026-11-22T09:00:00Z"


def test_an_event_of_our_own_keeps_its_origin(stage) -> None:
    """What the door takes off it, it must take off its replay too; a corrected one is not ours."""
    origin = {"source": "interlock", "detail_type": "Note Sorted", "id": "e"}
    name = refuse(stage, envelope({"id": "a"}, source="rule", origin=origin))

    assert again(stage, name)["origin"] == origin
    assert "origin" not in again(stage, name, event={"id": "a"})


def test_what_was_never_json_needs_a_corrected_event(stage) -> None:
    """And a workflow."""
    name = refuse(stage, "{not json")

    with pytest.raises(InvalidJson):
        again(stage, name)
    with pytest.raises(UnknownDefinition, match="say which"):
        again(stage, name, event={"id": "a"})
    assert again(stage, name, workflow="sort_notes", event={"id": "a"})["event"] == {"id": "a"}


def test_what_was_never_refused_is_not_replayed(stage) -> None:
    """The name is a keyed hash, so nobody guesses one."""
    with pytest.raises(UnknownDefinition, match="nothing was refused"):
        again(stage, "0" * 64)


def test_a_text_that_is_gone_needs_a_corrected_event(stage) -> None:
    """The prefix is short-lived."""
    name = refuse(stage, envelope({}))
    stage.blobs.kept.clear()

    with pytest.raises(UnknownDefinition, match="not kept any more"):
        again(stage, name)
