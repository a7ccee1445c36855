"""A whole small project on disk, to be broken in one place at a time."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the repository's own declarations."""
    shutil.copytree(ROOT / "catalog", tmp_path / "catalog")
    workflows = tmp_path / "statemachines" / "workflows"
    shutil.copytree(
        ROOT / "statemachines" / "workflows" / "triage_ticket", workflows / "triage_ticket"
    )
    return tmp_path
