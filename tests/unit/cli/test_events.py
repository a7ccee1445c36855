"""`interlock events`, on what the door refused and lets in."""

import json

import boto3
import pytest

from functions.core.domain.expressions import Set
from functions.core.domain.run import Status, run_ref
from interlock.cli import following
from tests.stage import envelope

SCHEMA_MISSED = envelope({"id": 5})


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(following, "LOOK_EVERY", {True: 0.01, False: 0.01})


def test_it_lists_what_was_refused(world, told):
    """Reason, place, workflow and size; newest first."""
    name = world.refused(SCHEMA_MISSED)

    newest = told("events", "list")["refused"][0]

    assert newest["refused"] == name
    assert (newest["reason"], newest["detail"]) == ("SCHEMA", "/id: type string")
    assert newest["workflow"] == "sort_notes"
    assert newest["bytes"] == len(SCHEMA_MISSED)


def test_raw_text_is_shown_only_on_demand(world, typed):
    """--raw reads the kept text, and shows it neutralised."""
    name = world.refused(envelope({"id": 6, "note": "\u202esecret"}))

    assert "secret" not in typed("events", "show", name[:20]).stdout
    assert r"\u{202e}secret" in typed("events", "show", name[:20], "--raw").stdout


def test_text_that_is_gone_is_said(world, typed):
    """The short-lived prefix forgets; then a corrected event is the way."""
    name = world.refused(envelope({"id": 7}))
    world.s3.delete_object(Bucket="cli-artifacts", Key=f"refused/{name}")

    result = typed("events", "show", name, "--raw")

    assert result.exit_code == 3
    assert "not kept any more" in result.stderr


def test_replay_takes_a_corrected_event(world, functions, typed, tmp_path):
    """The corrected event is handed to the control plane, not put from here."""
    name = world.refused(envelope({"id": 8}))
    corrected = tmp_path / "corrected.json"
    corrected.write_text('{"id": "eight"}')

    result = typed("events", "replay", name[:16], "--event", str(corrected))

    assert result.exit_code == 0
    [(function, request)] = functions.asked
    assert (function, request["refused"], request["event"]) == (
        "replay_event",
        name,
        {"id": "eight"},
    )


def test_replaying_what_is_not_there_is_not_found(world, typed):
    """Exit code 3, from here or from the function."""
    assert typed("events", "replay", "f" * 64).exit_code == 3
    assert typed("events", "replay", "ffff").exit_code == 3


@pytest.fixture
def taken(world, monkeypatch):
    """Keep what the bus was given."""
    found = []
    client = boto3.client("events")

    class Bus:
        def put_events(self, Entries):  # noqa: N803
            found.extend(Entries)
            return client.put_events(Entries=Entries)

    monkeypatch.setitem(world.clients, "events", Bus())
    return found


def test_put_addresses_the_workflows_own_rule(taken, world, told):
    """Source and detail-type come from the workflow's first rule."""
    answer = told("events", "put", "sort_notes", "--detail", '{"id": "a"}')

    assert (answer["source"], answer["detail_type"]) == ("desk", "Note Written")
    assert taken[0]["Detail"] == '{"id": "a"}'


def test_put_leaves_the_text_as_it_is(taken, world, typed):
    """Long integers stay exact, and nothing is validated but that it is an object."""
    text = '{"id": "a", "order": 20261122000000017, "unknown": 1.50}'

    typed("events", "put", "sort_notes", "-", stdin=text)

    assert taken[0]["Detail"] == text


def test_put_takes_a_whole_event(taken, world, told, tmp_path):
    """A sample event brings its own source."""
    file = tmp_path / "event.json"
    file.write_text('{"source": "s", "detail-type": "T", "detail": {"id": "z"}}')

    told("events", "put", "sort_notes", str(file))

    assert (taken[0]["Source"], taken[0]["DetailType"]) == ("s", "T")
    assert json.loads(taken[0]["Detail"]) == {"id": "z"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nobody", "--detail", "{}"], 3),
        (["sort_notes"], 2),
        (["sort_notes", "no-such-file"], 2),
        (["sort_notes", "--detail", "[1]"], 2),
        (["sort_notes", "--detail", "{"], 2),
        (["sort_notes", "x.json", "--detail", "{}"], 2),
    ],
)
def test_put_refuses_what_is_no_event(taken, world, typed, words, code):
    """Nothing reaches the bus."""
    assert typed("events", "put", *words).exit_code == code
    assert taken == []


def test_wait_follows_to_the_run_of_the_same_key(taken, world, told):
    """A run that appeared after the put and has the same key is the event's."""
    world.clock.forward(minutes=5)
    key = world.fresh()
    run = world.succeeded(key)
    other = world.succeeded()

    became = told("events", "put", "sort_notes", "--detail", json.dumps({"id": key}), "--wait")[
        "became"
    ]

    assert (became["became"], became["run"], became["status"]) == ("run", run, "SUCCEEDED")
    assert became["run"] != other


def test_wait_ends_where_a_person_has_to_decide(taken, world, typed):
    """That may take days; what to type next is said."""
    world.clock.forward(minutes=5)
    key = world.fresh()
    run, _ = world.started(key)
    waits = [Set("status", Status.WAITING)]
    world.services.store.update(run_ref(run), waits)

    done = typed("events", "put", "sort_notes", "--detail", json.dumps({"id": key}), "--wait")

    assert (done.exit_code, f"interlock approvals show {run}" in done.output) == (0, True)


def test_wait_recognises_a_repeat(taken, world, told, monkeypatch):
    """A run of the same key that is older is said to be one."""
    monkeypatch.setattr(following, "REPEAT_AFTER", 0.0)
    key = world.fresh()
    run = world.succeeded(key)
    world.clock.forward(minutes=5)

    became = told("events", "put", "sort_notes", "--detail", json.dumps({"id": key}), "--wait")[
        "became"
    ]

    assert (became["became"], became["run"]) == ("repeat", run)


def test_wait_recognises_its_own_refusal(taken, world, told, monkeypatch):
    """A refusal is known by the id that the bus gave; another's is not taken for it."""
    origin = {"source": "desk", "detail_type": "Note Written"}
    world.clock.forward(minutes=5)
    world.refused(envelope({"id": 11}, origin={**origin, "id": "somebody-else"}))
    monkeypatch.setattr(following, "put_event_id", lambda _: following_id("mine"))
    mine = world.refused(envelope({"id": 11}, origin={**origin, "id": "mine"}))
    world.refused(envelope({"id": 11}, origin={**origin, "id": "a-third"}))

    became = told("events", "put", "sort_notes", "--detail", '{"id": 11}', "--wait", code=1)[
        "became"
    ]

    assert (became["became"], became["refused"]) == ("refused", mine)
    assert became["reason"] == "SCHEMA"


def following_id(event_id):
    """Recognise an envelope by an id that is known beforehand."""
    return lambda envelope_: envelope_["origin"]["id"] == event_id


def test_wait_gives_up_and_says_so(taken, world, told):
    """An event that no rule matches becomes nothing."""
    world.clock.forward(minutes=5)

    words = ["--detail", '{"id": "never"}', "--wait", "--timeout", "1"]
    became = told("events", "put", "sort_notes", *words, code=1)["became"]

    assert became["became"] == "unseen"
