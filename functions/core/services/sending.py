"""Mark, gate, send (CONTRACTS: sending): one discipline for models and for systems."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.core.domain.events import make
from functions.core.domain.expressions import (
    Absent,
    Change,
    Equals,
    Item,
    Move,
    Ref,
    Set,
    SetOnce,
    Table,
    Written,
    at,
)
from functions.core.domain.health import health_ref
from functions.core.domain.names import AttemptName
from functions.core.domain.run import WORKING, Outcome, due_bucket, run_ref, step_ref
from functions.core.domain.step import Invocation, Mark
from functions.core.domain.timestamps import iso
from functions.core.ports import Clock, Store
from functions.core.services import outbox

EVERYTHING = "everything"
"""The scope of the emergency stop that stops all."""


def stop_ref(scope: str) -> Ref:
    """Return where the stop switch of *scope* lies."""
    return Ref(Table.LEDGER, f"stop#{scope}", "stop")


@dataclass(frozen=True)
class Use:
    """What a step is about to use, as admission pinned it."""

    definition: str
    """`ai_task#classify_ticket` or `system#crm`."""
    version: str
    target: str
    """The model target or the system that would be called."""
    watched: bool = False
    """Whether the target's health is kept, so that the gate reads it."""


@dataclass(frozen=True)
class Verdict:
    """What the gate said; `reason` is empty if it let the call pass."""

    reason: str
    run: Item | None = None
    health: Item | None = None
    """The target's, where it is watched."""

    @property
    def open(self) -> bool:
        """Whether the call may be sent."""
        return not self.reason


class Sending:
    """Decides whether an invocation may send, and keeps what became of each attempt."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def marking(
        self, attempt: AttemptName, me: Invocation, *, kind: str, facts: Mapping[str, Any]
    ) -> Move:
        """Return the write by which *me* says that it is about to send *attempt*."""
        entry = {"mark": Mark.MARKED, "nonce": me.nonce, "until": me.until, "facts": dict(facts)}
        began = SetOnce("started_at", iso(attempt.drawn_at))
        changes = (Set(attempt.key, entry), began, SetOnce("kind", kind))
        return Move(step_ref(attempt.run, attempt.step), changes, (Absent(attempt.key),))

    def mark(
        self, attempt: AttemptName, me: Invocation, *, kind: str, facts: Mapping[str, Any]
    ) -> bool:
        """Say that *me* is about to send *attempt*; False: somebody else was here first."""
        move = self.marking(attempt, me, kind=kind, facts=facts)
        return marked_by(me, attempt, self._store.update(move.ref, move.changes, move.when))

    def gate(self, attempt: AttemptName, use: Use) -> Verdict:
        """Say whether, at one instant, run and use are open and nothing is stopped."""
        workflow = attempt.run.rpartition("-")[0]
        scopes = (EVERYTHING, f"workflow:{workflow}", f"target:{use.target}")
        health = [health_ref(use.target)] if use.watched else []
        run, *found = self._store.snapshot(
            [run_ref(attempt.run), *(stop_ref(scope) for scope in scopes), *health]
        )
        stops, watched = found[: len(scopes)], found[-1] if use.watched else None
        if run is None or run["status"] not in WORKING:
            return Verdict("RUN_NOT_OPEN", run)
        if run.get("pins", {}).get(use.definition) != use.version:
            return Verdict("USE_NOT_PINNED", run)
        stopped = [s for s, item in zip(scopes, stops, strict=True) if at(item, "stopped") is True]
        return Verdict(f"STOPPED_{stopped[0].upper()}" if stopped else "", run, watched)

    def close_own(self, attempt: AttemptName, me: Invocation) -> bool:
        """Close my own mark as unsent; False if it isn't (any more) mine and open."""
        written = self._close(attempt, Mark.UNSENT, (Equals((attempt.key, "nonce"), me.nonce),))
        return written.done or bool(at(written.item, (attempt.key, "mark")) == Mark.UNSENT)

    def close_lost(self, attempt: AttemptName) -> Mark | None:
        """Close *attempt* after its sender is gone, or before anyone could mark it.

        Returns
        -------
        Mark or None
            UNSENT (also where it never was marked, which is then said so that no mark can
            follow), UNCONFIRMED, what it already was; None while its sender may live.
        """
        ref = step_ref(attempt.run, attempt.step)
        unsent = {"mark": Mark.UNSENT, "nonce": "", "until": "", "facts": {}}
        said = self._store.update(ref, [Set(attempt.key, unsent)], (Absent(attempt.key),))
        if said.done:
            return Mark.UNSENT
        entry = at(said.item, attempt.key)
        if entry["mark"] != Mark.MARKED:
            return Mark(entry["mark"])
        if entry["until"] >= iso(self._clock.now()):
            return None
        closed = self._close(attempt, Mark.UNCONFIRMED)
        return Mark(at(closed.item, (attempt.key, "mark")))

    def _close(self, attempt: AttemptName, mark: Mark, also: tuple[Equals, ...] = ()) -> Written:
        return self._store.update(
            step_ref(attempt.run, attempt.step),
            [Set((attempt.key, "mark"), mark)],
            (Equals((attempt.key, "mark"), Mark.MARKED), *also),
        )

    def concluded(self, attempt: AttemptName) -> Item | None:
        """Return the step's item if *attempt* was answered and its step ended with that."""
        item = self._store.get(step_ref(attempt.run, attempt.step))
        answered = at(item, (attempt.key, "mark")) == Mark.ANSWERED
        return item if answered and "outcome" in (item or {}) else None

    def closing_answered(self, attempt: AttemptName, used: Mapping[str, Any]) -> Move:
        """Return the write that closes the mark of an attempt whose answer did not end the step."""
        return Move(step_ref(attempt.run, attempt.step), tuple(_answered(attempt, used)))

    def close_answered(self, attempt: AttemptName, used: Mapping[str, Any]) -> None:
        """Close the mark of an attempt whose answer was read and did not end the step."""
        move = self.closing_answered(attempt, used)
        self._store.update(move.ref, move.changes, move.when)

    def finish(
        self,
        run: str,
        step: str,
        facts: Mapping[str, Any],
        *,
        answered: AttemptName | None = None,
        used: Mapping[str, Any] | None = None,
    ) -> None:
        """Write how a step ended; closes the mark of the attempt that was answered."""
        move = self.finishing(run, step, facts, answered=answered, used=used)
        self._store.update(move.ref, move.changes, move.when)

    def finishing(
        self,
        run: str,
        step: str,
        facts: Mapping[str, Any],
        *,
        answered: AttemptName | None = None,
        used: Mapping[str, Any] | None = None,
    ) -> Move:
        """Return the write that says how a step ended; see :meth:`finish`."""
        changes = self._ended(run, step, facts)
        if answered is not None:
            changes += _answered(answered, used or {})
        return Move(step_ref(run, step), tuple(changes))

    def finishing_unsent(
        self, attempt: AttemptName, facts: Mapping[str, Any], used: Mapping[str, Any]
    ) -> Move:
        """Return the write that ends a step by an answer for which nothing was sent.

        It was never marked, since a mark says that somebody may have sent; so whoever closed
        *attempt* meanwhile wins.
        """
        entry = {"mark": Mark.ANSWERED, "nonce": "", "until": "", **used}
        ended = self._ended(attempt.run, attempt.step, facts)
        changes = (*ended, Set(attempt.key, entry))
        return Move(step_ref(attempt.run, attempt.step), changes, (Absent(attempt.key),))

    def _ended(self, run: str, step: str, facts: Mapping[str, Any]) -> list[Change]:
        now = iso(self._clock.now())
        said: list[Change] = [Set(name, value) for name, value in facts.items()]
        if facts["outcome"] == Outcome.BLOCKED_BY_POLICY:
            said += _violation(run, step, facts, now)
        return [*said, Set("ended_at", now), SetOnce("started_at", now)]


def marked_by(me: Invocation, attempt: AttemptName, written: Written) -> bool:
    """Say whether the mark is mine, which my own repeat finds too."""
    return written.done or bool(at(written.item, (attempt.key, "nonce")) == me.nonce)


def _violation(run: str, step: str, facts: Mapping[str, Any], now: str) -> list[Change]:
    """Return the changes that announce a step which a policy ended; sweep delivers."""
    about = {"run": run, "step": step, **{n: facts[n] for n in ("kind", "name", "reason")}}
    event = make("Policy Violated", about, cause=f"{run}/{step}")
    due = [Set("due_at", now), Set("due_bucket", due_bucket(run))]
    return [*due, *outbox.entries([event])]


def _answered(attempt: AttemptName, used: Mapping[str, Any]) -> list[Change]:
    entry = {"mark": Mark.ANSWERED, **used}
    return [Set((attempt.key, name), value) for name, value in entry.items()]
