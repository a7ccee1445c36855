"""Credentials are found by their vendors' shapes and by chance; texts about them are not."""

import pytest

from functions.core.domain.guards.secrets import KINDS, entropy, find_secrets
from tests.quality.leaked import HARMLESS, credentials


@pytest.mark.parametrize(
    ("kind", "credential", "text"),
    [pytest.param(*case, id=f"{case[0]}-{number}") for number, case in enumerate(credentials())],
)
def test_it_finds_a_credential_whole(kind: str, credential: str, text: str) -> None:
    """Nothing of it stays, whatever stands around it."""
    found = [f for f in find_secrets(text) if credential in text[f.start : f.end]]

    assert [f.kind for f in found] == [kind]


def test_there_is_a_case_for_every_kind() -> None:
    """A rule without one would be a guess."""
    assert {kind for kind, _, _ in credentials()} == set(KINDS)


@pytest.mark.parametrize("text", HARMLESS)
def test_it_leaves_texts_about_credentials_alone(text: str) -> None:
    """Hashes, ids, placeholders, and sentences."""
    assert find_secrets(text) == []


def test_random_text_has_more_entropy_than_written_one() -> None:
    """Bits a character: none where all are one, four where sixteen differ."""
    assert entropy("aaaaaaaa") == 0
    assert entropy("0123456789abcdef") == 4
