"""What the services need from the outside world, said without naming AWS."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from functions.core.domain.expressions import Change, Item, Move, New, Ref, Table, When, Written

if TYPE_CHECKING:  # a function loads the words of the ports that it uses
    from functions.core.domain.dead_letters import DeadLetter, DeadQueue
    from functions.core.domain.envelope import BusEvent
    from functions.core.domain.guards.findings import Finding
    from functions.core.domain.guards.outside import Guardrail, Intervention
    from functions.core.domain.models import ModelAnswer, ModelRequest
    from functions.core.domain.systems import SystemAnswer, SystemRequest


class Clock(Protocol):
    """Tells the time; the only way to read it."""

    def now(self) -> datetime:
        """Return the current instant, in UTC."""
        ...

    def ticks(self) -> int:
        """Return microseconds since an instant of its own: only differences say something."""
        ...


class Store(Protocol):
    """Items under (table, pk, sk), with DynamoDB's guarantees and no more.

    Each write is atomic on its item and may be repeated by the client below: services
    recognise their own repeat by what the failed condition found.
    """

    def get(self, ref: Ref) -> Item | None:
        """Read one item, strongly consistent."""
        ...

    def snapshot(self, refs: Sequence[Ref]) -> list[Item | None]:
        """Read several items as of one instant."""
        ...

    def put(self, ref: Ref, item: Item, when: When = ()) -> Written:
        """Replace one item on a condition."""
        ...

    def update(self, ref: Ref, changes: Sequence[Change], when: When = ()) -> Written:
        """Change one item on a condition; makes it where there is none."""
        ...

    def transact(self, moves: Sequence[Move | New], token: str) -> bool:
        """Do all or nothing, once a *token*; False if a condition failed."""
        ...

    def query(
        self, table: Table, pk: str, *, prefix: str = "", newest_first: bool = False, limit: int = 0
    ) -> list[Item]:
        """Return a partition's items by sort key, strongly consistent; 0 = all."""
        ...

    def due(self, table: Table, bucket: str, before: str, limit: int) -> list[Ref]:
        """Return keys from the due index, earliest first; may lag behind the table."""
        ...


class Blobs(Protocol):
    """A bucket of immutable values."""

    def put(self, key: str, content: bytes, media_type: str) -> None:
        """Keep *content* under *key*."""
        ...

    def get(self, key: str) -> bytes | None:
        """Return the content, or None."""
        ...

    def put_once(self, key: str, content: bytes) -> bool:
        """Keep *content* unless the key is taken; False if it was."""
        ...


class Execution(StrEnum):
    """What the orchestrator knows of an execution."""

    NONE = "none"
    OPEN = "open"
    SUCCEEDED = "succeeded"
    CLOSED = "closed"


class Orchestrator(Protocol):
    """Starts and watches supervised executions, by the run's name."""

    def start(self, name: str, payload: str) -> bool:
        """Start the supervisor; False if an execution of that name exists already."""
        ...

    def look(self, name: str) -> Execution:
        """Say what became of the execution of that name."""
        ...

    def stop(self, name: str, cause: str) -> None:
        """Stop it; nothing happens if it is closed already."""
        ...


class Tasks(Protocol):
    """Executions that wait for an answer by their task token."""

    def answer(self, token: str, output: str) -> bool:
        """Let the task of *token* succeed with *output*; False if nobody waits by it any more."""
        ...


class Bus(Protocol):
    """The event bus."""

    def put(self, events: "Sequence[BusEvent]") -> list[str]:
        """Put *events*; return the ids of those that were taken."""
        ...


class DeadLetters(Protocol):
    """The queues of what was given up."""

    def hold(self, queue: "DeadQueue", most: int) -> "list[DeadLetter]":
        """Return up to *most* letters, hidden from others while they are looked at."""
        ...

    def put_back(self, queue: "DeadQueue", letters: "Sequence[DeadLetter]") -> None:
        """Let others see *letters* again at once; one that was removed stays removed."""
        ...

    def remove(self, queue: "DeadQueue", letter: "DeadLetter") -> None:
        """Remove one that is held."""
        ...


class Intake(Protocol):
    """The intake queue."""

    def send(self, body: str) -> None:
        """Queue one envelope."""
        ...


class ModelClient(Protocol):
    """One dialect of model provider. Never retries: every attempt is the machine's."""

    def complete(self, request: "ModelRequest") -> "ModelAnswer":
        """Send *request* once and read the answer; foreign errors become statuses."""
        ...


class Guardrails(Protocol):
    """Guardrails that somebody else runs. Never retries."""

    def apply(self, guardrail: "Guardrail", texts: Sequence[str]) -> "Intervention":
        """Ask *guardrail* once about *texts*; foreign errors are an answer that says why."""
        ...


class NameFinder(Protocol):
    """Finds names, addresses and organisations, which no form tells."""

    def find(self, text: str, kinds: Sequence[str]) -> "Sequence[Finding]":
        """Return where they stand; raise GuardUnavailable where nobody can say."""
        ...


class SystemClient(Protocol):
    """Calls outside systems. Never retries, never follows a redirect."""

    def send(self, request: "SystemRequest") -> "SystemAnswer":
        """Send *request* once and read the answer; foreign errors become kinds."""
        ...


class Secrets(Protocol):
    """Reads secrets."""

    def text(self, arn: str) -> str:
        """Return the secret's text, read once a worker."""
        ...
