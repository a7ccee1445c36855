"""The CRM's tickets in SQLite, with an answer kept for each idempotency key."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_TABLES: Final = """
create table if not exists tickets (
    ticket_id text primary key, version integer not null, status text not null, fields text not null
);
create table if not exists answers (
    key text primary key, request text not null, status integer not null, body text not null
);
"""


@dataclass(frozen=True)
class Reply:
    """What the book says to one request."""

    status: int
    body: dict[str, Any]
    replayed: bool = False
    wrote: bool = False


@dataclass(frozen=True)
class Write:
    """One change that is asked for."""

    method: str
    ticket_id: str
    closes: bool
    fields: Mapping[str, Any]
    key: str | None

    @property
    def fingerprint(self) -> str:
        """Tell this request from another one under the same key."""
        said = json.dumps(
            [self.method, self.ticket_id, self.closes, dict(self.fields)], sort_keys=True
        )
        return hashlib.sha256(said.encode()).hexdigest()


class TicketBook:
    """Tickets on disk; every change is one transaction together with its kept answer."""

    def __init__(self, database: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            database, check_same_thread=False, isolation_level=None, timeout=10
        )
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def read(self, ticket_id: str) -> Reply:
        """Return a ticket with all its fields."""
        with self._lock:
            found = self._ticket(ticket_id)
        if found is None:
            return Reply(404, {"error": "no such ticket"})
        version, status, fields = found
        return Reply(200, {**fields, "ticket_id": ticket_id, "status": status, "version": version})

    def write(self, write: Write) -> Reply:
        """Do *write* once a key; a ticket that the book doesn't know is opened."""
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                reply = self._kept(write) or self._written(write)
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")
        return reply

    def _kept(self, write: Write) -> Reply | None:
        if write.key is None:
            return None
        row = self._connection.execute(
            "select request, status, body from answers where key = ?", (write.key,)
        ).fetchone()
        if row is None:
            return None
        if row[0] != write.fingerprint:
            return Reply(409, {"error": "this idempotency key belongs to another request"})
        return Reply(row[1], json.loads(row[2]), replayed=True)

    def _written(self, write: Write) -> Reply:
        version, status, fields = self._ticket(write.ticket_id) or (0, "open", {})
        if write.closes:
            status, fields = "closed", {**fields, **write.fields}
        elif write.method == "PUT":
            fields = dict(write.fields)
        else:
            fields = {**fields, **write.fields}
        version += 1
        self._connection.execute(
            "insert or replace into tickets values (?, ?, ?, ?)",
            (write.ticket_id, version, status, json.dumps(fields)),
        )
        body = {"ticket_id": write.ticket_id, "status": status, "version": version}
        if write.key is not None:
            self._connection.execute(
                "insert into answers values (?, ?, ?, ?)",
                (write.key, write.fingerprint, 200, json.dumps(body)),
            )
        return Reply(200, body, wrote=True)

    def _ticket(self, ticket_id: str) -> tuple[int, str, dict[str, Any]] | None:
        row = self._connection.execute(
            "select version, status, fields from tickets where ticket_id = ?", (ticket_id,)
        ).fetchone()
        return None if row is None else (row[0], row[1], json.loads(row[2]))
