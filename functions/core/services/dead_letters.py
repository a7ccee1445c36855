"""What lies in the dead-letter queues: listed, put through the door again, or given up on record.

A letter that is discarded goes where refused events go: listed, kept as long as they, and still
replayable; so a wrong decision costs nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from functions.core.domain.dead_letters import DeadLetter, DeadQueue
from functions.core.domain.envelope import KEEP_REFUSED, Envelope
from functions.core.domain.errors import NotReplayable, UnknownDefinition
from functions.core.domain.expressions import Absent, Ref, Table
from functions.core.domain.keys import Keyring, keyed_hash
from functions.core.domain.run import day_bucket
from functions.core.domain.timestamps import iso, parse
from functions.core.ports import Blobs, Clock, DeadLetters, Intake, Store

MOST = 100
"""Letters looked at in one go."""
DISCARDED = "DISCARDED"


class DeadLetterOffice:
    """The two queues, and where their letters can go."""

    def __init__(
        self,
        *,
        queues: DeadLetters,
        intake: Intake,
        store: Store,
        blobs: Blobs,
        keys: Keyring,
        clock: Clock,
    ) -> None:
        self._queues = queues
        self._intake = intake
        self._store = store
        self._blobs = blobs
        self._keys = keys
        self._clock = clock

    def listed(self) -> list[dict[str, Any]]:
        """Return what is known of each letter, the oldest first; no text of it."""
        found = []
        for queue in DeadQueue:
            with self._held(queue) as letters:
                found += [_facts(queue, letter) for letter in letters]
        return sorted(found, key=lambda facts: str(facts["sent_at"]))

    def show(self, queue: DeadQueue, id_: str) -> dict[str, Any]:
        """Return a letter with its text."""
        with self._held(queue) as letters:
            letter = _the_one(letters, id_)
            return {**_facts(queue, letter), "body": letter.body}

    def replay(self, queue: DeadQueue, id_: str) -> dict[str, Any]:
        """Put a letter through the door again, as it was; a repeat there is the same run.

        Raises
        ------
        NotReplayable
            It is no envelope: what a stream or a status change could not deliver.
        """
        with self._held(queue) as letters:
            letter = _the_one(letters, id_)
            facts = _facts(queue, letter)
            if not facts["replayable"]:
                raise NotReplayable("it is no event for the door; discard it, or mend its cause")
            self._intake.send(letter.body)
            self._queues.remove(queue, letter)
        return facts

    def discard(self, queue: DeadQueue, id_: str, by: str, why: str) -> dict[str, Any]:
        """Move a letter to what was refused, with who did it and why."""
        with self._held(queue) as letters:
            letter = _the_one(letters, id_)
            facts = _facts(queue, letter)
            raw = letter.body.encode(errors="surrogatepass")
            name = keyed_hash(self._keys.refused, raw)
            now = iso(self._clock.now())
            expires = parse(now) + KEEP_REFUSED
            self._blobs.put(f"refused/{name}", raw, "application/octet-stream")
            self._store.put(
                Ref(Table.REFUSED, name, now),
                {
                    "reason": DISCARDED,
                    "detail": f"{queue} dead letter, by {by}: {why}",
                    "workflow": facts["workflow"],
                    "bytes": facts["bytes"],
                    "day_bucket": day_bucket(name, now),
                    "expires_at": int(expires.timestamp()),
                },
                (Absent("pk"),),
            )
            self._queues.remove(queue, letter)
        return {**facts, "refused": name}

    @contextmanager
    def _held(self, queue: DeadQueue) -> Iterator[list[DeadLetter]]:
        """Hold what lies in *queue* while it is looked at; what is left there is put back."""
        letters = self._queues.hold(queue, MOST)
        try:
            yield letters
        finally:
            self._queues.put_back(queue, letters)


def _the_one(letters: Sequence[DeadLetter], id_: str) -> DeadLetter:
    for letter in letters:
        if letter.id == id_:
            return letter
    raise UnknownDefinition("there is no such dead letter; somebody may be looking at it")


def _facts(queue: DeadQueue, letter: DeadLetter) -> dict[str, Any]:
    try:
        envelope = Envelope.model_validate_json(letter.body)
    except ValidationError:
        envelope = None
    return {
        "queue": queue.value,
        "message": letter.id,
        "sent_at": letter.sent_at,
        "error": letter.error,
        "workflow": envelope.workflow if envelope else "",
        "replayable": envelope is not None,
        "bytes": len(letter.body.encode(errors="surrogatepass")),
    }
