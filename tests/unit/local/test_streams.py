"""A stream's records: what all have read is let go of, and nothing is numbered anew."""

from types import SimpleNamespace

from interlock.local.sources.streams import AT_ONCE, KEPT, Records

FIRST = 1_000_000


def stream(count: int, *positions: int) -> tuple[Records, SimpleNamespace]:
    """Return *count* records, read up to *positions*, and trimmed."""
    records = Records(list(range(count)))
    records.pollers = [SimpleNamespace(position=position) for position in positions]
    shard = SimpleNamespace(starting_sequence_number=FIRST)
    records.trim(shard)
    return records, shard


def test_what_all_have_read_goes_but_for_the_newest() -> None:
    """Whoever reads from outside finds the last of them, under their numbers."""
    read = 2 * KEPT
    records, shard = stream(read + 3, read)

    assert (len(records), records[0]) == (KEPT + 3, KEPT)
    assert shard.starting_sequence_number == FIRST + KEPT
    assert records.batch(read, 100) == [read, read + 1, read + 2]


def test_the_slowest_reader_keeps_what_it_has_not_read() -> None:
    """A poller that stands still for hours finds all of it."""
    records, _ = stream(5 * KEPT, 5 * KEPT, 10)

    assert (len(records), records.batch(10, 2)) == (5 * KEPT, [10, 11])


def test_a_few_too_many_are_let_be() -> None:
    """Trimming moves the whole list."""
    records, _ = stream(KEPT + AT_ONCE, KEPT + AT_ONCE - 1)

    assert records.trimmed == 0
