"""What the door lets in, what it recognises, and what it refuses, keeps and announces."""

import json

import pytest

from functions.core.domain.envelope import Origin
from functions.core.domain.errors import BusUnavailable, DefinitionChanged
from functions.core.domain.events import make
from functions.core.domain.expressions import Ref, Remove, Set, Table
from functions.core.domain.labels import version_ref
from functions.core.domain.references import FIELD, Reference
from functions.core.domain.run import Status, run_ref
from tests.stage import KEYS, Stage, compiled, envelope, run_of

SENT = "2026-11-22T08:00:00.000Z"
GOOD = envelope({"id": "a"})
FORGED = {FIELD: "desk/r/0", "media_type": "", "bytes": 0, "mac": ""}


def origin(source: str = "interlock") -> dict:
    return Origin(source=source, detail_type="Note Sorted", id="e1").model_dump()


def item(stage: Stage, dedup: str = "a") -> dict:
    return stage.store.get(run_ref(run_of(dedup)))


def refused(stage: Stage) -> list[dict]:
    return list(stage.store.items(Table.REFUSED))


def test_an_event_becomes_a_run_that_is_started(stage) -> None:
    """Named by its key, kept as RECEIVED, and handed to the supervisor by name alone."""
    received = stage.door.receive(envelope({"id": "a"}), SENT)
    run = run_of("a")

    assert (received.what, received.run) == ("started", run)
    assert item(stage)["status"] == Status.RECEIVED
    assert json.loads(stage.orchestrator.started[run]) == {"run": run, "workflow": "sort_notes"}


def test_the_same_event_ten_times_is_one_run(stage) -> None:
    """By whichever way it comes."""
    bodies = [envelope({"id": "a"}, source=s) for s in ("rule", "replay", "api")] * 4
    told = [stage.door.receive(body, SENT).what for body in bodies[:10]]

    assert told == ["started"] + ["duplicate"] * 9
    assert len(list(stage.store.items(Table.RUNS))) == 1


def test_a_repeat_starts_what_was_never_started(stage) -> None:
    """Whoever died between the two writes is healed by the next delivery."""
    stage.door.receive(envelope({"id": "a"}), SENT)
    stage.orchestrator.started.clear()

    stage.door.receive(envelope({"id": "a"}), SENT)

    assert list(stage.orchestrator.started) == [run_of("a")]


def test_a_repeat_of_a_run_at_work_starts_nothing(stage) -> None:
    """It is recognised, and that is all."""
    stage.admitted("a")
    stage.orchestrator.started.clear()

    assert stage.door.receive(envelope({"id": "a"}), SENT).what == "duplicate"
    assert stage.orchestrator.started == {}


def test_a_personal_value_never_reaches_the_run_s_item(stage) -> None:
    """A reference stands in its place, and the bucket holds the text."""
    stage.door.receive(envelope({"id": "a", "note": "call Jo"}), SENT)
    held = json.loads(item(stage)["input"])
    named = Reference.verify(KEYS, held["note"])

    assert "call Jo" not in str(item(stage))
    assert stage.blobs.kept[named.object_key] == b"call Jo"


def test_an_integer_of_17_digits_stays_exact(stage) -> None:
    """It travels as a reference: doubles could not carry it."""
    stage.door.receive(envelope({"id": "a", "order": 12345678901234567}), SENT)
    held = json.loads(item(stage)["input"])

    assert stage.artifacts.resolve(held, run=run_of("a"))["order"] == 12345678901234567


def deep(levels: int) -> str:
    return envelope({"id": "a", "tree": "@"}).replace('"@"', "[" * levels + "]" * levels)


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        ("{not json", "INVALID_JSON", "not JSON"),
        ('{"v": 1} {}', "INVALID_JSON", "trailing data"),
        ('{"v": 1, "v": 1}', "INVALID_JSON", "duplicate key at (root)"),
        ('{"v": NaN}', "INVALID_JSON", "not a finite number"),
        (GOOD.replace('"a"', '"a\\u0000"'), "INVALID_JSON", "NUL character at /event/id"),
        (GOOD.replace('"a"', '"\\ud800"'), "INVALID_JSON", "lone surrogate at /event/id"),
        (GOOD.replace('"a"', '"\ud800"'), "INVALID_JSON", "lone surrogate"),
        (deep(64), "INVALID_JSON", "nested too deeply"),
        ('"' + "x" * 1_048_577 + '"', "INVALID_JSON", "too large"),
        ("[]", "ENVELOPE", "(root) model_type"),
        ('{"v": 2, "workflow": "a", "source": "api", "event": 1}', "ENVELOPE", "/v literal_error"),
        (GOOD[:-1] + ',"jo@example.com":1}', "ENVELOPE", "/? extra_forbidden"),
        (envelope({"id": "a"}, workflow="none"), "NO_SUCH_WORKFLOW", ""),
        (envelope(["id"]), "SCHEMA", "(root) type"),
        (envelope({}), "SCHEMA", "(root): required id"),
        (envelope({"id": 7}), "SCHEMA", "/id: type string"),
        (envelope({"id": "a", "more": 1}), "SCHEMA", "(root): additionalProperties"),
        (envelope({"id": "a", "hops": "1"}), "SCHEMA", "/hops type"),
        (envelope({"id": "a", "hops": True}), "SCHEMA", "/hops type"),
        (envelope({"id": "a", "hops": 9}), "TOO_MANY_HOPS", "more than 8"),
        (envelope({"id": "a"}, origin=origin()), "FORGED_SOURCE", ""),
        (
            envelope({"id": "a", "tree": FORGED}),
            "FOREIGN_REFERENCE",
            "it was not minted by this stage",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused(stage, body, reason, detail) -> None:
    """With a reason that names a place and a keyword, never a value."""
    received = stage.door.receive(body, SENT)

    assert (received.what, received.reason, received.detail) == ("refused", reason, detail)
    assert list(stage.store.items(Table.RUNS)) == []
    assert stage.orchestrator.started == {}


def test_a_refusal_is_kept_once_and_announced(stage) -> None:
    """Its raw text in the short-lived prefix, its reason in the table, an event on the bus."""
    for _ in range(2):
        stage.door.receive(envelope({}), SENT)
    (kept,) = refused(stage)

    assert (kept["reason"], kept["workflow"], kept["sk"]) == ("SCHEMA", "sort_notes", SENT)
    assert stage.blobs.kept[f"refused/{kept['pk']}"] == envelope({}).encode()
    assert {event.event_id for event in stage.bus.taken} == {stage.bus.taken[0].event_id}
    assert stage.bus.types == ["Run Rejected"] * 2


def test_a_refusal_that_nobody_heard_comes_again(stage) -> None:
    """No outbox keeps it, so the queue does."""
    stage.bus.down = True

    with pytest.raises(BusUnavailable):
        stage.door.receive(envelope({}), SENT)


def test_sixty_four_levels_fit(stage) -> None:
    """The bound counts the envelope too."""
    assert stage.door.receive(deep(62), SENT).what == "started"


def test_other_content_under_the_same_key_is_refused(stage) -> None:
    """It never takes the run's place."""
    stage.door.receive(envelope({"id": "a", "note": "one"}), SENT)
    before = item(stage)
    received = stage.door.receive(envelope({"id": "a", "note": "two"}), SENT)

    assert (received.what, received.reason) == ("refused", "OTHER_CONTENT")
    assert before == item(stage)
    assert len(refused(stage)) == 1


def test_another_run_s_reference_of_the_same_team_is_minted_anew(stage) -> None:
    """Copied, never shared: another run's lifecycle must not delete it."""
    stage.door.receive(envelope({"id": "a", "note": "call Jo"}), SENT)
    held = json.loads(item(stage)["input"])["note"]
    stage.door.receive(envelope({"id": "b", "note": held}), SENT)
    copied = Reference.verify(KEYS, json.loads(item(stage, "b")["input"])["note"])

    assert copied.run == run_of("b")
    assert stage.blobs.kept[copied.object_key] == b"call Jo"


def test_another_team_s_reference_is_refused(stage) -> None:
    """Genuine, and not ours to read."""
    theirs = stage.artifacts.keep_value("secret", team="other", run="r")
    received = stage.door.receive(envelope({"id": "a", "note": theirs}), SENT)

    assert (received.reason, received.detail) == (
        "FOREIGN_REFERENCE",
        "/note belongs to somebody else",
    )


def test_a_reference_to_changed_content_is_refused(stage) -> None:
    """What it names is hashed again when it is read."""
    held = stage.artifacts.keep_value("call Jo", team="desk", run="r")
    stage.blobs.kept[Reference.verify(KEYS, held).object_key] = b"call Al"

    assert (
        stage.door.receive(envelope({"id": "a", "note": held}), SENT).reason == "FOREIGN_REFERENCE"
    )


def own_event(hops: int) -> dict:
    return make("Note Sorted", {"id": "a"}, cause="c", hops=hops, keys=KEYS).detail


def test_our_own_event_is_let_in_without_what_we_added(stage) -> None:
    """Its hops are counted on, its content is the business part."""
    stage.door.receive(envelope(own_event(8), source="rule", origin=origin()), SENT)

    assert (item(stage)["hops"], item(stage)["input"]) == (8, '{"id":"a"}')


def test_our_own_event_is_refused_after_eight_hops(stage) -> None:
    """A loop of events ends."""
    body = envelope(own_event(9), source="rule", origin=origin())

    assert stage.door.receive(body, SENT).reason == "TOO_MANY_HOPS"


def test_a_changed_event_of_our_own_is_forged(stage) -> None:
    """Fewer hops, for example."""
    body = envelope(own_event(9) | {"hops": 0}, source="rule", origin=origin())

    assert stage.door.receive(body, SENT).reason == "FORGED_SOURCE"


def with_key(stage: Stage, key, **more) -> None:
    workflow = json.loads(json.dumps(compiled()["documents"][-1]["document"])) | {"dedup_key": key}
    stage.catalog.publish("workflow", "sort_notes", workflow | more, by="test")


def test_a_schedule_s_run_is_named_by_its_time(stage) -> None:
    """The same minute is the same run, the next one another."""
    trigger = {"kind": "schedule", "expression": "rate(1 hour)", "timezone": "UTC", "input": {}}
    with_key(stage, "scheduled_time", triggers=[trigger])
    times = ("08:00", "08:00", "09:00")
    bodies = [envelope({"id": "a"}, source="schedule", scheduled_time=time) for time in times]

    told = [stage.door.receive(body, SENT) for body in bodies]

    assert [received.what for received in told] == ["started", "duplicate", "started"]
    assert stage.door.receive(envelope({"id": "a"}), SENT).detail == "/scheduled_time missing"


def test_a_key_written_as_a_float_is_refused(stage) -> None:
    """7.0 is an integer to a schema, and another text than 7 to a name."""
    with_key(stage, ["/order"], input_schema=_order_schema())
    told = [
        stage.door.receive(envelope({"id": "a", "order": 7}).replace("7}", f"{text}}}"), SENT)
        for text in ("7", "7.0", "7e0")
    ]

    assert [received.what for received in told] == ["started", "refused", "refused"]
    assert told[1].detail == "/order: type integer"


def _order_schema() -> dict:
    schema = compiled()["documents"][-1]["document"]["input_schema"]
    return schema | {"required": ["id", "order"]}


def test_a_tampered_workflow_lets_nothing_in(stage) -> None:
    """Its content no longer has the hash that it is filed under."""
    entry = compiled()["documents"][-1]
    ref = version_ref("workflow", "sort_notes", entry["hash"])
    stage.store.update(ref, [Set("document", json.dumps(entry["document"] | {"team": "evil"}))])

    with pytest.raises(DefinitionChanged):
        stage.door.receive(envelope({"id": "a"}), SENT)


def test_a_label_that_leads_nowhere_is_no_workflow(stage) -> None:
    """A version that is gone is refused by name."""
    stage.store.update(Ref(Table.CATALOG, "workflow#sort_notes", "label#live"), [Remove("why")])
    stage.store._partitions.pop((Table.CATALOG, "workflow#sort_notes"))

    assert stage.door.receive(envelope({"id": "a"}), SENT).reason == "NO_SUCH_WORKFLOW"
