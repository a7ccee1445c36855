"""A project of one's own to stand in: a copy of ours, or an empty one."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def share_builds(folder: Path) -> Path:
    """Let laptop clouds of the project in *folder* borrow what ours have built; return its state.

    What they keep of their own stays in the folder.
    """
    from tests.clouds import STATE, assembly

    state = folder / ".interlock"
    (state / "synth").mkdir(parents=True)
    (state / "clouds").mkdir()  # else a command finds what other tests run in our own project
    (STATE / "layers").mkdir(parents=True, exist_ok=True)
    (state / "layers").symlink_to(STATE / "layers")
    (state / "synth" / assembly().name).symlink_to(assembly())
    return state


def copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy what the project declares to *folder*, and go there."""
    for name in ("catalog", "statemachines"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copyfile(ROOT / "cdk.json", folder / "cdk.json")
    monkeypatch.chdir(folder)
    return folder
