"""The four walks of docs/first-ten-minutes.md, typed in a copy of the repository."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.local.cloud import running
from tests.newcomers.walks import ROOT, Walk, said, walk, walks
from tests.unit.cli.projects import share_builds

WALKS = walks()
TOLD = {
    "A platform engineer": ("a stage that does nothing costs about $", "to be mended first"),
    "A data scientist": ('"days_late": 12', "as golden.jsonl expects"),
    "An approver": ("approved by", "refund=80.00", "SUCCEEDED"),
    "An auditor": ("task=classify_ticket", "approved_in=AskPerson", "ok  triage_ticket-"),
}
"""What whoever walked wanted to know, by walk."""
FEW = 5
"""Commands from a fresh clone to an own task's answer, `make setup` and `source` included."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Copy what git knows, as a clone would; what was downloaded and built is shared."""
    folder = tmp_path_factory.mktemp("newcomers") / "interlock"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    for name in filter(lambda name: (ROOT / name).is_file(), listed):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    state = share_builds(folder)
    yield folder
    for cloud in running(state):
        cloud.stop()


@pytest.mark.parametrize("one", WALKS, ids=lambda one: one.who)
def test_a_newcomer_gets_there(one: Walk, clone: Path) -> None:
    """By the page's commands alone, and is told what they came for."""
    output = ""
    for typed in walk(one, clone, clone / ".venv" / "bin"):
        output += said(typed)
        assert typed.good, output

    assert [text for text in TOLD[one.who] if text not in output] == [], output


def test_a_data_scientist_types_five_commands_at_most() -> None:
    """From the clone to the answer."""
    [one] = [one for one in WALKS if one.who == "A data scientist"]

    assert 2 + len(one.commands) <= FEW
