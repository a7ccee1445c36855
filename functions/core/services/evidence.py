"""Appending to evidence chains, and sealing them."""

import json
from collections.abc import Mapping
from typing import Any

from functions.core.domain.canonical import canonical, digest
from functions.core.domain.errors import StoreContention
from functions.core.domain.evidence import LATE, Kind, Record, Tail
from functions.core.domain.expressions import Absent, Item, Move, New, Ref, Table, Written
from functions.core.domain.timestamps import iso
from functions.core.ports import Clock, Store

CONFLICTS = 64
"""Records another writer may have added since the tail that we were given."""
TOKEN_CHARACTERS = 32
"""Of a transaction's name; the store takes at most 36."""


class Evidence:
    """One writer on the chains of one stage."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def append(
        self, chain: str, kind: Kind, id_: str, body: Mapping[str, Any], tail: Tail | None = None
    ) -> Tail:
        """Add a record after *tail* and return the new tail; see :meth:`attest`."""
        return self.attest(chain, kind, id_, body, tail).tail

    def attest(
        self, chain: str, kind: Kind, id_: str, body: Mapping[str, Any], tail: Tail | None = None
    ) -> Record:
        """Add a record after *tail* and return it as it stands in the chain.

        Safe to repeat: on a conflict it reads on from the conflicting number, one record at a
        time, and stops at its own id. After a seal it goes to the chain's late chain.
        """
        tail = tail or Tail()
        at = iso(self._clock.now())
        for _ in range(CONFLICTS):
            record = Record.after(tail, chain=chain, id_=id_, kind=kind, at=at, body=body)
            written = self._store.put(_ref(chain, record.n), to_item(record), (Absent("pk"),))
            if written.done:
                return record
            found = from_item(written.item or {})
            if found.id == id_:
                return found
            if found.kind == Kind.SEAL:
                return self.attest(chain + LATE, kind, id_, body)
            tail = found.tail
        raise StoreContention(f"{CONFLICTS} records were added to {chain} meanwhile")

    def attest_with(
        self, move: Move, chain: str, kind: Kind, id_: str, body: Mapping[str, Any], tail: Tail
    ) -> tuple[Tail, Written]:
        """Add a record and make the *move* that it is about; return the new tail and its end.

        Both at one instant where the record can stand right after *tail*. Else the record first,
        as :meth:`attest` does it, then the move: whoever dies between the two finds the record on
        a repeat, and makes the move.
        """
        at = iso(self._clock.now())
        record = Record.after(tail, chain=chain, id_=id_, kind=kind, at=at, body=body)
        # the same at the same instant is the same transaction, whoever asks for it
        token = digest([record.hash, repr(move)])[:TOKEN_CHARACTERS]
        if self._store.transact([New(_ref(chain, record.n), to_item(record)), move], token):
            return record.tail, Written(done=True, item=None)
        tail = self.append(chain, kind, id_, body, tail)
        return tail, self._store.update(move.ref, move.changes, move.when)

    def seal(self, chain: str) -> Tail:
        """End *chain*; the seal is its last record.

        A chain without records is sealed too: its step was marked, so a function that outlives
        the run may still come with one, and that belongs into the late chain.
        """
        newest = self._store.query(Table.EVIDENCE, chain, newest_first=True, limit=1)
        last = from_item(newest[0]) if newest else None
        if last is not None and last.kind == Kind.SEAL:
            return last.tail
        tail = last.tail if last is not None else Tail()
        return self.append(chain, Kind.SEAL, f"{chain}:seal", {}, tail)


def _ref(chain: str, n: int) -> Ref:
    return Ref(Table.EVIDENCE, chain, f"{n:06d}")


def to_item(record: Record) -> Item:
    """Return the record as the table holds it; its body as canonical text."""
    document = record.document()
    return {**document, "body": canonical(document["body"]).decode()}


def from_item(item: Item) -> Record:
    """Read back what :func:`to_item` wrote.

    Chain and number are those of the place it lies in, not those it claims: the hash covers
    them, so that two records that changed places are found.
    """
    place = {"chain": item["pk"], "n": int(item["sk"])}
    return Record.read({**item, **place, "body": json.loads(item["body"])})
