"""A long text that was made to be slow takes no more than its length."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.core.domain.guards.injection.detector import look
from functions.core.domain.guards.personal.detector import PersonalData
from functions.core.domain.guards.secrets import find_secrets

LENGTH = 100_000
GUARDS = {"injection": look, "personal": PersonalData().find, "secrets": find_secrets}


@pytest.mark.parametrize("unit", ["a", "1l", "a@", "w!", "a ", "=-", "aé", "\u200ba"])
@pytest.mark.parametrize("guard", GUARDS.values(), ids=GUARDS)
def test_a_hostile_text_takes_no_more_than_its_length(
    guard: Callable[[str], Any], unit: str
) -> None:
    """Read in about as many steps as it is long; a quadratic guard would not end here."""
    text = unit * (LENGTH // len(unit))

    found = guard(text)

    assert not getattr(found, "hits", found)
