"""A route of three targets: who serves when one is throttled, down, or may not have the data."""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from interlock.local.synth import synthesize
from tests.clouds import PRICED_TARGET, PROJECT, STATE, Desk, model_goes_wrong, model_provider
from tests.flows.everything import denied

ROUTES = """
[targets.first.pass_over]
failures = 1
seconds = 30

[routes]
default = ["first", "outside", "second"]
"""
DOWN = {"status": 503}


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    log = tmp_path_factory.mktemp("outside") / "asked.log"
    with model_provider() as first, model_provider() as second, model_provider(log) as outside:
        yield {"first": first, "second": second, "outside": outside, "log": log}


@pytest.fixture(scope="module")
def desk(providers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    catalog = tmp_path_factory.mktemp("company") / "catalog"
    shutil.copytree(PROJECT / "catalog", catalog)
    models = catalog / "models.toml"
    before, _, _ = models.read_text(encoding="utf-8").partition("[routes]")
    targets = [PRICED_TARGET.replace("loopback", name) for name in ("first", "outside", "second")]
    targets[1] = targets[1].replace('"personal"', '"internal"')
    models.write_text("\n".join([before, *targets, ROUTES]), encoding="utf-8")
    assembly = synthesize(PROJECT, context={"catalog_dir": str(catalog)})
    urls = {name: providers[name] for name in ("first", "outside", "second")}
    parameters = {"ModelBaseUrls": json.dumps(urls)}
    with Cloud.start(assembly, STATE, clock=Clock.leaping(), parameters=parameters) as cloud:
        yield Desk(cloud)
        assert denied(cloud) == [], "no role is short of a grant"
    shutil.rmtree(cloud.folder, ignore_errors=True)
    assert not providers["log"].exists(), "no task's personal data went to the third"


def served(desk: Desk, run: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (target, status) of the attempts of the run's first AI step, in order."""
    step = next(s for s in desk.steps(run["pk"]) if s["sk"].startswith("step#Classify"))
    tried = [step[name] for name in sorted(step) if name.startswith("attempt#")]
    return [(entry["facts"]["target"], entry.get("status", entry["mark"])) for entry in tried]


def test_a_throttled_target_is_left_to_the_next_by_everyone(desk: Desk, providers):
    """The first run finds out; the next does not ask. Later the first target serves again."""
    model_goes_wrong(providers["first"], {"status": 429, "retry_after": "3600"})

    runs = [desk.triaged("R-1"), desk.triaged("R-2")]
    desk.cloud.tick(3600)
    later = desk.triaged("R-3")

    assert [served(desk, run) for run in (*runs, later)] == [
        [("first", "throttled"), ("second", "answered")],
        [("second", "answered")],
        [("first", "answered")],
    ]
    assert {run["status"] for run in (*runs, later)} == {"SUCCEEDED"}


def test_a_failing_target_is_passed_over_and_probed_later(desk: Desk, providers):
    """One failure opens its circuit here; its probe closes it."""
    model_goes_wrong(providers["first"], DOWN)

    runs = [desk.triaged("R-4"), desk.triaged("R-5")]
    desk.cloud.tick(30)
    later = desk.triaged("R-6")

    assert [served(desk, run) for run in (*runs, later)] == [
        [("first", "unavailable"), ("second", "answered")],
        [("second", "answered")],
        [("first", "answered")],
    ]


def test_personal_data_goes_nowhere_else_even_if_all_who_may_have_it_are_down(
    desk: Desk, providers
):
    """The run ends with what was wrong with them; the third target was not asked."""
    for name in ("first", "second"):
        model_goes_wrong(providers[name], *[DOWN] * 5)

    run = desk.triaged("R-7")

    assert (run["status"], run["reason"]) == ("FAILED", "UNAVAILABLE")
    assert {target for target, _ in served(desk, run)} == {"first", "second"}
    assert not providers["log"].exists()
