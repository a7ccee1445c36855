"""The walks of docs/first-ten-minutes.md: read from the page, and typed as they stand."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "first-ten-minutes.md"
PREPARE = ("make setup", "source .venv/bin/activate")
"""What every walk begins with."""
VERDICTS = frozenset(("interlock doctor",))
"""Commands that may end with exit code 1: what they found is their answer."""
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^`([\w/]+\.py)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Walk:
    """One newcomer: who, what they write, what they type."""

    who: str
    files: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Typed:
    """What a command did."""

    command: str
    code: int
    output: str
    seconds: float

    @property
    def good(self) -> bool:
        """Whether a newcomer would go on."""
        return self.code == 0 or (self.code == 1 and self.command in VERDICTS)


def walks() -> list[Walk]:
    """Return the page's walks, in its order."""
    _, *parts = _SECTION.split(PAGE.read_text(encoding="utf-8"))
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [Walk(who, tuple(_FILE.findall(text)), tuple(_typed(text))) for who, text in pairs]


def _typed(text: str) -> Iterator[str]:
    for block in _CONSOLE.findall(text):
        for line in block.splitlines():
            assert line.startswith("$ "), f"{PAGE.name}: {line!r} does not begin with $"
            yield line.removeprefix("$ ")


def walk(one: Walk, folder: Path, bin_: Path) -> Iterator[Typed]:
    """Type the commands of *one* in *folder*, as somebody whose path begins with *bin_*."""
    for name, content in one.files:
        (folder / name).write_text(content, encoding="utf-8")
    for command in one.commands:
        yield type_(command, folder, bin_)


def type_(command: str, folder: Path, bin_: Path) -> Typed:
    """Type *command* as somebody without an account: nothing of AWS is in the environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **kept,
        "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Typed(command, done.returncode, done.stdout, time.monotonic() - began)


def said(one: Typed) -> str:
    """Return what a terminal would show of it."""
    return f"$ {one.command}\n{one.output}"


def complain(one: Typed) -> None:
    """Say on standard error what did not work."""
    sys.stderr.write(f"{said(one)}exit code {one.code}\n")
