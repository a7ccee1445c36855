"""Whether a model target can take one more call now: its health, and its limits a minute.

Asked after the gate let a call pass, which read the health in its one transaction. Nothing is
written for a healthy target without limits.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from functions.core.domain.expressions import Absent, Equals, Item, Set, at
from functions.core.domain.health import Busy, Health, Turn, health_ref
from functions.core.domain.models import AnswerStatus, ModelAnswer
from functions.core.domain.rates import enough, minute, rate_ref, seconds_left, takes, taking
from functions.core.domain.targets import Target
from functions.core.ports import Clock, Store

ROUNDS: Final = 4
"""Times a lost race is run again before the other side's view is taken."""

PATIENT: Final = 15
"""Seconds: an exchange that was given less and broke off is no failure of its target."""


class Turns:
    """Health and rates of the model targets."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def healths(self, targets: Sequence[str]) -> list[Health]:
        """Return the health of each of *targets*, as of one instant."""
        return [Health.read(item) for item in self._store.snapshot([*map(health_ref, targets)])]

    def ask(
        self,
        name: str,
        target: Target,
        health: Item | None,
        *,
        attempt: str,
        until: str,
        team: str,
        tokens: int,
        bound_percent: int = 0,
    ) -> Busy | None:
        """Take a turn at the target called *name*; None: it is taken, and the call may be sent.

        Parameters
        ----------
        health
            Its health's item, as the gate read it.
        until
            The end of the caller's life: a probe that says nothing is given up then.
        tokens
            The most that the call can use.
        bound_percent
            What its worst case was raised to, in percent; 0: nobody said.
        """
        known, now = Health.read(health), self._clock.now()
        if known.outgrows(bound_percent):
            return Busy(Turn.BOUND, 1)
        busy = known.busy(now, attempt)
        if busy is None and known.probes(now):
            busy = self._probe(name, known, attempt, until)
        return busy or self._take(name, target, team, tokens)

    def note(
        self,
        name: str,
        target: Target,
        health: Item | None,
        answer: ModelAnswer,
        attempt: str,
        *,
        patience: float = PATIENT,
        cost_percent: int = 0,
    ) -> None:
        """Let everybody know what *answer* says of the target, where it says anything new.

        *patience* is how many seconds it was waited for. That a task in a hurry gave up says
        nothing of the target. *cost_percent* is what it cost, in percent of the usual bound.
        """
        if (
            patience < PATIENT
            and answer.status is AnswerStatus.UNKNOWN
            and answer.http_status is None
        ):
            return
        known = Health.read(health)
        for _ in range(ROUNDS):
            now = self._clock.now()
            changed = known.after(
                answer, attempt, now, target.passed_over, cost_percent=cost_percent
            )
            if changed is None:
                return
            found = self._write(name, known, changed)
            if found is None:
                return
            known = Health.read(found)

    def _probe(self, name: str, known: Health, attempt: str, until: str) -> Busy | None:
        found = self._write(name, known, known.probed_by(attempt, until))
        return None if found is None else Health.read(found).busy(self._clock.now(), attempt)

    def _write(self, name: str, known: Health, changed: Health) -> Mapping[str, Any] | None:
        """Write what *known* became; return the item that stood there instead, None if it did."""
        when = Equals("revision", known.revision) if known.revision else Absent("revision")
        changes = [Set(key, value) for key, value in changed.told().items()]
        written = self._store.update(health_ref(name), changes, (when,))
        if written.done or Health.read(written.item) == changed:  # by me, and the client repeated
            return None
        return written.item or {}

    def _take(self, name: str, target: Target, team: str, tokens: int) -> Busy | None:
        """Count the call against the minute's limits, before it is sent.

        A client that repeats a write whose answer was lost counts it twice: too few calls are
        sent then, never too many.
        """
        wanted = takes(target.limits, team, tokens)
        if not wanted:
            return None
        window = minute(self._clock.now())
        found: Mapping[str, Any] | None = {"window": window} | _all_known(wanted)
        for _ in range(ROUNDS):
            changes, when = taking(wanted, window, found)
            written = self._store.update(rate_ref(name), changes, when)
            if written.done:
                return None
            found = written.item
            window = max(window, at(found, "window") or window)  # another worker's clock
            if found is not None and at(found, "window") == window and not enough(wanted, found):
                break
        return Busy(Turn.RATE, seconds_left(self._clock.now()))


def _all_known(wanted: Sequence[Any]) -> dict[str, dict[str, int]]:
    """Return an item as most calls find it: each of what is wanted has been counted before."""
    known: dict[str, dict[str, int]] = {}
    for take in wanted:
        known.setdefault(take.path[0], {})[take.path[1]] = take.amount
    return known
