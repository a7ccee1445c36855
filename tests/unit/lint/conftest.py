"""A copy of the repository's own declarations, to be broken."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project of its own: ours, at another place."""
    for folder in ("catalog", "statemachines"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copyfile(ROOT / "cdk.json", tmp_path / "cdk.json")
    return tmp_path
