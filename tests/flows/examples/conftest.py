"""The external workflows of the examples, on a model that costs money."""

import shutil
from collections.abc import Iterator

import pytest

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from tests.clouds import STATE, Desk, model_provider, priced_assembly, priced_parameters
from tests.flows.everything import denied
from tests.flows.outsiders import Outsider


@pytest.fixture(scope="package")
def model() -> Iterator[str]:
    with model_provider() as url:
        yield url


@pytest.fixture(scope="package")
def cloud(model: str) -> Iterator[Cloud]:
    parameters = priced_parameters(model)
    clock = Clock.leaping()
    assembly = priced_assembly(["sort_product", "judge_review", "sort_document"])
    with Cloud.start(assembly, STATE, clock=clock, parameters=parameters, faults=True) as cloud:
        yield cloud
        ours = [one for one in denied(cloud) if "role/stranger" not in str(one)]
        assert ours == [], "no role is short of a grant"
    shutil.rmtree(cloud.folder, ignore_errors=True)


@pytest.fixture(scope="package")
def desk(cloud: Cloud) -> Desk:
    return Desk(cloud)


@pytest.fixture(scope="package")
def outsider(desk: Desk) -> Outsider:
    """Return a team with a queue and a role of its own, which carries the caller policy."""
    return Outsider(desk)
