"""A data scientist's loop, as typed: a task, a workflow with it, and a run of that workflow."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.local.cloud import Cloud, running
from tests.clouds import PROJECT
from tests.unit.cli.projects import copied, share_builds

INTERLOCK = str(Path(sys.executable).with_name("interlock"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in a project of one's own, which shares only what was downloaded and built."""
    with pytest.MonkeyPatch.context() as patch:
        folder = copied(tmp_path_factory.mktemp("project"), patch)
        state = share_builds(folder)
        yield folder
    for cloud in running(state):
        cloud.stop()


def typed(project: Path, *words: str, code: int = 0) -> str:
    """Type a command in a process of its own; return what it answered."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(PROJECT / ".interlock" / "jsii"),
    }
    done = subprocess.run(
        [INTERLOCK, *words],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout


def test_a_task_and_a_workflow_are_made_run_and_changed(project: Path) -> None:
    """A cloud is started, the run followed to its end, a changed prompt taken over."""
    typed(project, "tasks", "new", "rate_review")
    typed(project, "workflows", "new", "sort_reviews", "--task", "rate_review")

    first = json.loads(typed(project, "workflows", "run", "sort_reviews", "--json"))

    assert first["started_cloud"] is True
    assert first["run"]["status"] == "SUCCEEDED"
    assert first["run"]["output"]["answer"]["label"] == "good"
    [step] = first["run"]["steps"]
    system = project / "catalog" / "ai_tasks" / "rate_review" / "system.md"
    system.write_text(system.read_text() + "\nBe brief.\n")
    repeated = json.loads(typed(project, "workflows", "run", "sort_reviews", "--json"))
    assert (repeated["became"]["became"], repeated["started_cloud"]) == ("repeat", False)
    again = json.loads(typed(project, "workflows", "run", "sort_reviews", "--again", "--json"))
    assert again["run"]["run"] != first["run"]["run"]
    assert again["run"]["steps"][0]["version"] != step["version"]
    listed = json.loads(typed(project, "workflows", "list", "--deployed", "--json"))
    assert "sort_reviews" in [one["name"] for one in listed["workflows"]]
    refused = project / "refused.json"
    refused.write_text('{"id": 1}')
    became = json.loads(
        typed(
            project, "workflows", "run", "sort_reviews", "--event", str(refused), "--json", code=1
        )
    )
    assert became["became"]["became"] == "refused"
    assert Cloud.attach(project / ".interlock").id == first["cloud"]
