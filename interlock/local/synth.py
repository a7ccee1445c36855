"""Synthesizes the infrastructure once for each state of its inputs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

#: What a synthesized template may depend on, beside the settings of a company's own folders.
_FOLDERS = ("infra", "functions", "statemachines", "catalog", "interlock/definitions")
_FILES = ("cdk.json", "requirements/layer.lock", "requirements/dev.lock")
_IGNORED = {"__pycache__", ".mypy_cache", ".ruff_cache"}


class SynthFailed(Exception):
    """The infrastructure could not be synthesized; the message is what it said."""


def synthesize(
    project: Path,
    *,
    stage: str = "dev",
    state: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Return the folder of the cloud assembly of what `project` contains now.

    Parameters
    ----------
    project
        The checkout, with ``infra/``.
    stage
        The stage to synthesize.
    state
        Where assemblies are kept, each under the hash of its inputs; ``.interlock`` by default.
    progress
        Told when a synthesis runs; it takes some seconds.

    Raises
    ------
    SynthFailed
        The infrastructure refused, or CDK failed.
    """
    cache = (state or project / ".interlock") / "synth"
    target = cache / inputs_hash(project, stage)
    if (target / "manifest.json").is_file():
        return target
    progress("synthesize the templates")
    cache.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=cache))
    try:
        _run(project, stage, partial)
        partial.rename(target)
    except OSError:  # another synthesis of the same inputs was faster
        if not (target / "manifest.json").is_file():
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def inputs_hash(project: Path, stage: str) -> str:
    """Return the hash of everything that a template is made of."""
    digest = hashlib.sha256(f"{stage}\0{sys.version}\0".encode())
    for path in sorted(_inputs(project)):
        digest.update(f"{path.relative_to(project)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]


def _inputs(project: Path) -> Iterator[Path]:
    for name in _FILES:
        if (project / name).is_file():
            yield project / name
    for folder in _FOLDERS:
        for path in (project / folder).rglob("*"):
            if path.is_file() and not _IGNORED.intersection(path.parts):
                yield path


def _run(project: Path, stage: str, target: Path) -> None:
    tools = Path(sys.executable).parent
    environment = {
        **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        "PATH": os.pathsep.join((str(tools), os.environ.get("PATH", os.defpath))),
        "CDK_OUTDIR": str(target),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "infra.app", "-c", f"stage={stage}"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SynthFailed((done.stderr or done.stdout).strip())
