"""A company's own repository: what it declares, its checks, and how it is deployed."""

import json
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from functions.core.domain.definitions import parse_document
from interlock.places import CDK, PLATFORM, STATE
from interlock.scaffold import ai_task, workflow
from interlock.scaffold.text import as_json

TASK: Final = "rate_text"
WORKFLOW: Final = "rate_texts"
WORKFLOWS: Final = "workflows"
WHEELS: Final = "wheels"
_SHIPPED: Final = PLATFORM / "repository"
_SOURCE: Final = _SHIPPED if _SHIPPED.is_dir() else PLATFORM
"""Where the files lie that a repository begins with: in a release, or in our checkout."""
_COPIED: Final = (
    "catalog/models.toml",
    "catalog/budgets.toml",
    "catalog/policies/default.toml",
)

_MAKEFILE: Final = """\
# make test        what is declared holds, and each AI task answers
# make synth       the templates that cdk deploy would send, into cdk.out; STAGE=prod for others
# make up          a laptop cloud with them; interlock local down ends it

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= python3
export PATH := $(CURDIR)/$(BIN):$(PATH)
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1

$(READY): requirements.txt
\t@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
\t@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
\t@touch $@

.PHONY: setup
setup: $(READY)

.PHONY: test
test: $(READY)
\t@$(BIN)/interlock workflows validate
\t@$(BIN)/python -m pytest

.PHONY: synth
synth: $(READY)
\t@$(BIN)/python -m interlock.cdk_app $(if $(STAGE),-c stage=$(STAGE))

.PHONY: up
up: $(READY)
\t@$(BIN)/interlock local up
"""
_TESTS: Final = '''\
"""What is declared here holds, and every AI task answers its first case in the right form."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.places import Place, at

ROOT = Path(__file__).parents[1]
INTERLOCK = Path(sys.executable).with_name("interlock")


@pytest.fixture(scope="module")
def place() -> Place:
    return at(ROOT)


def test_everything_that_is_declared_holds(place: Place) -> None:
    """Files, schemas, samples and references, checked as at synthesis."""
    project = place.load()

    assert project.workflows


@pytest.mark.parametrize("task", sorted(path.name for path in ROOT.glob("catalog/ai_tasks/*")))
def test_a_task_answers_in_the_right_form(task: str) -> None:
    """On the model that its route names; nothing is recorded."""
    command = [str(INTERLOCK), "tasks", "try", task, "--json"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr or done.stdout
    assert json.loads(done.stdout)["outcome"] in ("SUCCEEDED", "REPAIRED")
'''
_PYPROJECT: Final = """\
[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = ["--import-mode=importlib", "--strict-markers", "--strict-config"]
"""
_CI: Final = """\
name: test
on: [push, pull_request]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      - run: make test
      - run: make synth
"""
_README: Final = """\
# {name}

AI workflows on Interlock, release {version}. Nothing of Interlock is copied here: a new release
is a line in `requirements.txt`.

    workflows/<name>/         state machines, with their contract, input schema and sample events
    catalog/                  AI tasks, model targets and routes, budgets, policies, systems
    cdk.json                  settings of the stages, under "context" and its "stages"
    tests/                    what is declared holds

    make test                 every check and test
    make synth                the templates, into cdk.out
    source .venv/bin/activate
    interlock tasks try {task}
    interlock workflows run {workflow}
    interlock doctor          whether a deployment will work

Deploy, once the account is bootstrapped (`npm install`, `npx cdk bootstrap`):

    npx cdk deploy --all
"""


def files(name: str, owner: str, team: str, requirement: str) -> dict[str, str]:
    """Return path -> text of a repository called *name*.

    Parameters
    ----------
    requirement
        The line by which pip finds this release.
    """
    told = {"name": name, "version": version("interlock"), "task": TASK, "workflow": WORKFLOW}
    texts = {
        "README.md": _README.format(**told),
        "Makefile": _MAKEFILE,
        "pyproject.toml": _PYPROJECT,
        "requirements.txt": f"{requirement}\npytest\n",
        "package.json": _package(name),
        CDK: _cdk(),
        ".gitignore": "\n".join((".venv/", f"{STATE}/", "cdk.out/", "node_modules/"))
        + "\n__pycache__/\n",
        ".github/workflows/test.yml": _CI,
        "tests/test_declarations.py": _TESTS,
        "catalog/systems/README.md": "A file for each system: its operations, their schemas.\n",
        **{path: (_SOURCE / path).read_text(encoding="utf-8") for path in _COPIED},
    }
    asked = ai_task.Asked(TASK, "", owner, team, "default", "default")
    task = ai_task.files(asked)
    for file, text in task.items():
        texts[f"catalog/ai_tasks/{TASK}/{file}"] = text
    case = json.loads(task["golden.jsonl"].splitlines()[0])["variables"]
    wanted = workflow.Asked(WORKFLOW, "", owner, team)
    for file, text in workflow.files(wanted, _read(task), case).items():
        texts[f"{WORKFLOWS}/{WORKFLOW}/{file}"] = text
    return texts


def _read(task: dict[str, str]) -> Any:
    """Return the task whose files were just written, as a document."""
    import tomllib

    parts = {
        "system": task["system.md"],
        "user": task["user.md"],
        "output_schema": json.loads(task["output.schema.json"]),
        "variables_schema": json.loads(task["variables.schema.json"]),
    }
    return parse_document("ai_task", {**tomllib.loads(task["task.toml"]), **parts})


def _cdk() -> str:
    told = json.loads((_SOURCE / CDK).read_text(encoding="utf-8"))
    told["app"] = ".venv/bin/python -m interlock.cdk_app"
    told["watch"] = {"include": ["catalog/**", f"{WORKFLOWS}/**"], "exclude": []}
    own = {
        "workflows_dir": WORKFLOWS,
        "system_base_urls": {},
        "stages": {"dev": {}, "prod": {}},
    }
    told["context"] = {**own, **told["context"]}
    return as_json(told)


def _package(name: str) -> str:
    told = json.loads((_SOURCE / "package.json").read_text(encoding="utf-8"))
    return as_json({**told, "name": name})


def installed_wheel() -> Path | None:
    """Return the wheel file that this release was installed from, if it is still there."""
    text = distribution("interlock").read_text("direct_url.json")
    address = json.loads(text)["url"] if text else ""
    file = Path(unquote(urlsplit(address).path))
    return (
        file if address.startswith("file:") and file.suffix == ".whl" and file.is_file() else None
    )


def requirement(wheel: Path | None) -> str:
    """Return pip's line for this release: the wheel that lies in the repository, else its pin."""
    return f"./{WHEELS}/{wheel.name}" if wheel else f"interlock=={version('interlock')}"
