"""The pages' `console` commands, typed as they stand, in a repository made by `interlock init`.

What a page of `HELD` shows right after them as `text` has to be printed, line by line, in that
order; `…` stands for what differs from one machine to the next.
"""

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
    "control-layers",
    "budgets",
    "policies",
    "deploying",
    "upgrading",
    "removing",
)
"""In the order in which somebody reads them: each goes on where the one before ended."""
HELD = ("control-layers",)
"""Pages that show what is printed as it is; the others show what it may look like."""
CONSOLE = re.compile(
    r"^```console\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)
FILE = re.compile(
    r"^`((?:shop|catalog/ai_tasks/sort_claim|catalog/policies)/[^`]+)`\n\n```\w+\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
BIN = Path(sys.executable).parent


def blocks(page: str) -> list[tuple[list[str], list[str]]]:
    """Return what a page tells to type, in order, each part with what it says is printed then."""
    found = CONSOLE.findall((PROJECT / "docs" / f"{page}.md").read_text(encoding="utf-8"))
    lines = [line for told, _ in found for line in told.splitlines()]
    assert all(line.startswith("$ ") for line in lines), f"{page}: each line begins with $"
    return [([line[2:] for line in told.splitlines()], said.splitlines()) for told, said in found]


def missing(said: list[str], printed: str) -> list[str]:
    """Return which lines of a page were not printed, in that order."""
    lines, lacking = iter(printed.splitlines()), []
    for one in said:
        wanted = re.compile(".*".join(map(re.escape, one.rstrip().split("…"))) + r"\s*")
        if not any(wanted.fullmatch(line) for line in lines):
            lacking.append(one)
    return lacking


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in a repository of one's own, which shares only what was downloaded and built."""
    folder = tmp_path_factory.mktemp("docs") / "repository"
    typed(folder.parent, "interlock init repository --owner docs@example.com")
    state = share_builds(folder)
    yield folder
    for cloud in running(state):
        cloud.stop()


def typed(folder: Path, command: str) -> str:
    """Type *command*; it has to succeed. Return what it printed."""
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
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_tells_to_type_works(page: str, repository: Path) -> None:
    """Every command of it, in its order, on a laptop cloud."""
    text = (PROJECT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    for name, content in FILE.findall(text):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(content, encoding="utf-8")
    told = blocks(page)

    for block, said in told:
        printed = "".join(typed(repository, command) for command in block)
        assert page not in HELD or missing(said, printed) == [], printed

    assert told
