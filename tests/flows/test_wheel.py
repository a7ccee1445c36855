"""A company's own repository: made, tested and synthesized by the built wheel alone."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.clouds import PROJECT
from tests.wheels import built, installed


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment that has the release."""
    folder = tmp_path_factory.mktemp("release")
    return installed(built(folder), folder / "venv")


def typed(folder: Path, *words: str) -> str:
    """Type a command in *folder*, as somebody who has no checkout; return what it answered."""
    dropped = ("PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")
    environment = {n: v for n, v in os.environ.items() if n not in dropped}
    environment["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] = str(PROJECT / ".interlock" / "jsii")
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def repository(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository in an empty folder, with the environment where `make setup` puts it."""
    folder = tmp_path_factory.mktemp("elsewhere") / "acme-workflows"
    typed(folder.parent, str(python.with_name("interlock")), "init", folder.name)
    (folder / ".venv").symlink_to(python.parents[1])
    (folder / ".venv" / ".ready").touch()
    return folder


def test_what_runs_there_is_the_release(repository: Path) -> None:
    """Nothing of this checkout is imported; the wheel lies beside what it made."""
    code = "import interlock, functions.core, infra; print(functions.__file__, infra.__file__)"

    shown = typed(repository, ".venv/bin/python", "-c", code)

    assert str(PROJECT) not in shown
    assert shown.count("interlock/_platform/") == 2
    [requirement, *_] = (repository / "requirements.txt").read_text().splitlines()
    assert (repository / requirement).is_file()


def test_its_make_test_passes(repository: Path) -> None:
    """Its declarations hold, and its task answers."""
    assert " passed" in typed(repository, "make", "test")


def test_its_stages_are_synthesized(repository: Path) -> None:
    """The platform's stacks and one for its workflow, with the settings of its own stage."""
    file = repository / "cdk.json"
    told = json.loads(file.read_text())
    told["context"]["stages"]["dev"] = {"alarm_address": "ops@example.com"}
    file.write_text(json.dumps(told))

    typed(repository, "make", "synth")

    templates = {path.name.split(".")[0] for path in (repository / "cdk.out").glob("*.template.*")}
    assert {f"interlock-dev-{n}" for n in ("data", "platform", "wf-rate-texts")} <= templates
    platform = (repository / "cdk.out" / "interlock-dev-platform.template.json").read_text()
    assert "ops@example.com" in platform
