"""Instants as text: UTC, milliseconds, `Z`; fixed width, so text sorts as time does."""

from datetime import UTC, datetime

_LENGTH = len("2026-11-22T20:49:28.123Z")


def iso(moment: datetime) -> str:
    """Return *moment* as `2026-11-22T20:49:28.123Z`."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text + "Z"


def parse(text: str) -> datetime:
    """Return the instant that :func:`iso` wrote; raise ValueError for any other text."""
    if len(text) != _LENGTH or text[-1] != "Z" or text[10] != "T":
        raise ValueError("no instant in UTC with milliseconds")
    return datetime.fromisoformat(text)


def iso_of_milliseconds(milliseconds: int) -> str:
    """Return an epoch time in milliseconds, as queues give it, as text."""
    return iso(datetime.fromtimestamp(milliseconds / 1000, UTC))
