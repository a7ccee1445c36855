"""A release as `pip install` gets it: the built wheel, and an environment that has it alone."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).parents[1]


def built(folder: Path, target: str = "wheel") -> Path:
    """Build the wheel into *folder*; return it."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def installed(wheel: Path, folder: Path) -> Path:
    """Install *wheel* into a new environment in *folder*; return its interpreter.

    What others made is borrowed from our own environment, by its place alone: the `.pth` file by
    which our checkout is importable there is not read.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    command = [find_uv_bin(), "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*command, "--python", str(python), str(wheel)], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return python
