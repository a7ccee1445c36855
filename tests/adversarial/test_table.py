"""Every attack of the table ends as the table says."""

import pytest

from tests.adversarial.plays import played
from tests.adversarial.rows import Row, rows


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_an_attack_ends_as_the_table_says(row: Row) -> None:
    """With the named verdict, and with nothing else changed."""
    assert played(row) == row.verdict


def test_the_table_is_large_and_says_each_thing_once() -> None:
    """Names are what the generated page refers to."""
    names = [row.name for row in rows()]

    assert len(names) == len(set(names))
    assert len(names) >= 60
