"""The sweep: what is due in the stores, taken up once a minute.

It takes only keys from an index and reads the item itself, with a bounded number of index
requests (one a bucket and store), so that it costs little when nothing is due.
"""

from collections.abc import Callable
from decimal import Decimal

from functions.core.domain.expressions import Ref, Set, Table
from functions.core.domain.ledger import POOL, Place
from functions.core.domain.names import AttemptName
from functions.core.domain.run import DUE_BUCKETS, RUN
from functions.core.domain.step import Mark
from functions.core.domain.timestamps import iso
from functions.core.ports import Bus, Clock, Store
from functions.core.services import outbox
from functions.core.services.deciding import Deciding
from functions.core.services.ledger import Ledger
from functions.core.services.runs import Runs
from functions.core.services.sending import Sending

PAGE = 25
"""Due items taken from one bucket a sweep."""
RESERVE_SECONDS = 10
"""Time kept to end in good order; what is left over is due again next minute."""
HEARTBEAT = Ref(Table.LEDGER, "heartbeat#sweep", "heartbeat")


class Sweep:
    """Looks after everything with a `due_at`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        runs: Runs,
        ledger: Ledger,
        sending: Sending,
        bus: Bus,
        deciding: Deciding,
    ) -> None:
        self._deciding = deciding
        self._store = store
        self._clock = clock
        self._runs = runs
        self._ledger = ledger
        self._sending = sending
        self._bus = bus

    def run(self, seconds_left: Callable[[], float]) -> dict[str, int]:
        """Do what is due; return how many of each were looked at, and how many failed."""
        now = iso(self._clock.now())
        done = {"runs": 0, "ledger": 0, "parked": 0, "failed": 0}
        kinds: tuple[tuple[str, Table, Callable[[Ref], object]], ...] = (
            ("runs", Table.RUNS, self._look_at_run),
            ("ledger", Table.LEDGER, self._look_at_ledger),
            ("parked", Table.PARKED, self._deciding.look),
        )
        for bucket in range(DUE_BUCKETS):
            for kind, table, work in kinds:
                for ref in self._store.due(table, f"due#{bucket}", now, PAGE):
                    if seconds_left() < RESERVE_SECONDS:
                        return self._beat(now, done)
                    done[kind] += 1
                    done["failed"] += self._guarded(work, ref)
        return self._beat(now, done)

    def _beat(self, now: str, done: dict[str, int]) -> dict[str, int]:
        self._store.update(HEARTBEAT, [Set("at", now), Set("done", done)])
        return done

    @staticmethod
    def _guarded(work: Callable[[Ref], object], ref: Ref) -> int:
        """Do *work*; one item that fails must not keep the others waiting."""
        try:
            work(ref)
        except Exception:  # noqa: BLE001  (whatever it is, the others are due)
            return 1
        return 0

    def _look_at_run(self, ref: Ref) -> None:
        if ref.sk == RUN:
            self._runs.mend(ref.pk)
        else:
            outbox.announce(self._store, self._bus, ref)

    def _look_at_ledger(self, ref: Ref) -> None:
        if ref.sk in ("stop", POOL):
            outbox.announce(self._store, self._bus, ref)
        else:
            self.expire(ref)

    def expire(self, ref: Ref) -> int:
        """Close and book the reservations of a shard whose time is over; return how many."""
        place = Place.read(ref.pk, ref.sk)
        closed = 0
        for name, worst in self._ledger.expired(ref, iso(self._clock.now())):
            mark = self._sending.close_lost(AttemptName.parse(name))
            if mark is None:
                continue
            self._book(place, name, worst, mark)
            closed += 1
        self._ledger.announce(place.budget, iso(self._clock.now()))
        self._ledger.reschedule(ref)
        return closed

    def _book(self, place: Place, name: str, worst: Decimal, mark: Mark) -> None:
        if mark is Mark.UNSENT:
            self._ledger.release(place, name, worst)
        else:
            self._ledger.unconfirmed(place, name, worst)
