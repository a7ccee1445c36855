"""The health of a model target, shared by everybody who calls it.

A throttle is a wait for all. A target that failed several times in a row is passed over for a
while (its circuit is open); then one call probes it (half-open), and what becomes of that closes
the circuit or opens it for twice as long. A call that cost more than it was bounded by raises the
bound of all that follow.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from functions.core.domain.expressions import Ref, Table
from functions.core.domain.models import AnswerStatus, ModelAnswer
from functions.core.domain.timestamps import iso, parse

if TYPE_CHECKING:
    from functions.core.domain.targets import PassedOver

LONGEST_OPEN: Final = timedelta(minutes=10)
NO_MORE: Final = 100
"""Percent: calls cost at most what they are bounded by."""
LONGEST_UNSAID_WAIT: Final = 60
"""Seconds; where a throttle says no wait, each one in a row doubles it up to this."""
_NOT_SERVED: Final = (AnswerStatus.UNAVAILABLE, AnswerStatus.UNKNOWN)
_ACCOUNT: Final = (401, 402, 403, 429)
"""A refusal by these is one of the account, not of the request: it meets everybody."""


class Turn(StrEnum):
    """Why a target can't be called now; these travel as the status of a call."""

    THROTTLED = "TARGET_THROTTLED"
    """Its provider asked somebody to wait."""
    DOWN = "TARGET_DOWN"
    """It failed others; it is passed over, or somebody is probing it."""
    RATE = "RATE_LIMITED"
    """Our own limit a minute is used up."""
    BOUND = "BOUND_TOO_LOW"
    """It costs more than the call was bounded by: it has to be prepared anew."""


@dataclass(frozen=True)
class Busy:
    """A target that can't be called for so many seconds."""

    turn: Turn
    seconds: int


def health_ref(target: str) -> Ref:
    """Return where the health of *target* lies."""
    return Ref(Table.LEDGER, f"target#{target}", "health")


@dataclass(frozen=True)
class Health:
    """What is known of a target; as its item has it, and healthy where there is none."""

    revision: int = 0
    """Counts its changes: what a write is conditional on."""
    failures: int = 0
    """Calls in a row that were not served."""
    opened: int = 0
    """Times in a row that its circuit opened."""
    open_until: str = ""
    """Passed over until then, and then probed; empty: its circuit is closed."""
    probe: str = ""
    """The attempt that probes it."""
    probe_until: str = ""
    throttles: int = 0
    """Throttles in a row."""
    throttled_until: str = ""
    bound_percent: int = NO_MORE
    """The most that a call cost, in percent of what it was bounded by: never under 100. It stays,
    since a model's tokenizer does."""
    why: str = field(default="", compare=False)
    """The status that changed it last."""

    @classmethod
    def read(cls, item: Mapping[str, Any] | None) -> "Health":
        """Return what *item* says; a key that another release wrote says nothing here."""
        found: dict[str, Any] = {
            one.name: (str if one.type is str else int)((item or {}).get(one.name, one.default))
            for one in fields(cls)
        }
        return cls(**found)

    def told(self) -> dict[str, Any]:
        """Return its item's attributes."""
        return asdict(self)

    def outgrows(self, bound_percent: int) -> bool:
        """Say whether a call's bound, raised to *bound_percent* of the usual one, is too low."""
        return bound_percent > 0 and self.bound_percent > bound_percent

    def busy(self, now: datetime, attempt: str = "") -> Busy | None:
        """Say why *attempt* can't call it now; None: it can, if need be as its probe."""
        until = self.throttled_until
        if until > iso(now):
            return Busy(Turn.THROTTLED, _left(until, now))
        if not self.open_until:
            return None
        until = self.open_until
        if until <= iso(now) and self.probe != attempt:
            until = self.probe_until
        return Busy(Turn.DOWN, _left(until, now)) if until > iso(now) else None

    def probes(self, now: datetime) -> bool:
        """Say whether the next call is its probe."""
        return bool(self.open_until) and self.open_until <= iso(now)

    def probed_by(self, attempt: str, until: str) -> "Health":
        """Return it with *attempt* as its probe, which is given up at *until*."""
        return replace(self, revision=self.revision + 1, probe=attempt, probe_until=until)

    def after(
        self,
        answer: ModelAnswer,
        attempt: str,
        now: datetime,
        rule: "PassedOver",
        *,
        cost_percent: int = 0,
    ) -> "Health | None":
        """Return what *answer* makes of it; None: what it was, so nothing is written.

        *cost_percent* is what it cost, in percent of the usual bound.
        """
        if answer.status is AnswerStatus.THROTTLED:
            changed = self._throttled(answer, now)
        elif _failed(answer):
            changed = self._failed(attempt, now, rule)
        else:
            changed = self._served(now)
        most = max(self.bound_percent, cost_percent)
        changed = replace(changed, bound_percent=most)
        if changed == self:
            return None
        return replace(changed, revision=self.revision + 1, why=str(answer.status))

    def _throttled(self, answer: ModelAnswer, now: datetime) -> "Health":
        unsaid = min(LONGEST_UNSAID_WAIT, 2**self.throttles)
        seconds = ceil(answer.wait_seconds or 0) or unsaid
        until = max(self.throttled_until, iso(now + timedelta(seconds=seconds)))
        # It answered, so it is there.
        return Health(self.revision, throttles=self.throttles + 1, throttled_until=until)

    def _failed(self, attempt: str, now: datetime, rule: "PassedOver") -> "Health":
        counted = replace(self, failures=self.failures + 1)
        if not self.open_until:
            return _open(counted, now, rule) if counted.failures >= rule.failures else counted
        # Calls that were under way when it opened say nothing new; its probe does.
        return _open(counted, now, rule) if self.probe == attempt else self

    def _served(self, now: datetime) -> "Health":
        if self.throttled_until > iso(now):  # by a call from before the throttle
            return Health(
                self.revision, throttles=self.throttles, throttled_until=self.throttled_until
            )
        return Health(self.revision)


def _open(health: Health, now: datetime, rule: "PassedOver") -> Health:
    seconds = timedelta(seconds=rule.seconds) * 2 ** min(health.opened, 16)
    until = iso(now + min(seconds, max(LONGEST_OPEN, timedelta(seconds=rule.seconds))))
    return replace(health, opened=health.opened + 1, open_until=until, probe="", probe_until="")


def _failed(answer: ModelAnswer) -> bool:
    refused = answer.status is AnswerStatus.REJECTED and answer.http_status in _ACCOUNT
    return refused or answer.status in _NOT_SERVED


def _left(until: str, now: datetime) -> int:
    return max(1, ceil((parse(until) - now).total_seconds()))
