"""Every flow starts a cloud; tests/conftest.py says which of them share one."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


@pytest.fixture(autouse=True)
def _no_keys_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a shell, or a mocked AWS that other tests of this worker hold, left there."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).is_relative_to(HERE):
            item.add_marker(pytest.mark.cloud)
