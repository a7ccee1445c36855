"""What each governed step is made with, and the check that each of its functions begins with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from functions.core.domain.claim import Claim
from functions.core.domain.errors import StepRefused
from functions.core.domain.evidence import Kind, Tail, chain_of
from functions.core.domain.keys import Keyring
from functions.core.domain.names import AttemptName, is_step_identity, nested_name
from functions.core.domain.step import Invocation
from functions.core.domain.ticket import Ticket
from functions.core.ports import Clock, Store
from functions.core.services.answer_cache import AnswerCache
from functions.core.services.artifacts import Artifacts
from functions.core.services.catalog import Catalog
from functions.core.services.detectors import NO_DETECTORS, Detectors
from functions.core.services.evidence import Evidence
from functions.core.services.ledger import Ledger
from functions.core.services.sending import Sending, marked_by
from functions.core.services.turns import Turns


@dataclass(frozen=True)
class Tools:
    """What the functions of governed steps work with."""

    store: Store
    clock: Clock
    keys: Keyring
    catalog: Catalog
    artifacts: Artifacts
    evidence: Evidence
    detectors: Detectors = NO_DETECTORS

    @cached_property
    def ledger(self) -> Ledger:
        """The budgets."""
        return Ledger(self.store)

    @cached_property
    def sending(self) -> Sending:
        """Marks and the gate."""
        return Sending(self.store, self.clock)

    @cached_property
    def cache(self) -> AnswerCache:
        """The exact cache, of tasks that declare one."""
        return AnswerCache(self.artifacts.blobs, self.keys, self.clock)

    @cached_property
    def turns(self) -> Turns:
        """Health and rates of the model targets."""
        return Turns(self.store, self.clock)

    def verify(self, claim: Claim) -> Ticket:
        """Return the ticket of a step that is what it says.

        Raises
        ------
        TicketRefused, StepRefused
            The ticket is not the run's, or the execution is not the step's.
        """
        now = self.clock.now()
        genuine = Ticket.verify(self.keys.ticket, claim.ticket, run=claim.run, now=now)
        expected = nested_name(claim.run, claim.step)
        if not is_step_identity(claim.step) or claim.execution != expected:
            raise StepRefused("the execution's name is not the step's")
        return genuine

    def mark(
        self,
        attempt: AttemptName,
        me: Invocation,
        *,
        kind: str,
        facts: Mapping[str, Any],
        prepared: Mapping[str, Any],
    ) -> Tail | None:
        """Say that *me* is about to send *attempt*, with what is *prepared* on record.

        Returns
        -------
        Tail or None
            The end of the step's chain; None: somebody else was here first.
        """
        move = self.sending.marking(attempt, me, kind=kind, facts=facts)
        chain, id_ = chain_of(attempt.run, attempt.step), f"{attempt}:prepared"
        tail, written = self.evidence.attest_with(move, chain, Kind.PREPARED, id_, prepared, Tail())
        return tail if marked_by(me, attempt, written) else None

    def conclude_unsent(
        self, claim: Claim, id_: str, body: Mapping[str, Any], facts: Mapping[str, str]
    ) -> None:
        """Write a step's end that no answer brought about: *body* on record, *facts* in its item.

        Both say the same outcome and reason.
        """
        self.evidence.append(chain_of(claim.run, claim.step), Kind.CLOSED, id_, body)
        self.sending.finish(claim.run, claim.step, facts)
