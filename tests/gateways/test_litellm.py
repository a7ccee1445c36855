"""LiteLLM's OpenAI-compatible path is an ordinary target: its proxy runs here, our model behind it.

`GATEWAYS_VENV` names the environment that `requirements/gateways.lock` was installed into.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.domain.targets import Models
from interlock.definitions.project import Project, load_project
from interlock.model_access import Clients
from interlock.trying import Trial, Tried, compiled
from tests.clouds import PROJECT, model_goes_wrong, model_provider

TASK = "classify_ticket"
NAME = "gateway"
MASTER_KEY = "-".join(("sk", secrets.token_hex(12)))
START_SECONDS = 120

pytestmark = pytest.mark.skipif(
    "GATEWAYS_VENV" not in os.environ, reason="make test-gateways makes the gateway's environment"
)


@contextmanager
def rehearsal_model() -> Iterator[str]:
    """Run the lexical model behind its OpenAI-compatible address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "interlock.local.companions.model", "--catalog", "catalog"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def vendor() -> Iterator[str]:
    with model_provider() as url:
        yield url


@pytest.fixture(scope="module")
def gateway(vendor: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the proxy, with two models behind it; yield its base URL."""
    folder = tmp_path_factory.mktemp("litellm")
    with rehearsal_model() as model, socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
        place.close()
        config = folder / "config.json"  # JSON is YAML
        config.write_text(json.dumps(_config(model, vendor)), encoding="utf-8")
        program = Path(os.environ["GATEWAYS_VENV"]).resolve() / "bin" / "litellm"
        given = {
            "PATH": f"{program.parent}{os.pathsep}{os.defpath}",
            "HOME": str(folder),
            "LITELLM_MASTER_KEY": MASTER_KEY,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_TELEMETRY": "False",
        }
        words = ["--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [program, *words], env=given, cwd=folder, stdout=log, stderr=subprocess.STDOUT
            )
            try:
                url = f"http://127.0.0.1:{port}"
                _wait_for(url, process, folder / "log")
                yield f"{url}/v1"
            finally:
                process.terminate()
                process.wait(20)


def _config(model: str, vendor: str) -> dict[str, Any]:
    def behind(name: str, base: str) -> dict[str, Any]:
        told = {"model": f"openai/{name}", "api_base": base, "api_key": "none", "max_retries": 0}
        return {"model_name": name, "litellm_params": told}

    return {
        "model_list": [behind("rehearsal", model), behind("loopback", vendor)],
        "litellm_settings": {"num_retries": 0},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
    }


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{url}/health/liveliness", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.25)
    pytest.fail(log.read_text(encoding="utf-8")[-3000:], pytrace=False)


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(PROJECT)


def tried(project: Project, url: str, model: str, monkeypatch: Any, key: str = MASTER_KEY) -> Tried:
    """Try the task's first golden case on *model* behind the gateway, as a target declares it."""
    monkeypatch.setenv("GATEWAY_API_KEY", key)
    inside = project.models.targets["embedded_lexical_1"].model_dump(mode="json")
    target = inside | {"dialect": "openai_chat", "model": model, "secret": "gateway"}
    models = Models.model_validate({"targets": {NAME: target}, "routes": {"default": [NAME]}})
    task = project.ai_tasks[TASK]
    documents = compiled(task, models, project.budgets, project.policies[task.policy])
    with Clients({NAME: url}) as clients:
        return Trial(documents, TASK, clients).of(project.golden[TASK][0]["variables"])


def test_a_task_is_answered_behind_the_gateway(project, gateway, monkeypatch) -> None:
    """The same task, unchanged: its schema arrives, its answer holds, and usage is read."""
    found = tried(project, gateway, "rehearsal", monkeypatch)

    [attempt] = found.attempts
    assert (found.outcome, attempt.status, attempt.verdict) == ("SUCCEEDED", "answered", "accepted")
    assert found.answer["category"] == project.golden[TASK][0]["output"]["category"]
    assert attempt.input_tokens > 0
    assert attempt.output_tokens > 0


def test_a_throttle_behind_the_gateway_is_a_wait(project, gateway, vendor, monkeypatch) -> None:
    """What the vendor says comes through, and no call is made twice behind our back."""
    model_goes_wrong(vendor, {"status": 429, "retry_after": "7"})
    found = tried(project, gateway, "loopback", monkeypatch)
    model_goes_wrong(vendor)

    assert [attempt.status for attempt in found.attempts] == ["throttled"]


@pytest.mark.parametrize(
    ("model", "key"),
    [("nobody", MASTER_KEY), ("rehearsal", "-".join(("sk", "wrong")))],
    ids=["no such model", "wrong key"],
)
def test_what_the_gateway_refuses_is_refused(project, gateway, model, key, monkeypatch) -> None:
    """An unknown model and a wrong key are errors of the gateway's own; no wait cures them."""
    found = tried(project, gateway, model, monkeypatch, key)

    assert {attempt.status for attempt in found.attempts} == {"rejected"}
    assert found.outcome == "FAILED"
