"""The ticket: what lets a platform function believe that it works for a run.

Minted at admission, carried through every state, verified by every platform function.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from functions.core.domain.errors import TicketRefused
from functions.core.domain.keys import ROTATION, mac, same
from functions.core.domain.timestamps import iso, parse

LIFETIME = timedelta(days=366)
"""A standard execution lives a year at most."""


@dataclass(frozen=True)
class Ticket:
    """Who a piece of work belongs to."""

    run: str
    workflow: str
    team: str
    expires_at: datetime

    @classmethod
    def verify(cls, key: bytes, text: str, *, run: str, now: datetime) -> Self:
        """Read *text*; raise TicketRefused unless it is genuine, fresh, and of *run*."""
        try:
            version, named, workflow, team, expires, given = text.split("|")
        except ValueError:
            raise TicketRefused("it has not the form of a ticket") from None
        if version != ROTATION or not same(
            given, mac(key, version, named, workflow, team, expires)
        ):
            raise TicketRefused("it was not minted by this stage")
        if named != run:
            raise TicketRefused("it belongs to another run")
        if parse(expires) < now:
            raise TicketRefused("it has expired")
        return cls(named, workflow, team, parse(expires))

    def mint(self, key: bytes) -> str:
        """Return the ticket as text."""
        parts = (ROTATION, self.run, self.workflow, self.team, iso(self.expires_at))
        return "|".join((*parts, mac(key, *parts)))
