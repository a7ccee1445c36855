"""A whole small project on disk, to be broken in one place at a time."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the repository's own declarations, and an external workflow."""
    shutil.copytree(ROOT / "catalog", tmp_path / "catalog")
    workflows = tmp_path / "statemachines" / "workflows"
    shutil.copytree(
        ROOT / "statemachines" / "workflows" / "triage_ticket", workflows / "triage_ticket"
    )
    examples = ROOT / "examples"
    task = Path("catalog") / "ai_tasks" / "sort_product"
    shutil.copytree(examples / task, tmp_path / task)
    shutil.copytree(examples / "workflows" / "sort_product", workflows / "sort_product")
    return tmp_path
