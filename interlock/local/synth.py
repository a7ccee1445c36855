"""Synthesizes the infrastructure once for each state of its inputs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import interlock.definitions
import interlock.lint
from interlock import places
from interlock.files import link_or_copy

#: What a synthesized template depends on, beside what the project declares.
_FOLDERS = ("infra", "functions", "statemachines/platform", "requirements")
_IGNORED = {"__pycache__", ".mypy_cache", ".ruff_cache"}


class SynthFailed(Exception):
    """The infrastructure could not be synthesized; the message is what it said."""


def synthesize(
    project: Path,
    *,
    stage: str = "dev",
    state: Path | None = None,
    context: Mapping[str, str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Return the folder of the cloud assembly of what `project` contains now.

    Parameters
    ----------
    project
        The folder with ``cdk.json``: our checkout, or a company's own.
    stage
        The stage to synthesize.
    state
        Where assemblies are kept, each under the hash of its inputs; ``.interlock`` by default.
    context
        CDK context, as `-c` would give it; `catalog_dir` and `workflows_dir` are inputs too.
    progress
        Told when a synthesis runs; it takes some seconds.

    Raises
    ------
    SynthFailed
        The infrastructure refused, or CDK failed.
    """
    cache = (state or project / ".interlock") / "synth"
    given = {"stage": stage, **(context or {})}
    target = cache / inputs_hash(project, given)
    if (target / "manifest.json").is_file():
        return target
    progress("synthesize the templates")
    cache.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=cache))
    try:
        _lend_layers(cache, partial)
        _run(project, given, partial)
        partial.rename(target)
    except OSError:  # another synthesis of the same inputs was faster
        if not (target / "manifest.json").is_file():
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _lend_layers(cache: Path, target: Path) -> None:
    """Put the layers of earlier assemblies where CDK looks for those that are bundled already.

    Their folders are named by the hash of all that decides what is in them; one that is not
    wanted any more only lies there.
    """
    folder = places.PLATFORM / "requirements"
    wanted = {(folder / f"{name}.lock").read_bytes() for name in ("layer", "guards")}
    for requirements in sorted(cache.glob("*/asset.*/requirements.txt")):
        layer = requirements.parent
        whole = (layer.parent / "manifest.json").is_file()
        if whole and (lock := requirements.read_bytes()) in wanted:
            shutil.copytree(layer, target / layer.name, copy_function=link_or_copy)
            wanted.remove(lock)


def inputs_hash(project: Path, context: Mapping[str, str]) -> str:
    """Return the hash of everything that a template is made of."""
    digest = hashlib.sha256(f"{sorted(context.items())}\0{sys.version}\0".encode())
    for path in sorted(_inputs(project, context)):
        digest.update(f"{path}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]


def _inputs(project: Path, context: Mapping[str, str]) -> Iterator[Path]:
    place = places.at(project)
    yield project / places.CDK
    own = [project / context[name] for name in ("catalog_dir", "workflows_dir") if name in context]
    platform = [places.PLATFORM / name for name in _FOLDERS]
    checks = [Path(*part.__path__) for part in (interlock.definitions, interlock.lint)]
    for folder in (*platform, *checks, place.catalog, place.workflows, *own):
        for path in folder.rglob("*"):
            if path.is_file() and not _IGNORED.intersection(path.parts):
                yield path


def _run(project: Path, context: Mapping[str, str], target: Path) -> None:
    tools = Path(sys.executable).parent
    environment = {
        **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        "PATH": os.pathsep.join((str(tools), os.environ.get("PATH", os.defpath))),
        "CDK_OUTDIR": str(target),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "interlock.cdk_app", *(f"-c{k}={v}" for k, v in context.items())],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SynthFailed((done.stderr or done.stdout).strip())
