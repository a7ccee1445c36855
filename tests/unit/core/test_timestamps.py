"""Instants as text: one form, which sorts."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from functions.core.domain.timestamps import iso, parse


def test_an_instant_is_cut_to_milliseconds_in_utc() -> None:
    """Milliseconds are cut, not rounded: a written instant never lies in the future."""
    east = timezone(timedelta(hours=2))

    assert iso(datetime(2026, 11, 22, 22, 49, 28, 123999, east)) == "2026-11-22T20:49:28.123Z"
    assert iso(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000Z"


def test_it_reads_what_it_wrote() -> None:
    """And the result knows its zone."""
    assert parse("2026-11-22T20:49:28.123Z") == datetime(
        2026, 11, 22, 20, 49, 28, 123000, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T20:49:28Z",
        "2026-11-22T20:49:28.123",
        "2026-11-22 20:49:28.123Z",
        "2026-11-22T20:49:28.1234",
        "2026-13-22T20:49:28.123Z",
        "2026-11-22T20:49+01:00:0Z",
    ],
)
def test_it_reads_nothing_else(text: str) -> None:
    """Another form would sort elsewhere."""
    with pytest.raises(ValueError, match=r".+"):
        parse(text)
