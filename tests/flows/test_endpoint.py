"""A model endpoint of one's own: the demo's tickets, answered by any provider that is named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.local.endpoint import Endpoint, EndpointMissing
from tests.clouds import PROJECT, STATE, model_provider

KEY = "local-planted-key"


def test_the_demo_asks_the_endpoint_that_is_named_with_its_key(tmp_path: Path):
    """The key opens it, and stands in nothing that was printed or written.

    Keys to AWS that the shell happens to hold change nothing: the demo is its own developer.
    """
    log = tmp_path / "provider.log"
    before = set(STATE.rglob("*"))
    with model_provider(log) as url:
        told = {**os.environ, "MODEL_URL": url, "MODEL": "loopback-1", "OPENAI_API_KEY": KEY}
        told |= {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "else"}
        done = subprocess.run(
            [sys.executable, "-m", "interlock.demo"],
            cwd=PROJECT,
            env=told,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "loopback-1" in done.stdout
    asked = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert {entry["authorization"] for entry in asked} == {f"Bearer {KEY}"}
    assert KEY not in done.stdout + done.stderr
    written = [p for p in set(STATE.rglob("*")) - before if p.is_file()]
    assert written
    assert [p for p in written if KEY.encode() in p.read_bytes()] == []


def test_an_address_without_a_model_is_refused():
    """And so is a model without an address; neither is no endpoint."""
    assert Endpoint.said({"OPENAI_API_KEY": KEY}) is None
    with pytest.raises(EndpointMissing, match="go together"):
        Endpoint.said({"MODEL_URL": "http://127.0.0.1:1/v1"})
    with pytest.raises(EndpointMissing, match="go together"):
        Endpoint.said({"MODEL": "m"})
    assert KEY not in repr(Endpoint("http://127.0.0.1:1/v1", "m", KEY))
