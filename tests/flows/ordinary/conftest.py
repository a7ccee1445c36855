"""The shipped templates, unchanged, with a CRM that can be asked to go wrong."""

import shutil
from collections.abc import Iterator

import pytest

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from tests.clouds import STATE, Desk, assembly
from tests.flows.everything import denied
from tests.listener import Listener


@pytest.fixture(scope="package")
def cloud() -> Iterator[Cloud]:
    with Cloud.start(assembly(), STATE, clock=Clock.leaping(), faults=True) as cloud:
        yield cloud
        assert denied(cloud) == [], "no role is short of a grant"
    shutil.rmtree(cloud.folder, ignore_errors=True)


@pytest.fixture(scope="package")
def desk(cloud: Cloud) -> Desk:
    return Desk(cloud)


@pytest.fixture(scope="package")
def bus(desk: Desk) -> Listener:
    return Listener(desk, "heard", {"source": ["interlock"]})
