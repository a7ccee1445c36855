"""The pages' `console` commands, typed as they stand, in a repository made by `interlock init`."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.local.cloud import running
from tests.clouds import PROJECT
from tests.unit.cli.projects import share_builds

PAGES = (
    "write-an-ai-task",
    "write-a-workflow",
    "budgets",
    "policies",
    "deploying",
    "upgrading",
    "removing",
)
"""In the order in which somebody reads them: each goes on where the one before ended."""
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(
    r"^`((?:shop|catalog/ai_tasks/sort_claim)/[^`]+)`\n\n```\w+\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
BIN = Path(sys.executable).parent


def commands(page: str) -> list[str]:
    """Return what a page tells to type, in order."""
    blocks = CONSOLE.findall((PROJECT / "docs" / f"{page}.md").read_text(encoding="utf-8"))
    lines = [line for block in blocks for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines), f"{page}: each line begins with $"
    return [line[2:] for line in lines]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in a repository of one's own, which shares only what was downloaded and built."""
    folder = tmp_path_factory.mktemp("docs") / "repository"
    typed(folder.parent, "interlock init repository --owner docs@example.com")
    state = share_builds(folder)
    yield folder
    for cloud in running(state):
        cloud.stop()


def typed(folder: Path, command: str) -> None:
    """Type *command*; it has to succeed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(PROJECT / ".interlock" / "jsii"),
        "EDITOR": "false",
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_tells_to_type_works(page: str, repository: Path) -> None:
    """Every command of it, in its order, on a laptop cloud."""
    text = (PROJECT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    for name, content in FILE.findall(text):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(content, encoding="utf-8")
    told = commands(page)

    for command in told:
        typed(repository, command)

    assert told
