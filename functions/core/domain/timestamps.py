"""Instants as text: UTC, milliseconds, `Z`; fixed width, so text sorts as time does."""

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """Return *moment* as `2026-11-22T20:49:28.123Z`."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text[:-3] + "Z"


def parse(text: str) -> datetime:
    """Return the instant that :func:`iso` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def iso_of_milliseconds(milliseconds: int) -> str:
    """Return an epoch time in milliseconds, as queues give it, as text."""
    return iso(datetime.fromtimestamp(milliseconds / 1000, UTC))
