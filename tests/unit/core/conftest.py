"""A fresh stage for each test."""

import pytest

from tests.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """All services over fakes and a store in memory; the catalog is published."""
    return Stage()
