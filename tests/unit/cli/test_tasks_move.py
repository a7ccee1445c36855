"""`interlock tasks promote` and `rollback`."""

import pytest

from functions.core.domain.canonical import digest
from functions.core.domain.labels import label_ref
from functions.core.services.labels import Mover
from tests.stage import TASK

WHY = ("--why", "better")


@pytest.fixture
def publish(world):
    """Return what publishes a task's versions, each a second later; the first one is live."""

    def publish_(name, *systems):
        made = []
        for system in systems:
            world.clock.forward(seconds=1)
            document = {**TASK, "name": name, "system": system}
            world.services.catalog.publish("ai_task", name, document, by="deployment")
            made.append(digest(document))
        return made

    return publish_


def live(world, name):
    return world.services.store.get(label_ref("ai_task", name))["version"]


def test_a_canary_is_offered_grows_and_is_promoted(world, publish, told, typed):
    """Without a version: the newest one, then the canary itself."""
    old, new = publish("trial", "A.", "B.")

    offered = told("tasks", "promote", "trial", "--canary", "10", *WHY)
    assert (offered["label"], offered["version"], offered["share"]) == ("canary", new, 10)
    assert offered["diff"][-2:] == ["-A.", "+B."]
    assert live(world, "trial") == old
    world.clock.forward(seconds=1)
    told("tasks", "promote", "trial", "--canary", "50", *WHY)
    shown = told("tasks", "show", "trial")
    assert (shown["canary"]["version"], shown["canary"]["share"]) == (new, 50)
    assert "canary 50 %" in typed("tasks", "show", "trial").stdout
    world.clock.forward(seconds=1)

    promoted = told("tasks", "promote", "trial", *WHY)

    assert (promoted["version"], promoted["before"], promoted["changed"]) == (new, old, True)
    shown = told("tasks", "show", "trial")
    assert (shown["live"]["version"], shown["canary"]) == (new, None)
    moves = [(move["label"], move["how"], move["share"]) for move in shown["history"]]
    assert set(moves[:2]) == {("live", "promoted", None), ("canary", "withdrawn", 0)}
    assert moves[2:] == [
        ("canary", "offered", 50),
        ("canary", "offered", 10),
        ("live", "deployed", None),
    ]


def test_a_canary_can_be_ended(world, publish, told, typed):
    """All new runs take what is live again."""
    old, new = publish("ended", "A.", "B.")
    told("tasks", "promote", "ended", new[:10], "--canary", "10", *WHY)

    ended = told("tasks", "rollback", "ended", "--canary", *WHY)

    assert (ended["version"], ended["before"]) == ("", new)
    assert told("tasks", "show", "ended")["canary"] is None
    assert live(world, "ended") == old
    assert typed("tasks", "rollback", "ended", "--canary", *WHY).exit_code == 3


def test_a_rollback_is_one_move_and_a_second_leads_further_back(world, publish, told, typed):
    """Never to a version that somebody rolled back from."""
    first, second, third = publish("back", "A.", "B.", "C.")
    for version in (second, third):
        told("tasks", "promote", "back", version, *WHY)

    dry = told("tasks", "rollback", "back", "--dry-run", *WHY)
    assert (dry["version"], dry["changed"], live(world, "back")) == (second, False, third)
    assert dry["diff"][-2:] == ["-C.", "+B."]

    assert told("tasks", "rollback", "back", *WHY)["version"] == second
    assert told("tasks", "rollback", "back", *WHY)["version"] == first
    assert typed("tasks", "rollback", "back", *WHY).exit_code == 3
    assert live(world, "back") == first


def test_who_decided_on_another_label_is_told_who_moved_it(world, publish, typed, functions):
    """The move is refused, and says by whom and when."""
    _, second, third = publish("raced", "A.", "B.", "C.")
    move = functions.move_label

    def overtaken(**request):
        world.services.labels.promote("ai_task", "raced", second, Mover(by="ana", why="-"))
        return move(**request)

    functions.move_label = overtaken

    result = typed("tasks", "promote", "raced", third, *WHY)

    assert result.exit_code == 4
    assert f"moved meanwhile: to {second[:12]}, by ana at 2026" in result.stderr
    assert live(world, "raced") == second


def test_what_is_not_said_clearly_is_not_done(world, publish, typed, functions):
    """No version and no canary; both ways to name one; a canary of what is live."""
    [version] = publish("vague", "A.")

    for words in ([], [version, "--latest"], [version, "--canary", "10"], ["--canary", "100"]):
        assert typed("tasks", "promote", "vague", *words, *WHY).exit_code == 2
    assert functions.asked == []


def test_what_can_break_is_said_before_it_is_moved(world, publish, told, typed):
    """And who uses it."""
    publish("broken", "A.")
    document = {**TASK, "name": "broken", "output_schema": {"type": "object", "properties": {}}}
    world.clock.forward(seconds=1)
    world.services.catalog.publish("ai_task", "broken", document, by="deployment")

    answer = told("tasks", "promote", "broken", "--latest", "--dry-run", *WHY)
    drawn = typed("tasks", "promote", "broken", "--latest", *WHY).stdout

    assert "/label" in {one["pointer"] for one in answer["breaks"]}
    assert "can break: output_schema/label is gone" in drawn
    assert "used by: no workflow of this stage" in drawn


def test_a_run_says_which_of_its_versions_are_a_canary_s(world, told):
    """Those that do not come from `live`."""
    document = {**TASK, "system": f"Sort, {world.fresh()}."}
    world.services.catalog.publish("ai_task", "sort", document, by="deployment")
    told("tasks", "promote", "sort", "--latest", "--canary", "99", *WHY)
    runs = [world.started()[0] for _ in range(3)]
    told("tasks", "rollback", "sort", "--canary", *WHY)
    shown = [told("runs", "show", run) for run in [*runs, world.started()[0]]]

    took = [one["pin_labels"] == {"ai_task#sort": "canary"} for one in shown]
    pinned = [one["pins"]["ai_task#sort"] == digest(document) for one in shown]
    assert took == pinned
    assert any(took)
    assert not took[-1]
