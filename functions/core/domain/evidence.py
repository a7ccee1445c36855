"""The evidence chain: what a record is, how it is hashed, and what verification finds.

A record's hash covers its place, its time, its content and the hash of the record before
it (SHA-256 over canonical JSON), so that a change, a swap or a cut is found by anyone who
holds a copy, without a key.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from functions.core.domain.canonical import digest
from functions.core.domain.timestamps import parse

GENESIS = "0" * 64
"""What the first record of a chain names as the one before."""
LATE = "#late"
"""The suffix of the chain for whatever comes after the seal."""
RUN_CHAIN = "run"
NOT_NEEDED = "NOT_NEEDED"
"""The reason of an approval's end where nobody had to be asked."""


class Kind(StrEnum):
    """What a record attests."""

    ADMITTED = "admitted"
    PREPARED = "prepared"
    ANSWERED = "answered"
    CHECKED = "checked"
    CLOSED = "closed"
    SETTLED = "settled"
    """What the provider's bill said of a call that nobody had confirmed."""
    CALLED = "called"
    REQUESTED = "requested"
    VOTED = "voted"
    DECIDED = "decided"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    SEAL = "seal"


@dataclass(frozen=True)
class Tail:
    """The end of a chain as far as its writer knows: number and hash of the last record."""

    n: int = 0
    hash: str = GENESIS


@dataclass(frozen=True)
class Record:
    """One link."""

    chain: str
    n: int
    id: str
    kind: str
    at: str
    prev: str
    body: Mapping[str, Any]
    hash: str

    @classmethod
    def after(
        cls, tail: Tail, *, chain: str, id_: str, kind: Kind, at: str, body: Mapping[str, Any]
    ) -> Self:
        """Return the record that follows *tail*."""
        n = tail.n + 1
        return cls(
            chain,
            n,
            id_,
            kind.value,
            at,
            tail.hash,
            body,
            _hash(chain, n, id_, kind, at, tail.hash, body),
        )

    @property
    def tail(self) -> Tail:
        """The chain's end after this record."""
        return Tail(self.n, self.hash)

    @property
    def true_hash(self) -> str:
        """The hash its content has, whatever it claims."""
        return _hash(self.chain, self.n, self.id, self.kind, self.at, self.prev, self.body)

    @property
    def object_key(self) -> str:
        """Where the evidence bucket keeps its copy: by day, then chain."""
        return f"evidence/{self.at[:10]}/{self.chain}/{self.n:06d}.json"

    def document(self) -> dict[str, Any]:
        """Return the record as JSON; what the bucket holds."""
        return {
            "chain": self.chain,
            "n": self.n,
            "id": self.id,
            "kind": self.kind,
            "at": self.at,
            "prev": self.prev,
            "body": dict(self.body),
            "hash": self.hash,
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read back what :meth:`document` wrote."""
        names = ("chain", "n", "id", "kind", "at", "prev", "body", "hash")
        return cls(*(document[name] for name in names))


def _hash(
    chain: str, n: int, id_: str, kind: str, at: str, prev: str, body: Mapping[str, Any]
) -> str:
    return digest(
        {
            "chain": chain,
            "n": n,
            "id": id_,
            "kind": str(kind),
            "at": at,
            "prev": prev,
            "body": dict(body),
        }
    )


def chain_of(run: str, step: str = RUN_CHAIN) -> str:
    """Return the chain of a step of *run*; without a step, of the run itself."""
    return f"{run}#{step}"


def closed_by(run: str, run_chain: Iterable[Record]) -> frozenset[str]:
    """Return the chains that the end of *run* closed: its own, and those its completion names.

    A step that is not named there was never marked before the end: nothing was sent for it, and
    what a late function wrote has no seal.
    """
    for record in run_chain:
        if record.kind == Kind.COMPLETED:
            return frozenset(chain_of(run, step) for step in (*record.body["steps"], RUN_CHAIN))
    return frozenset()


CLOCKS = timedelta(seconds=5)
"""How far the clocks of two functions may be apart."""


@dataclass(frozen=True)
class Finding:
    """One thing that verification holds against a chain."""

    chain: str
    n: int
    what: str


def examine(
    chain: str,
    table: Sequence[Record],
    bucket: Sequence[Record],
    *,
    sealed: bool,
    young: Iterable[int] = (),
) -> Iterator[Finding]:
    """Compare a chain in the table with itself and with the copies in the bucket.

    Parameters
    ----------
    table, bucket
        The records as read, in any order.
    sealed
        Whether the run's end closed this chain, so that the last record must be the seal: the
        run's item says `sealed`, and :func:`closed_by` names the chain.
    young
        Numbers of records that may still lack their copy (the stream's lag).
    """
    kept = sorted(table, key=lambda record: record.n)
    copies = {record.n: record for record in bucket}
    yield from _links(chain, kept)
    yield from _copies(chain, {record.n: record for record in kept}, copies, set(young))
    yield from _ending(chain, kept, sealed=sealed)


def unapproved(run: str, chains: Mapping[str, Sequence[Record]]) -> Iterator[Finding]:
    """Find requests to systems that name an approval which their run does not hold.

    The chain of the step that is named holds a decision `approved` on content of the same hash,
    or says that nobody was needed, before the request was prepared.

    Parameters
    ----------
    chains
        All chains of *run*, by name.
    """
    for chain, records in chains.items():
        for record in records:
            step = record.body.get("approved_in")
            if record.kind != Kind.PREPARED or not step:
                continue
            given = [g for g in chains.get(chain_of(run, step), ()) if _allows(g, record)]
            if not given:
                yield Finding(chain, record.n, f"was sent without the approval it names ({step})")


def _allows(given: Record, sent: Record) -> bool:
    """Say whether the record *given* of an approval's step allows what *sent* prepared."""
    try:
        if parse(given.at) > parse(sent.at) + CLOCKS:
            return False
    except ValueError:  # a time that somebody changed
        return False
    if given.kind == Kind.CLOSED:
        return given.body.get("reason") == NOT_NEEDED
    if given.kind != Kind.DECIDED or given.body.get("verdict") != "approved":
        return False
    content = given.body.get("content")
    return bool(sent.body.get("approved_content", content) == content)  # absent: earlier releases


def _links(chain: str, kept: Sequence[Record]) -> Iterator[Finding]:
    before = Tail()
    for record in kept:
        if record.n != before.n + 1:
            yield Finding(chain, before.n + 1, "is missing in the table")
        elif record.prev != before.hash:
            yield Finding(chain, record.n, "does not follow the record before it")
        if record.true_hash != record.hash:
            yield Finding(chain, record.n, "was changed in the table")
        before = record.tail


def _copies(
    chain: str, kept: Mapping[int, Record], copies: Mapping[int, Record], young: set[int]
) -> Iterator[Finding]:
    for n, copy in sorted(copies.items()):
        if copy.true_hash != copy.hash:
            yield Finding(chain, n, "was changed in the bucket")
        elif n not in kept:
            yield Finding(chain, n, "is in the bucket and not in the table")
        elif kept[n].hash != copy.hash:
            yield Finding(chain, n, "differs between table and bucket")
    for n in sorted(kept.keys() - copies.keys() - young):
        yield Finding(chain, n, "has no copy in the bucket")


def _ending(chain: str, kept: Sequence[Record], *, sealed: bool) -> Iterator[Finding]:
    seals = [record.n for record in kept if record.kind == Kind.SEAL]
    for record in kept:
        if seals and record.n > seals[0]:
            yield Finding(chain, record.n, "was appended after the seal")
    if sealed and not seals and not chain.endswith(LATE):
        yield Finding(chain, kept[-1].n if kept else 0, "ends without a seal")
