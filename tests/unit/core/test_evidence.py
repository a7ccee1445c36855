"""The chain: how it grows, ends, and what is found when somebody touched it."""

import json

import pytest

from functions.core.domain.errors import StoreContention
from functions.core.domain.evidence import (
    GENESIS,
    Finding,
    Kind,
    Record,
    Tail,
    chain_of,
    closed_by,
    examine,
)
from functions.core.domain.expressions import Ref, Set, Table
from functions.core.services import evidence_copy
from functions.core.services.evidence import CONFLICTS, Evidence, from_item, to_item
from tests.fakes import FakeClock, MemoryBlobs
from tests.memory_store import MemoryStore

CHAIN = chain_of("run", "Sort.1")


class Chain:
    """One chain in a table, with its copies in a bucket."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.bucket = MemoryBlobs()
        self.evidence = Evidence(self.store, FakeClock())
        self.alarms: list[str] = []
        self.store.watch(self._stream)

    def _stream(self, _ref, old, new) -> None:
        image = {n: {"N": str(v)} if n == "n" else {"S": v} for n, v in new.items()}
        change = "MODIFY" if old else "INSERT"
        if alarm := evidence_copy.copy(self.bucket, change, image):
            self.alarms.append(alarm)

    def add(self, *ids: str, tail: Tail | None = None) -> Tail:
        """Append a record for each id."""
        for id_ in ids:
            tail = self.evidence.append(CHAIN, Kind.CHECKED, id_, {"said": id_}, tail)
        return tail

    def records(self, chain: str = CHAIN) -> list[Record]:
        """Return the table's records."""
        return [from_item(item) for item in self.store.query(Table.EVIDENCE, chain)]

    def findings(self, **how) -> list[tuple[int, str]]:
        """Return what verification finds."""
        copies = [Record.read(json.loads(content)) for content in self.bucket.kept.values()]
        own = [copy for copy in copies if copy.chain == CHAIN]
        found = examine(CHAIN, self.records(), own, **{"sealed": True} | how)
        return [(finding.n, finding.what) for finding in found]


@pytest.fixture
def chain() -> Chain:
    return Chain()


def test_each_record_follows_the_one_before(chain) -> None:
    """From the genesis hash on."""
    chain.add("a", "b")
    first, second = chain.records()

    assert (first.n, first.prev, second.n, second.prev) == (1, GENESIS, 2, first.hash)


def test_a_repeated_append_finds_its_own_record(chain) -> None:
    """Whoever died after the put says the same again, from the same tail."""
    before = chain.add("a")
    tails = {chain.add("b", tail=before), chain.add("b", tail=before), chain.add("b")}

    assert len(tails) == 1
    assert [record.id for record in chain.records()] == ["a", "b"]


def test_a_writer_that_lost_the_race_reads_on(chain) -> None:
    """Its record follows whatever came between."""
    chain.add("a", "b", "c")
    chain.add("mine", tail=None)

    assert [record.id for record in chain.records()] == ["a", "b", "c", "mine"]
    assert chain.findings(sealed=False) == []


def test_a_chain_that_never_ends_its_conflicts_is_given_up(chain) -> None:
    """Sixty-four records between is no race any more."""
    chain.add(*(f"r{n}" for n in range(CONFLICTS)))

    with pytest.raises(StoreContention):
        chain.add("mine")


def test_the_seal_is_the_last_record(chain) -> None:
    """Sealed twice is sealed once."""
    chain.add("a")
    seals = {chain.evidence.seal(CHAIN), chain.evidence.seal(CHAIN)}

    assert len(seals) == 1
    assert [record.kind for record in chain.records()] == [Kind.CHECKED, Kind.SEAL]


def test_what_comes_after_the_seal_goes_to_the_late_chain(chain) -> None:
    """It is kept, and the sealed chain stays as it was."""
    chain.add("a")
    chain.evidence.seal(CHAIN)
    chain.add("late")

    assert [record.id for record in chain.records(f"{CHAIN}#late")] == ["late"]
    assert chain.findings() == []


def test_an_empty_chain_can_be_sealed(chain) -> None:
    """A function that outlives its run finds it closed."""
    chain.evidence.seal(CHAIN)
    chain.add("late")

    assert [record.kind for record in chain.records()] == [Kind.SEAL]
    assert chain.findings() == []


def _changed(own: Chain, n: int, values: dict) -> None:
    own.store.update(
        Ref(Table.EVIDENCE, CHAIN, f"{n:06d}"), [Set(name, v) for name, v in values.items()]
    )


def test_a_changed_record_is_found(chain) -> None:
    """In the table by its hash, and by the stream's alarm."""
    chain.add("a", "b")
    chain.evidence.seal(CHAIN)
    _changed(chain, 1, {"body": '{"said":"lie"}'})

    assert chain.findings() == [(1, "was changed in the table")]
    assert chain.alarms == ["a record was changed in the table"]


def test_a_rewritten_chain_is_found_by_its_copies(chain) -> None:
    """Every hash is right, and the bucket says otherwise."""
    chain.add("a", "b")
    tail = Tail()
    for old in chain.records():
        new = Record.after(
            tail, chain=CHAIN, id_=old.id, kind=Kind.CHECKED, at=old.at, body={"said": "lie"}
        )
        _changed(chain, new.n, to_item(new))
        tail = new.tail

    differs = "differs between table and bucket"
    assert chain.findings(sealed=False) == [(1, differs), (2, differs)]


def test_two_records_that_changed_places_are_found(chain) -> None:
    """Where a record lies is part of what is hashed."""
    chain.add("a", "b")
    first, second = chain.store.query(Table.EVIDENCE, CHAIN)
    for place, other in ((first, second), (second, first)):
        _changed(chain, int(place["sk"]), {n: other[n] for n in other if n not in ("pk", "sk")})

    assert (1, "was changed in the table") in chain.findings(sealed=False)
    assert (2, "was changed in the table") in chain.findings(sealed=False)


def _dropped(chain: Chain, n: int) -> None:
    chain.store._partitions[Table.EVIDENCE, CHAIN].pop(f"{n:06d}")


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_dropped_record_is_found(chain, n) -> None:
    """At the beginning, inside, and at the end."""
    chain.add("a", "b")
    chain.evidence.seal(CHAIN)
    _dropped(chain, n)

    assert (n, "is in the bucket and not in the table") in chain.findings()


def test_a_gap_is_found_without_any_bucket(chain) -> None:
    """The chain itself says that a number is missing."""
    chain.add("a", "b", "c")
    _dropped(chain, 2)

    found = list(examine(CHAIN, chain.records(), [], sealed=False, young=(1, 3)))

    assert found == [Finding(CHAIN, 2, "is missing in the table")]


def test_a_record_that_follows_another_one_is_found(chain) -> None:
    """Its own hash is right, and it is not the next."""
    chain.add("a", "b")
    first, second = chain.records()
    stranger = Record.after(
        Tail(1, "f" * 64), chain=CHAIN, id_="b", kind=Kind.CHECKED, at=second.at, body={}
    )

    found = list(examine(CHAIN, [first, stranger], [], sealed=False, young=(1, 2)))

    assert found == [Finding(CHAIN, 2, "does not follow the record before it")]


def test_a_record_after_the_seal_is_found(chain) -> None:
    """However well it is formed."""
    chain.add("a")
    chain.evidence.seal(CHAIN)
    last = chain.records()[-1]
    lie = Record.after(last.tail, chain=CHAIN, id_="l", kind=Kind.CHECKED, at=last.at, body={})
    chain.store.put(Ref(Table.EVIDENCE, CHAIN, "000003"), to_item(lie))

    assert chain.findings() == [(3, "was appended after the seal")]


def test_a_copy_that_was_changed_is_found(chain) -> None:
    """Its own hash betrays it."""
    chain.add("a")
    key = next(iter(chain.bucket.kept))
    chain.bucket.kept[key] = chain.bucket.kept[key].replace(b'"said":"a"', b'"said":"b"')

    assert chain.findings(sealed=False) == [(1, "was changed in the bucket")]


def test_a_record_without_a_copy_is_found_unless_it_is_young(chain) -> None:
    """The stream has its lag."""
    chain.add("a")
    chain.bucket.kept.clear()

    assert chain.findings(sealed=False) == [(1, "has no copy in the bucket")]
    assert chain.findings(sealed=False, young=(1,)) == []


def test_a_chain_that_should_be_sealed_and_is_not_is_found(chain) -> None:
    """A cut tail of the table before its copy would look like this."""
    chain.add("a")

    assert chain.findings() == [(1, "ends without a seal")]


def test_completion_names_the_chains_that_it_closed() -> None:
    """Its own, and each step that was marked by then."""
    made = Record.after(
        Tail(), chain="run#run", id_="c", kind=Kind.COMPLETED, at="", body={"steps": {"Sort.1": ""}}
    )

    assert closed_by("run", [made]) == {"run#run", "run#Sort.1"}
    assert closed_by("run", []) == frozenset()


def test_a_removed_record_is_an_alarm() -> None:
    """The stream tells of it; there is nothing to copy."""
    said = evidence_copy.copy(MemoryBlobs(), "REMOVE", None)

    assert said == "a record was removed in the table"


def test_a_second_record_of_one_number_is_an_alarm(chain) -> None:
    """The bucket keeps the first, whatever the stream brings."""
    chain.add("a")
    other = Record.after(
        Tail(), chain=CHAIN, id_="x", kind=Kind.CHECKED, at=chain.records()[0].at, body={}
    )
    image = {n: {"N": str(v)} if n == "n" else {"S": v} for n, v in to_item(other).items()}

    said = [evidence_copy.copy(chain.bucket, "INSERT", image) for _ in range(2)]

    assert said == ["the bucket holds another record under this number"] * 2
