"""Lambda packages without Docker: the arm64 layers, built by uv, and each function's code.

Both hashes are made of what goes in (a lock file, sources), not of what a machine happens to
build from it: two clones agree on them, whatever their paths, file times and umasks.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from interlock.files import link_or_copy

PYTHON: Final = "3.13"
RUNTIME: Final = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE: Final = lambda_.Architecture.ARM_64
PLATFORM: Final = "aarch64-manylinux_2_28"
"""The Lambda runtime's glibc is 2.34 (Amazon Linux 2023); older wheels fit this tag too."""
BUILDER: Final = "2"
"""Raise it when the same lock file comes to give another layer."""
LOCK: Final = Path("requirements/layer.lock")
GUARDS_LOCK: Final = Path("requirements/guards.lock")
"""What only the functions carry that look for personal data."""
UNUSED: Final = tuple(
    # where a number is, whose network it is in, what time it is there
    f"phonenumbers/{name}"
    for name in ("geodata", "carrierdata", "tzdata", "geocoder.py", "carrier.py", "timezone.py")
)
"""What a wheel brings and no function reads: 43 MB of 48 in the case of `phonenumbers`."""
INIT: Final = Path("__init__.py")
REQUIREMENTS: Final = "requirements.txt"
"""The lock inside the layer's asset: the laptop cloud installs the same pins for its host."""


@cache
def lambda_python() -> str | None:
    """Return an interpreter of Lambda's version, or None; a shim that can't run is none."""
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in _candidates():
        if _output([candidate, "-c", probe]) == PYTHON:
            return candidate
    return None


def _candidates() -> Iterator[str]:
    yield shutil.which(f"python{PYTHON}") or ""
    yield _output([_uv(), "python", "find", "--no-python-downloads", PYTHON])
    # pyenv's interpreters are not on the path unless a version is chosen
    yield f"{_output(['pyenv', 'prefix', PYTHON])}/bin/python{PYTHON}"


def _output(command: list[str]) -> str:
    """Return what *command* prints, stripped; nothing if it can't be run or fails."""
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _uv() -> str:
    from uv import find_uv_bin

    return find_uv_bin()


@jsii.implements(ILocalBundling)
class UvLayer:
    """Installs the lock's wheels for Lambda, checked by their hashes, and precompiles them."""

    def __init__(self, lock: Path) -> None:
        self._lock = lock

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        """Fill *output_dir*; never falls back to Docker: what goes wrong is raised."""
        target = Path(output_dir) / "python"
        command = [_uv(), "pip", "install", "--quiet", "--require-hashes"]
        command += ["--only-binary", ":all:", "--python-platform", PLATFORM]
        command += ["--python-version", PYTHON, "--link-mode", "copy", "--no-compile-bytecode"]
        command += ["--no-installer-metadata", "--target", str(target), "-r", str(self._lock)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        _strip(target)
        _precompile(target, "/opt/python")
        shutil.copyfile(self._lock, Path(output_dir) / REQUIREMENTS)
        _even_out_modes(Path(output_dir))
        return True


def _strip(target: Path) -> None:
    shutil.rmtree(target / "bin", ignore_errors=True)
    (target / ".lock").unlink(missing_ok=True)
    for cached in sorted(target.rglob("__pycache__")):
        shutil.rmtree(cached)
    for unused in (target / name for name in UNUSED):
        if unused.is_dir():
            shutil.rmtree(unused)
        else:
            unused.unlink(missing_ok=True)


def _precompile(target: Path, place: str) -> None:
    """Compile *target*, which lies at *place* in Lambda."""
    python = lambda_python()
    if python is None:
        _warn_uncompiled()
        return
    # unchecked-hash: the zip resets file times, so times can't tell whether a .pyc is current.
    # -s and -p: a .pyc keeps its source's path; the one in Lambda, not the one in this build.
    command = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, "-s", str(target), "-p", place, str(target)], check=True)


@cache
def _warn_uncompiled() -> None:
    print(  # noqa: T201 - whoever deploys should know why cold starts are slow
        f"no Python {PYTHON} found: nothing is precompiled, and each cold start compiles "
        "it anew (about twice as long)",
        file=sys.stderr,
    )


def _pyc(source: Path) -> Path:
    """Return where the bytecode of *source* lies, from its folder."""
    return Path("__pycache__") / f"{source.stem}.cpython-{PYTHON.replace('.', '')}.pyc"


def _even_out_modes(folder: Path) -> None:
    """Make everything readable in Lambda, whatever umask the clone was made with."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _compiled() -> str:
    return "compiled" if lambda_python() else "sources only"


def layer_hash(lock: Path) -> str:
    """Return the layer's hash: everything that decides what is built."""
    facts = "\n".join((BUILDER, PYTHON, PLATFORM, _compiled(), *UNUSED))
    return hashlib.sha256(lock.read_bytes() + facts.encode()).hexdigest()


def layer_code(root: Path, lock: Path = LOCK) -> lambda_.Code:
    """Return the layer of the project at *root* that *lock* pins."""
    lock = root / lock
    return lambda_.Code.from_asset(
        str(lock.parent),
        asset_hash=layer_hash(lock),
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("scratch"), local=_as_bundling(UvLayer(lock))
        ),
    )


def _as_bundling(layer: Any) -> ILocalBundling:
    bundling: ILocalBundling = layer
    return bundling


class FunctionCode:
    """Stages the code of functions: `functions/__init__.py`, `functions/core` and one folder.

    Parameters
    ----------
    root
        The project.
    staging
        A folder that lasts until the functions are constructed: the CDK copies then.
    """

    def __init__(self, root: Path, staging: Path) -> None:
        self._functions = root / "functions"
        self._staging = staging

    def of(self, name: str) -> lambda_.Code:
        """Return the package of function *name*."""
        folder = self._staging / name
        target = folder / self._functions.name
        for part in ("core", name):
            shutil.copytree(self._every / part, target / part, copy_function=link_or_copy)
        for file in (INIT, _pyc(INIT)):
            if (built := self._every / file).is_file():
                (target / file).parent.mkdir(exist_ok=True)
                link_or_copy(str(built), str(target / file))
        return lambda_.Code.from_asset(
            str(folder), asset_hash=self.digest(name), asset_hash_type=AssetHashType.CUSTOM
        )

    def digest(self, name: str) -> str:
        """Return the package's hash: of paths inside it, contents, and whether it is compiled."""
        digest = self._digest_of_shared.copy()
        self._add(digest, _sources(self._functions / name))
        return digest.hexdigest()

    @cached_property
    def _digest_of_shared(self) -> "hashlib._Hash":
        digest = hashlib.sha256(_compiled().encode())
        self._add(digest, (self._functions / INIT, *_sources(self._functions / "core")))
        return digest

    def _add(self, digest: "hashlib._Hash", sources: Iterable[Path]) -> None:
        for source in sources:
            content = source.read_bytes()
            name = source.relative_to(self._functions.parent).as_posix()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)

    @cached_property
    def _every(self) -> Path:
        """A folder with all sources and their bytecode, made once: core is in every package."""
        folder = self._staging / "every"
        every = folder / self._functions.name
        shutil.copytree(self._functions, every, ignore=shutil.ignore_patterns("*.pyc", ".*"))
        _precompile(folder, "/var/task")
        _even_out_modes(folder)
        return every


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith("."):
            yield path
