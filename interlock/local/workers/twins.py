"""Twins of layers: the same lock, installed for this machine's interpreter, once."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from uv import find_uv_bin


class NoTwin(Exception):
    """A layer can't be rebuilt for this machine."""


def twin(lock: Path, cache: Path) -> Path:
    """Install what `lock` pins and return the folder.

    Parameters
    ----------
    lock
        A requirements file with hashes.
    cache
        Where twins are kept, by the hash of their lock and of the interpreter.

    Raises
    ------
    NoTwin
        uv could not install it.
    """
    key = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:20]
    target = cache / key
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=cache))
    command = [
        *(find_uv_bin(), "pip", "install", "--quiet", "--python", sys.executable),
        *("--require-hashes", "--no-deps", "--compile-bytecode", "--link-mode", "hardlink"),
        *("--target", str(partial), "-r", str(lock)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(partial, ignore_errors=True)
        raise NoTwin(f"{lock}: {done.stderr.strip()}")
    try:
        partial.rename(target)
    except OSError:  # another cloud was faster
        shutil.rmtree(partial, ignore_errors=True)
        if not target.is_dir():
            raise
    return target


def layer_twin(asset: Path, cache: Path) -> Path:
    """Return the twin of a layer asset.

    Raises
    ------
    NoTwin
        The asset carries no ``requirements.txt``, so nothing says what it was built from.
    """
    lock = asset / "requirements.txt"
    if lock.is_file():
        return twin(lock, cache)
    folder = asset / "python"
    if folder.is_dir() and not any(folder.rglob("*.so")):
        return folder  # pure Python runs anywhere
    raise NoTwin(
        f"{asset.name}: a layer with compiled code needs its lock as requirements.txt inside"
    )
