"""What is signed, with which key, and who is believed."""

import hmac
from datetime import timedelta

import pytest

from functions.core.domain.errors import TicketRefused
from functions.core.domain.keys import Keyring, keyed_hash, mac
from functions.core.domain.ticket import LIFETIME, Ticket
from tests.fakes import MORNING
from tests.stage import KEYS

TICKET = Ticket("sort-" + "a" * 26, "sort", "desk", MORNING + LIFETIME)
OTHER = Ticket("sort-" + "b" * 26, "sort", "desk", MORNING + LIFETIME)


def read(text: str, run: str = TICKET.run, now=MORNING) -> Ticket:
    return Ticket.verify(KEYS.ticket, text, run=run, now=now)


def test_each_purpose_has_a_key_of_its_own() -> None:
    """Whoever holds one can't make what another protects."""
    keys = {
        KEYS.naming, KEYS.ticket, KEYS.artifact, KEYS.fence, KEYS.refused, KEYS.emits,
        KEYS.team("desk"), KEYS.team("other"),
    }  # fmt: skip

    assert len(keys) == 8
    assert {len(key) for key in keys} == {32}


def test_the_same_secret_gives_the_same_keys() -> None:
    """Every worker names runs alike."""
    assert Keyring("s" * 32).naming == Keyring("s" * 32).naming
    assert Keyring("s" * 32).naming != Keyring("t" * 32).naming


def test_keys_are_those_of_hkdf() -> None:
    """RFC 5869 with one block: releases agree on them, or a repeated event would be a new run."""
    extracted = hmac.digest(b"interlock", b"s" * 32, "sha256")

    assert hmac.digest(extracted, b"naming\x01", "sha256") == Keyring("s" * 32).naming
    assert hmac.digest(extracted, b"team/desk\x01", "sha256") == Keyring("s" * 32).team("desk")


def test_a_short_master_secret_is_refused() -> None:
    """Its keys could be guessed."""
    with pytest.raises(ValueError, match="fewer than 32"):
        Keyring("short")


def test_parts_of_a_mac_don_t_run_together() -> None:
    """Moving a border changes it."""
    assert mac(b"k", "ab", "c") != mac(b"k", "a", "bc")


def test_a_content_hash_needs_the_team_s_key() -> None:
    """Equal values compare equal within a team, and only there."""
    own, other = (keyed_hash(KEYS.team(team), b"jo@example.com") for team in ("desk", "other"))

    assert own == keyed_hash(KEYS.team("desk"), b"jo@example.com")
    assert own != other


def test_a_ticket_is_read_back() -> None:
    """It says run, workflow, team and how long it is good."""
    assert read(TICKET.mint(KEYS.ticket)) == TICKET


def test_a_forged_ticket_is_refused() -> None:
    """Changing any part, or signing with another key, shows."""
    genuine = TICKET.mint(KEYS.ticket)
    parts = genuine.split("|")
    forged = ["|".join([*parts[:n], "x" + parts[n], *parts[n + 1 :]]) for n in range(len(parts))]
    forged += [TICKET.mint(KEYS.artifact), "", "a|b", genuine + "|", genuine[:-1]]

    for text in forged:
        with pytest.raises(TicketRefused):
            read(text)


def test_another_run_s_ticket_is_refused() -> None:
    """It is genuine, and not for this run."""
    with pytest.raises(TicketRefused, match="another run"):
        read(OTHER.mint(KEYS.ticket))


def test_an_old_ticket_is_refused() -> None:
    """A run lives a year at most."""
    text = TICKET.mint(KEYS.ticket)

    assert read(text, now=MORNING + LIFETIME) == TICKET
    with pytest.raises(TicketRefused, match="expired"):
        read(text, now=MORNING + LIFETIME + timedelta(seconds=1))
