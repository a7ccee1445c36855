"""Fakes of the ports, each as small as its port: what a test needs to see, in the open."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from functions.core.domain.envelope import BusEvent
from functions.core.domain.models import AnswerStatus, ModelAnswer, ModelRequest, Usage
from functions.core.domain.systems import AnswerKind, SystemAnswer, SystemRequest
from functions.core.ports import Execution

MORNING = datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC)


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, moment: datetime = MORNING) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """Return the current instant."""
        return self.moment

    def ticks(self) -> int:
        """Return 0: nothing takes time here."""
        return 0

    def forward(self, **by: float) -> None:
        """Move on, `seconds=1` or `days=40`."""
        self.moment += timedelta(**by)


class MemoryBlobs:
    """A bucket."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, key: str, content: bytes, media_type: str) -> None:
        """Keep *content*."""
        self.kept[key] = content

    def get(self, key: str) -> bytes | None:
        """Return the content, or None."""
        return self.kept.get(key)

    def put_once(self, key: str, content: bytes) -> bool:
        """Keep *content* unless the key is taken."""
        return self.kept.setdefault(key, content) is content


class FakeOrchestrator:
    """Executions that start and otherwise do what a test says."""

    def __init__(self) -> None:
        self.started: dict[str, str] = {}
        self.states: dict[str, Execution] = {}
        self.stopped: list[str] = []

    def start(self, name: str, payload: str) -> bool:
        """Start once."""
        if name in self.started:
            return False
        self.started[name] = payload
        self.states[name] = Execution.OPEN
        return True

    def look(self, name: str) -> Execution:
        """Say what a test said, else what start and stop did."""
        return self.states.get(name, Execution.NONE)

    def stop(self, name: str, cause: str) -> None:
        """Stop."""
        self.stopped.append(name)
        if self.states.get(name) is Execution.OPEN:
            self.states[name] = Execution.CLOSED


class FakeTasks:
    """Tasks that wait by a token until they are answered."""

    def __init__(self, *waiting: str) -> None:
        self.waiting = set(waiting)
        self.answers: dict[str, str] = {}

    def answer(self, token: str, output: str) -> bool:
        """Let it succeed, once."""
        if token not in self.waiting:
            return False
        self.waiting.remove(token)
        self.answers[token] = output
        return True


class FakeBus:
    """Takes events, unless it is down."""

    def __init__(self) -> None:
        self.taken: list[BusEvent] = []
        self.down = False

    def put(self, events: Sequence[BusEvent]) -> list[str]:
        """Take all or none."""
        if self.down:
            return []
        self.taken.extend(events)
        return [event.event_id for event in events]

    @property
    def types(self) -> list[str]:
        """The detail types of what was taken, in order."""
        return [event.detail_type for event in self.taken]


class FakeIntake:
    """The intake queue."""

    def __init__(self) -> None:
        self.queued: list[str] = []

    def send(self, body: str) -> None:
        """Queue one envelope."""
        self.queued.append(body)


def answered(text: str, usage: Usage | None = None) -> ModelAnswer:
    """Return a complete answer of a model."""
    return ModelAnswer(
        AnswerStatus.ANSWERED, text=text, finish_reason="stop", usage=usage or Usage(10, 1)
    )


class FakeModel:
    """Answers with one thing after the other; the last one stays."""

    def __init__(self, *answers: ModelAnswer | Callable[[ModelRequest], ModelAnswer]) -> None:
        self.answers = list(answers)
        self.asked: list[ModelRequest] = []

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer."""
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, ModelAnswer) else answer(request)


class FakeSystem:
    """A system that answers with one thing after the other; the last one stays."""

    def __init__(self, *answers: SystemAnswer) -> None:
        self.answers = list(answers) or [SystemAnswer(AnswerKind.ANSWERED, 200, {"ok": True})]
        self.asked: list[SystemRequest] = []

    def send(self, request: SystemRequest) -> SystemAnswer:
        """Answer."""
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
