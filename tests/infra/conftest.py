"""Each stage is synthesized once a session, from the real project, nothing bundled."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from functions.core.domain.triggers import RuleTrigger, ScheduleTrigger
from infra.app import build, make_app
from interlock.definitions.project import Project, load_project
from tests.infra.assembly import Assembly

ROOT = Path(__file__).parents[2]
UNBUNDLED = {"aws:cdk:bundling-stacks": []}

Synthesize = Callable[..., Assembly]


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory) -> Synthesize:
    def run(root: Path = ROOT, project: Project | None = None, **context: object) -> Assembly:
        folder = tmp_path_factory.mktemp("assembly")
        app = make_app(root, folder, {**UNBUNDLED, **context})
        build(app, root, project)
        app.synth()
        return Assembly(folder)

    return run


@pytest.fixture(scope="session")
def project() -> Project:
    """Return the real project and a workflow `nightly` with each kind of trigger."""
    real = load_project(ROOT)
    triage = real.workflow("triage_ticket")
    triggers = (
        RuleTrigger(
            kind="rule",
            source=("erp",),
            detail_type=("Invoice Paid",),
            detail={"amount": [{"numeric": [">", 100]}]},
        ),
        ScheduleTrigger(
            kind="schedule",
            expression="cron(0 7 ? * MON-FRI *)",
            timezone="Europe/Berlin",
            input={"scope": "tägliche Prüfung"},
        ),
    )
    definition = triage.definition.model_copy(update={"name": "nightly", "triggers": triggers})
    nightly = replace(triage, name="nightly", definition=definition)
    return replace(real, workflows=(*real.workflows, nightly))


@pytest.fixture(scope="session")
def dev(synthesize: Synthesize, project: Project) -> Assembly:
    return synthesize(project=project, stage="dev")


@pytest.fixture(scope="session")
def prod(synthesize: Synthesize, project: Project) -> Assembly:
    return synthesize(project=project, stage="prod", alarm_address="ops@example.com")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Copy what the templates are made from to another place, at another time."""
    target = tmp_path / "elsewhere" / "clone"
    for folder in ("functions", "statemachines", "catalog", "requirements"):
        shutil.copytree(
            ROOT / folder,
            target / folder,
            ignore=shutil.ignore_patterns("__pycache__"),
            copy_function=shutil.copyfile,
        )
    shutil.copyfile(ROOT / "cdk.json", target / "cdk.json")
    return target
