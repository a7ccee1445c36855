"""One worker a cloud: all tests of a folder share the cloud of that folder."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        path = Path(item.path)
        if path.is_relative_to(HERE):
            group = path.parent.name if path.parent != HERE else path.stem
            item.add_marker(pytest.mark.xdist_group(f"flows-{group}"))
            item.add_marker(pytest.mark.cloud)
