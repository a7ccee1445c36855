"""What becomes of dead letters."""

import json

import pytest

from functions.core.domain.dead_letters import DeadLetter, DeadQueue
from functions.core.domain.errors import NotReplayable, UnknownDefinition
from functions.core.domain.expressions import Table
from functions.core.services.dead_letters import DeadLetterOffice
from functions.core.services.replay import replay
from tests.fakes import FakeIntake
from tests.stage import KEYS, Stage, envelope

BODY = envelope({"id": "a"})
BATCH = json.dumps({"DDBStreamBatchInfo": {"shardId": "1"}})


class Queues:
    """Two queues in memory, which know what is held."""

    def __init__(self, **bodies: str) -> None:
        self.letters = {queue: [] for queue in DeadQueue}
        self.held: set[str] = set()
        for id_, body in bodies.items():
            queue = DeadQueue.INTAKE if id_.startswith("i") else DeadQueue.UNDELIVERED
            sent = f"2026-11-22T08:00:0{len(self.letters[queue])}.000Z"
            self.letters[queue].append(DeadLetter(id_, body, sent, "", id_))

    def hold(self, queue, most):
        self.held |= {letter.id for letter in self.letters[queue]}
        return self.letters[queue][:most]

    def put_back(self, queue, letters):
        self.held -= {letter.id for letter in letters}

    def remove(self, queue, letter):
        assert letter.id in self.held
        self.letters[queue] = [one for one in self.letters[queue] if one.id != letter.id]


def office(queues):
    stage = Stage(intake=FakeIntake())
    made = DeadLetterOffice(
        queues=queues,
        intake=stage.intake,
        store=stage.store,
        blobs=stage.blobs,
        keys=KEYS,
        clock=stage.clock,
    )
    return made, stage


def test_a_list_tells_facts_and_no_text():
    """Workflow and whether the door would take it; nothing stays held."""
    queues = Queues(i1=BODY, u1=BATCH)

    listed = office(queues)[0].listed()

    facts = {(one["queue"], one["workflow"], one["replayable"]) for one in listed}
    assert facts == {("intake", "sort_notes", True), ("undelivered", "", False)}
    assert "body" not in listed[0]
    assert queues.held == set()


def test_a_replay_is_queued_as_it_was_and_leaves_the_queue():
    """Sent first, removed then: who dies between the two repeats it, and the door knows it."""
    queues = Queues(i1=BODY, i2=envelope({"id": "b"}))
    made, stage = office(queues)

    made.replay(DeadQueue.INTAKE, "i1")

    assert stage.intake.queued == [BODY]
    assert [letter.id for letter in queues.letters[DeadQueue.INTAKE]] == ["i2"]
    assert queues.held == set()


def test_what_is_no_event_is_not_replayed():
    """It stays where it is."""
    queues = Queues(u1=BATCH)
    made, stage = office(queues)

    with pytest.raises(NotReplayable):
        made.replay(DeadQueue.UNDELIVERED, "u1")

    assert stage.intake.queued == []
    assert queues.letters[DeadQueue.UNDELIVERED]
    assert queues.held == set()


def test_a_discarded_letter_is_kept_with_who_and_why_and_can_be_replayed():
    """It stands among what was refused."""
    queues = Queues(i1=BODY)
    made, stage = office(queues)

    told = made.discard(DeadQueue.INTAKE, "i1", "ana", "a test")

    [item] = stage.store.query(Table.REFUSED, told["refused"])
    assert item["reason"] == "DISCARDED"
    assert item["detail"] == "intake dead letter, by ana: a test"
    assert queues.letters[DeadQueue.INTAKE] == []
    again = replay(
        stage.store, stage.blobs, stage.intake, refused=told["refused"], workflow=None, event=None
    )
    assert again == "sort_notes"


def test_a_letter_that_is_not_there_is_said():
    """Somebody else may hold it."""
    with pytest.raises(UnknownDefinition, match="no such dead letter"):
        office(Queues(i1=BODY))[0].show(DeadQueue.INTAKE, "i9")
