"""Templates whose model costs money, and a CRM behind a gate; both can go wrong on request."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from tests.clouds import STATE, Desk, model_provider, priced_assembly, priced_parameters
from tests.flows.everything import denied
from tests.gate import Gate


@pytest.fixture(scope="package")
def provider_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the provider itself keeps one line a request."""
    return tmp_path_factory.mktemp("provider") / "requests.jsonl"


@pytest.fixture(scope="package")
def model(provider_log: Path) -> Iterator[str]:
    with model_provider(provider_log) as url:
        yield url


@pytest.fixture(scope="package")
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.close()


@pytest.fixture(scope="package")
def cloud(model: str, gate: Gate) -> Iterator[Cloud]:
    parameters = {**priced_parameters(model), "SystemBaseUrls": json.dumps({"crm": gate.url})}
    clock = Clock.leaping()
    with Cloud.start(
        priced_assembly(), STATE, clock=clock, parameters=parameters, faults=True
    ) as cloud:
        gate.lead_to(cloud.companion("crm"))
        yield cloud
        assert denied(cloud) == [], "no role is short of a grant"
    shutil.rmtree(cloud.folder, ignore_errors=True)


@pytest.fixture(scope="package")
def desk(cloud: Cloud) -> Desk:
    return Desk(cloud)
