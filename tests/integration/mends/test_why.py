"""Each mend is still needed: unmended moto shows the behaviour that its docstring names."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.local import mends


def _all() -> dict[str, object]:
    found = {}
    for info in pkgutil.walk_packages(mends.__path__, "interlock.local.mends."):
        module = importlib.import_module(info.name)
        for name, function in vars(module).items():
            if name.startswith("mend_") and function.__module__ == info.name:
                found[f"{info.name.rsplit('.', 1)[1]}__{name}"] = function
    return found


MENDS = _all()


@pytest.fixture(scope="module")
def plain() -> dict[str, object]:
    """Run the probes in a process without any mend."""
    program = Path(__file__).with_name("plain_moto.py")
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", sorted(MENDS))
def test_moto_still_needs(name, plain):
    """A False means that a new moto made this mend unnecessary: take it out."""
    assert True is plain.get(name), f"{name}: {inspect.getdoc(MENDS[name])}"


@pytest.mark.parametrize("name", sorted(MENDS))
def test_a_mend_says_which_behaviour_makes_it_necessary(name):
    function = MENDS[name]
    text = f"{inspect.getdoc(function)} {inspect.getmodule(function).__doc__}"

    assert "5.2.5" in text or "jsonata-python" in text


def test_no_probe_is_left_without_a_mend(plain):
    assert set(plain) == set(MENDS)


def test_applying_twice_is_applying_once(cloud):
    from moto.dynamodb.models import DynamoDBBackend

    from interlock.local.clock import Clock
    from interlock.local.mends.patching import Wiring

    before = DynamoDBBackend.update_item
    mends.apply(endpoint=Wiring.endpoint, clock=Clock.scaled(100), invoke=Wiring.invoke)

    assert before is DynamoDBBackend.update_item
