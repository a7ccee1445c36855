"""What goes into a package, and what decides its hash."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra import packaging
from tests.infra.assembly import Assembly

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name in ("__init__.py", "core/__init__.py", "core/domain/run.py", "sweep/handler.py"):
        path = tmp_path / "functions" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    return tmp_path


def _digest(sources: Path, name: str = "sweep") -> str:
    return packaging.FunctionCode(sources, sources / "staging").digest(name)


def test_a_functions_hash_does_not_know_where_when_and_by_whom(sources: Path) -> None:
    """Path, file times, modes, caches and hidden files make no other package."""
    before = _digest(sources)

    moved = sources.rename(sources.with_name("elsewhere"))
    handler = moved / "functions/sweep/handler.py"
    os.utime(handler, (1, 1))
    handler.chmod(0o600)
    cache = moved / "functions/core/__pycache__/x.cpython-313.pyc"
    cache.parent.mkdir()
    cache.write_bytes(b"compiled")
    (moved / "functions/core/.run.py.swp").write_text("an editor's")

    assert _digest(moved) == before


@pytest.mark.parametrize("name", ["core/domain/run.py", "sweep/handler.py", "__init__.py"])
def test_a_functions_hash_knows_its_content(sources: Path, name: str) -> None:
    """What runs is what the hash says."""
    before = _digest(sources)

    (sources / "functions" / name).write_text("changed")

    assert _digest(sources) != before


def test_a_functions_hash_knows_where_content_ends(sources: Path) -> None:
    """Moving bytes from one file into the next is a change."""
    core = sources / "functions/core"
    (core / "a.py").write_text("xy")
    (core / "b.py").write_text("z")
    before = _digest(sources)

    (core / "a.py").write_text("x")
    (core / "b.py").write_text("yz")

    assert _digest(sources) != before


def test_another_functions_code_is_not_in_the_package(dev: Assembly) -> None:
    """Its folder, core, and nothing else of ours."""
    made = dev.stack("platform").of("AWS::Lambda::Function")
    [sweep] = [r for id_, r in made.items() if id_.startswith("SweepFunction")]
    folder = dev.folder / f"asset.{sweep['Properties']['Code']['S3Key'].removesuffix('.zip')}"

    assert {path.name for path in folder.iterdir()} == {"functions"}
    inside = {p.name for p in (folder / "functions").iterdir()} - {"__pycache__"}
    assert inside == {"__init__.py", "core", "sweep"}


def test_every_module_is_compiled_for_lambda_or_none(dev: Assembly) -> None:
    """A cold start compiles nothing, if there was an interpreter of Lambda's version."""
    for folder in dev.folder.glob("asset.*"):
        if not (folder / "functions").is_dir():
            continue
        sources = {p.relative_to(folder) for p in folder.rglob("*.py")}
        compiled = {p.relative_to(folder) for p in folder.rglob("*.pyc")}
        expected = {source.parent / packaging._pyc(source) for source in sources}
        assert compiled == (expected if packaging.lambda_python() else set())


def test_compiled_and_plain_packages_have_two_hashes(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deploy from a machine with the interpreter replaces what one without it left."""
    monkeypatch.setattr(packaging, "lambda_python", lambda: "/usr/bin/python3.13")
    compiled = _digest(sources)
    monkeypatch.setattr(packaging, "lambda_python", lambda: None)

    assert _digest(sources) != compiled


def test_packages_can_be_read_whatever_the_umask(dev: Assembly) -> None:
    """Lambda runs as another user than the one who deployed."""
    for path in dev.folder.glob("asset.*/functions/**/*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)


def test_the_layers_hash_is_that_of_what_decides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lock file, builder, platform, and whether it is precompiled; not the path."""
    lock, copy = tmp_path / "a.lock", tmp_path / "b.lock"
    lock.write_text("six==1.17.0")
    copy.write_text("six==1.17.0")
    monkeypatch.setattr(packaging, "lambda_python", lambda: "/usr/bin/python3.13")
    hashes = {packaging.layer_hash(lock), packaging.layer_hash(copy)}
    assert len(hashes) == 1

    lock.write_text("six==1.16.0")
    hashes.add(packaging.layer_hash(lock))
    monkeypatch.setattr(packaging, "lambda_python", lambda: None)
    hashes.add(packaging.layer_hash(lock))
    monkeypatch.setattr(packaging, "BUILDER", "another")
    hashes.add(packaging.layer_hash(lock))
    monkeypatch.setattr(packaging, "PLATFORM", "x86_64-manylinux_2_28")
    hashes.add(packaging.layer_hash(lock))

    assert len(hashes) == 5


def test_a_shim_that_cannot_run_is_no_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version manager puts a `python3.13` on the path whether or not it is chosen."""
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\necho 'no version is set' >&2\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setattr(packaging, "_candidates", lambda: iter([str(shim), "", "/missing"]))
    packaging.lambda_python.cache_clear()

    try:
        assert packaging.lambda_python() is None
    finally:
        packaging.lambda_python.cache_clear()


@pytest.mark.parametrize("lock", [packaging.LOCK, packaging.GUARDS_LOCK])
def test_every_pin_of_a_layer_carries_its_hash(lock: Path) -> None:
    """Uv refuses the whole file otherwise; and no address of an index stands in it."""
    lines = (ROOT / lock).read_text().splitlines()
    pins = [index for index, line in enumerate(lines) if "==" in line]

    assert pins
    assert all("--hash=sha256:" in lines[index + 1] for index in pins)
    assert not [line for line in lines if "://" in line or "index-url" in line]


def test_the_layer_is_for_the_functions_platform(dev: Assembly) -> None:
    """Lambda refuses neither, it fails to import."""
    made = dev.stack("platform").properties("AWS::Lambda::LayerVersion")

    assert len(made) == 2
    assert all(one["CompatibleArchitectures"] == ["arm64"] for one in made)
    assert all(one["CompatibleRuntimes"] == ["python3.13"] for one in made)


def test_only_functions_that_look_at_texts_or_rules_carry_what_that_needs(dev: Assembly) -> None:
    """The telephone plans of the world start nobody else's cold start late."""
    carrying = {
        id_.removesuffix("Function")
        for id_, made in dev.stack("platform").of("AWS::Lambda::Function").items()
        if len(made["Properties"].get("Layers", ())) > 1
    }

    assert {re.sub(r"Function[0-9A-F]*$", "", id_) for id_ in carrying} == {
        "PrepareCall",
        "CheckAnswer",
        "PublishVersion",
    }


def test_what_no_function_reads_is_left_out_of_a_layer(tmp_path: Path) -> None:
    """Where a number lies and whose network it is: nine tenths of its library."""
    packaging.UvLayer(ROOT / packaging.GUARDS_LOCK).try_bundle(str(tmp_path))
    guards = tmp_path / "python"

    reads = "import phonenumbers as p, stdnum.es.nif; p.PhoneMetadata.metadata_for_region('DE')"
    subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = [{str(guards)!r}]; {reads}"],
        check=True,
    )
    assert not [name for name in packaging.UNUSED if (guards / name).exists()]
