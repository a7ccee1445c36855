"""Labels that move on record: promotions, canaries, rollbacks, and who comes too late."""

from collections import Counter

import pytest

from functions.core.domain.canonical import digest
from functions.core.domain.errors import LabelMoved, UnknownDefinition
from functions.core.domain.evidence import Kind
from functions.core.domain.expressions import Set, Table
from functions.core.domain.labels import CANARY, LIVE, label_ref, rolled_back_to, takes_canary
from functions.core.domain.run import run_ref
from functions.core.services import outbox
from functions.core.services.evidence import from_item
from functions.core.services.labels import Moved, Mover
from tests.stage import POLICY, TASK, Stage, envelope, run_of

FIRST = digest(TASK)
SORT = ("ai_task", "sort")
LATER = "2026-11-23T08:00:00.000Z"
JO = Mover(by="jo", why="better")


def published(stage: Stage, purpose: str, **changed) -> str:
    """Publish another version of the task; return its hash."""
    document = TASK | {"purpose": purpose} | changed
    stage.clock.forward(seconds=1)
    return stage.catalog.publish(*SORT, document, by="deployment")


def promote(stage: Stage, version: str, **saw: str) -> Moved:
    stage.clock.forward(seconds=1)
    return stage.labels.promote(*SORT, version, Mover(by="jo", why="better", saw=saw))


def offer(stage: Stage, version: str, share: int, **saw: str) -> Moved:
    stage.clock.forward(seconds=1)
    return stage.labels.offer(*SORT, version, share, Mover(by="jo", why="look", saw=saw))


def roll_back(stage: Stage, **saw: str) -> Moved:
    stage.clock.forward(seconds=1)
    return stage.labels.roll_back(*SORT, Mover(by="jo", why="worse", saw=saw))


def live(stage: Stage) -> str:
    return stage.store.get(label_ref(*SORT))["version"]


def history(stage: Stage, label: str = LIVE) -> list[dict]:
    return stage.store.query(Table.CATALOG, "ai_task#sort", prefix=f"label#{label}#")


def test_a_promotion_is_on_record(stage) -> None:
    """Who, why, and what was before; with an event to deliver."""
    version = published(stage, "B")
    moved = promote(stage, version)

    assert moved == Moved(version, FIRST)
    assert [(h["version"], h["before"], h["by"], h["how"]) for h in history(stage)] == [
        (FIRST, "", "deployment", "deployed"),
        (version, FIRST, "jo", "promoted"),
    ]
    pending = outbox.pending(stage.store.get(label_ref(*SORT)))
    assert [event.detail_type for event in pending] == ["Label Moved"]
    assert pending[0].detail["before"] == FIRST


def test_a_move_to_where_the_label_is_changes_nothing(stage) -> None:
    """So a move may be repeated, and what it has to announce is announced then."""
    version = published(stage, "B")
    promote(stage, version)
    again = promote(stage, version, live=FIRST)

    assert again == Moved(version, version, changed=False)
    assert len(history(stage)) == 2
    assert stage.labels.announce(*SORT, stage.bus)
    assert stage.bus.types == ["Label Moved"]


def test_who_saw_another_label_is_told_who_moved_it(stage) -> None:
    """And moves nothing."""
    second, third = published(stage, "B"), published(stage, "C")
    promote(stage, second)

    with pytest.raises(LabelMoved, match=rf"to {second[:12]}, by jo at 2026-11-22T"):
        promote(stage, third, live=FIRST)
    with pytest.raises(LabelMoved):
        roll_back(stage, live=FIRST)
    assert live(stage) == second


def test_a_move_that_lost_its_race_says_to_whom(stage) -> None:
    """The label was moved between reading and writing it."""
    version = published(stage, "B")

    class Overtaken(type(stage.store)):
        """Somebody moves the label right before the transaction."""

        def transact(self, moves, token):
            self.update(label_ref(*SORT), [Set("at", LATER), Set("by", "ana")])
            return super().transact(moves, token)

    stage.store.__class__ = Overtaken

    with pytest.raises(LabelMoved, match=f"by ana at {LATER}"):
        promote(stage, version)
    assert len(history(stage)) == 1


def test_only_what_exists_is_promoted(stage) -> None:
    """A label never leads nowhere."""
    with pytest.raises(UnknownDefinition):
        promote(stage, "0" * 64)
    with pytest.raises(UnknownDefinition):
        offer(stage, "0" * 64, 10)


# rollback


def test_a_rollback_leads_to_what_was_live_before(stage) -> None:
    """As one move on record."""
    version = published(stage, "B")
    promote(stage, version)

    assert roll_back(stage, live=version) == Moved(FIRST, version)
    assert (live(stage), history(stage)[-1]["how"]) == (FIRST, "rolled back")


def test_a_second_rollback_leads_one_further_back_and_never_forth(stage) -> None:
    """Nobody gets a version back that somebody just rolled back from."""
    second, third = published(stage, "B"), published(stage, "C")
    promote(stage, second)
    promote(stage, third)

    assert [roll_back(stage).version for _ in range(2)] == [second, FIRST]
    with pytest.raises(UnknownDefinition, match="nothing was live before"):
        roll_back(stage)
    promote(stage, third)
    assert roll_back(stage).version == FIRST


def test_a_promotion_to_an_old_version_can_be_rolled_back_too() -> None:
    """What was live before it is what counts; moves without a kind are promotions of old."""
    told = [{"version": version} for version in "ABA"]

    assert rolled_back_to(told) == "B"
    assert rolled_back_to([*told, {"version": "B", "how": "rolled back"}]) == "A"
    assert rolled_back_to(told[:1]) is None


# canaries


def admitted(stage: Stage, count: int) -> list[dict]:
    """Admit *count* runs; return their items."""
    runs = [stage.admitted(f"n{n}")[0] for n in range(count)]
    return [stage.store.get(run_ref(run)) for run in runs]


def test_a_share_of_new_runs_takes_the_canary(stage) -> None:
    """By the run's name: whoever asks again is told the same; the others take what is live."""
    version = published(stage, "B")
    offer(stage, version, 30)
    items = admitted(stage, 200)
    took = [item for item in items if item["pins"]["ai_task#sort"] == version]

    assert 35 < len(took) < 85
    for item in items:
        chosen = takes_canary(item["pk"], "ai_task#sort", 30)
        assert item["pins"]["ai_task#sort"] == (version if chosen else FIRST)
        assert item.get("pin_labels", {}) == ({"ai_task#sort": CANARY} if chosen else {})


def test_the_evidence_says_which_pins_come_from_the_canary(stage) -> None:
    """And nothing where all come from `live`."""
    offer(stage, published(stage, "B"), 50)
    said = []
    for item in admitted(stage, 20):
        [record] = map(from_item, stage.store.query(Table.EVIDENCE, f"{item['pk']}#run"))
        assert record.kind == Kind.ADMITTED
        assert record.body.get("pin_labels", {}) == item.get("pin_labels", {})
        said.append("pin_labels" in record.body)

    assert Counter(said).keys() == {True, False}


def test_a_greater_share_only_adds_runs() -> None:
    """Who took the canary at ten percent takes it at fifty, too."""
    names = [run_of(str(n)) for n in range(500)]
    shares = [{n for n in names if takes_canary(n, "ai_task#sort", s)} for s in (0, 10, 50, 100)]

    assert [bool(share) for share in shares] == [False, True, True, True]
    assert shares[1] < shares[2] < shares[3] == set(names)
    assert 30 < len(shares[1]) < 75
    other = {name for name in names if takes_canary(name, "ai_task#other", 50)}
    assert 80 < len(other & shares[2]) < 170


def test_an_admission_that_died_decides_the_same_again(stage) -> None:
    """The share is decided once: a repeat reads it from the run's item."""
    stage.door.receive(envelope({"id": "a"}), "2026-11-22T08:00:00.000Z")
    run = run_of("a")
    offer(stage, published(stage, "B"), 99)
    stage.runs.admit(run, "x")
    pins = stage.store.get(run_ref(run))["pins"]
    stage.labels.withdraw(*SORT, JO)
    stage.runs.admit(run, "x")

    assert stage.store.get(run_ref(run))["pins"] == pins


def test_promoting_the_canary_ends_it_in_the_same_transaction(stage) -> None:
    """No run ever finds neither."""
    version = published(stage, "B")
    offer(stage, version, 10)
    promote(stage, version, canary=version)

    assert live(stage) == version
    assert stage.store.get(label_ref(*SORT, CANARY))["share"] == 0
    assert [(h["how"], h["share"]) for h in history(stage, CANARY)] == [
        ("offered", 10),
        ("withdrawn", 0),
    ]
    stage.labels.announce(*SORT, stage.bus)
    assert stage.bus.types == ["Label Moved"] * 3


def test_a_canary_that_is_withdrawn_takes_no_run(stage) -> None:
    """And may be offered again."""
    version = published(stage, "B")
    offer(stage, version, 99)
    stage.clock.forward(seconds=1)
    assert stage.labels.withdraw(*SORT, JO) == Moved("", version)
    assert not stage.labels.withdraw(*SORT, JO).changed

    assert {item["pins"]["ai_task#sort"] for item in admitted(stage, 10)} == {FIRST}
    assert offer(stage, version, 5).changed


def test_a_canary_of_what_is_live_is_refused(stage) -> None:
    """It has all runs already."""
    with pytest.raises(LabelMoved, match="is live already"):
        offer(stage, FIRST, 10)


def test_a_second_canary_is_refused_to_who_did_not_see_the_first(stage) -> None:
    """Two people must not overwrite each other's trial."""
    second, third = published(stage, "B"), published(stage, "C")
    offer(stage, second, 10, canary="")

    with pytest.raises(LabelMoved):
        offer(stage, third, 10, canary="")
    assert offer(stage, third, 10, canary=second) == Moved(third, second)


def test_the_pins_of_a_run_hold_at_one_instant(stage) -> None:
    """A policy that belongs to a task's version is read again together with that version."""
    stage.catalog.publish("policy", "strict", POLICY | {"name": "strict"}, by="deployment")
    version = published(stage, "B", policy="strict")
    stage.door.receive(envelope({"id": "a"}), "2026-11-22T08:00:00.000Z")
    read = stage.store.snapshot
    moves = [version]

    def snapshot(refs):
        found = read(refs)
        if moves and refs[0].table is Table.CATALOG and "ai_task#sort" in {r.pk for r in refs}:
            promote(stage, moves.pop())
        return found

    stage.store.snapshot = snapshot
    stage.runs.admit(run_of("a"), "x")
    pins = stage.store.get(run_ref(run_of("a")))["pins"]

    assert pins["ai_task#sort"] == version
    assert {"policy#strict"} == {pin for pin in pins if pin.startswith("policy#")}
