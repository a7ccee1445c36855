"""The shipped templates, unchanged; time passes only where a test lets it."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from tests.clouds import STATE, Desk, assembly
from tests.flows.approvers import LEADS, Person
from tests.listener import Listener


@pytest.fixture(scope="package")
def cloud() -> Iterator[Cloud]:
    with Cloud.start(assembly(), STATE, clock=Clock.ticking(), faults=True) as cloud:
        yield cloud
    shutil.rmtree(cloud.folder, ignore_errors=True)


@pytest.fixture(scope="package")
def desk(cloud: Cloud) -> Desk:
    return Desk(cloud)


@pytest.fixture(scope="package")
def bus(desk: Desk) -> Listener:
    return Listener(desk, "approvals", {"source": ["interlock"]})


@pytest.fixture
def lead(desk: Desk) -> Callable[[str], Person]:
    """Return a lead of support by name."""
    return lambda name: Person(desk, name, *LEADS)
