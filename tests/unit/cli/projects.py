"""A project of one's own to stand in: a copy of ours, or an empty one."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy what the project declares to *folder*, and go there."""
    for name in ("catalog", "statemachines"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copyfile(ROOT / "cdk.json", folder / "cdk.json")
    monkeypatch.chdir(folder)
    return folder
