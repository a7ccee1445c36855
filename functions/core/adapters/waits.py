"""How long a provider asks to wait, wherever it says so.

In order of precision: `Retry-After`; the same in milliseconds; a span in the error itself, which
the dialect hands in; "try again in 6m0s" in its message; when a limit that is used up is full
again. Without any of these nobody knows, and the machine waits by its own rule.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from functions.core.adapters.http_exchange import Reply

MOST_SECONDS: Final = 86_400.0
_EPOCH_SECONDS: Final = 1_000_000_000
_EPOCH_MILLISECONDS: Final = 1_000_000_000_000

_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,12})?")
_SPAN: Final = re.compile(
    r"(?:([0-9]{1,4})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m(?!s))?"
    r"(?:([0-9]{1,9}(?:\.[0-9]{1,12})?)s)?(?:([0-9]{1,9}(?:\.[0-9]{1,12})?)ms)?"
)
_UNITS: Final = (86_400.0, 3600.0, 60.0, 1.0, 0.001)
_NUMBER_OF: Final = r"[0-9]{1,9}(?:\.[0-9]{1,12})?"
_UNIT: Final = "millisecond|ms|second|sec|minute|min|hour|day"
_PARTS: Final = re.compile(rf"({_NUMBER_OF}) ?({_UNIT})s?\b", re.IGNORECASE)
_AGAIN: Final = re.compile(
    r"(?:(?:again|retry) (?:in|after)|wait(?: for)?) "
    rf"(?:(?P<parts>{_NUMBER_OF} ?(?:{_UNIT})s?\b"
    rf"(?:,? (?:and )?{_NUMBER_OF} ?(?:{_UNIT})s?\b){{0,3}})"
    r"|(?P<span>[0-9][0-9dhms.]{0,40}))",
    re.IGNORECASE,
)
_SECONDS_IN: Final = {
    "millisecond": 0.001,
    "ms": 0.001,
    "second": 1.0,
    "sec": 1.0,
    "minute": 60.0,
    "min": 60.0,
    "hour": 3600.0,
    "day": 86_400.0,
}


def wait_of(
    reply: Reply,
    *,
    told: float | None = None,
    message: str = "",
    limits: Mapping[str, str] | None = None,
) -> float | None:
    """Return the wait in seconds that *reply* asks for, at most a day; None if it asks for none.

    Parameters
    ----------
    told
        What the error says in a field of its own.
    message
        The error's prose.
    limits
        Rate limits that stand in the body as headers would.
    """
    candidates = (
        reply.wait_seconds,
        _milliseconds(reply.headers.get("retry-after-ms", "")),
        told,
        in_message(message),
        _until_full(dict(reply.headers), reply),
        _until_full({name.lower(): value for name, value in (limits or {}).items()}, reply),
    )
    seconds = next((each for each in candidates if each is not None), None)
    return None if seconds is None else min(seconds, MOST_SECONDS)


def span(text: str) -> float | None:
    """Return the seconds of a span as vendors write it: `1.5s`, `6m0s`, `20ms`."""
    found = _SPAN.fullmatch(text)
    if not text or found is None:
        return None
    parts = zip(found.groups(), _UNITS, strict=True)
    return sum(float(number) * unit for number, unit in parts if number)


def in_message(message: str) -> float | None:
    """Return the seconds after which *message* says to come again."""
    found = _AGAIN.search(message)
    if found is None:
        return None
    if found["span"]:
        return span(found["span"].rstrip("."))
    parts = _PARTS.findall(found["parts"])
    return sum(float(number) * _SECONDS_IN[unit.lower()] for number, unit in parts)


def _milliseconds(text: str) -> float | None:
    return float(text) / 1000 if _NUMBER.fullmatch(text.strip()) else None


def _until_full(headers: Mapping[str, str], reply: Reply) -> float | None:
    """Return when the last limit that is used up is full again; None where none is used up."""
    return max(_resets(headers, reply), default=None)


def _resets(headers: Mapping[str, str], reply: Reply) -> Iterator[float]:
    for name, value in headers.items():
        if "ratelimit" not in name or "reset" not in name:
            continue
        if headers.get(name.replace("reset", "remaining"), "").strip() != "0":
            continue
        seconds = _reset(value.strip(), reply)
        if seconds is not None:
            yield seconds


def _reset(value: str, reply: Reply) -> float | None:
    """Read a span, seconds, or a moment; a moment against the answer's own date."""
    if not _NUMBER.fullmatch(value):
        return span(value) if (until := _moment(value)) is None else _from_now(until, reply)
    number = float(value)
    if number < _EPOCH_SECONDS:
        return number
    return _from_now(number / (1000 if number >= _EPOCH_MILLISECONDS else 1), reply)


def _moment(value: str) -> float | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _from_now(until: float, reply: Reply) -> float | None:
    try:
        now = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(until - now, 0.0)
