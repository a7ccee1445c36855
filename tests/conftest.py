"""Which tests share a worker: those that share something expensive.

A scheduler of our own, since pytest-xdist 3.8 writes the group of a test into an attribute that
pytest 9.2 does not read any more: `--dist loadgroup` alone scatters every group.
"""

from typing import Any

import pytest

TOGETHER = (
    "tests/flows/approvals/",
    "tests/flows/examples/",
    "tests/flows/ordinary/",
    "tests/flows/priced/",
    "tests/infra/",
)
"""Folders whose tests share a cloud, or a synthesis."""
BY_FILE = ("tests/flows/", "tests/integration/", "tests/store/", "tests/bench/")
"""Folders in which each file has fixtures of its own that take seconds."""


def scope_of(nodeid: str) -> str:
    """Return what a test is scheduled with: its folder, its file, or nothing but itself."""
    for folder in TOGETHER:
        if nodeid.startswith(folder):
            return folder
    if nodeid.startswith(BY_FILE):
        return nodeid.partition("::")[0]
    return nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class BySharedFixtures(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    return BySharedFixtures(config, log) if config.getvalue("dist") == "loadgroup" else None
