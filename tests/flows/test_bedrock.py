"""The shipped AI tasks, unchanged, on Bedrock's contract: prod's route, at a loopback address."""

import json
import shutil
from collections.abc import Iterator

import pytest

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from interlock.local.synth import synthesize
from tests.clouds import PROJECT, STATE, Desk, model_provider
from tests.flows.everything import denied
from tests.flows.priced.test_models import WRONG, require_named_outcome

TARGET = "bedrock_nova_lite"


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with model_provider() as url:
        yield url


@pytest.fixture(scope="module")
def desk(model: str) -> Iterator[Desk]:
    assembly = synthesize(PROJECT, context={"routes": json.dumps({"default": [TARGET]})})
    address = json.dumps({TARGET: model.removesuffix("/v1")})
    parameters = {"ModelBaseUrls": address}
    with Cloud.start(assembly, STATE, clock=Clock.leaping(), parameters=parameters) as cloud:
        yield Desk(cloud)
        assert denied(cloud) == [], "no role is short of a grant"
    shutil.rmtree(cloud.folder, ignore_errors=True)


def test_a_ticket_is_triaged_by_a_model_on_bedrock(desk: Desk):
    """Signed as the function's own role; the record says which target, and what it cost."""
    run = desk.triaged("B-1")

    step = next(s for s in desk.steps(run["pk"]) if s["sk"].startswith("step#Classify"))
    [attempt] = [entry for name, entry in step.items() if name.startswith("attempt#")]
    assert (run["status"], step["outcome"]) == ("SUCCEEDED", "SUCCEEDED")
    assert attempt["facts"]["target"] == TARGET
    assert attempt["input_tokens"] > 0
    assert float(attempt["usd"]) > 0


@pytest.mark.parametrize("what", WRONG)
def test_it_ends_as_on_every_other_dialect_when_it_is_wrong(desk: Desk, model: str, what: str):
    """The outcomes are those of the table for the OpenAI-compatible target."""
    require_named_outcome(desk, model, what)
