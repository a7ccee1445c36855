"""Starts the programs that stand for systems outside, and tells them their tokens."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

#: system -> module that plays it
COMPANIONS = {"crm": "interlock.local.companions.crm"}


class CompanionDidNotStart(Exception):
    """A companion ended before it said where it listens."""


class Companion:
    """One running companion.

    Parameters
    ----------
    name
        The system that it plays.
    state
        The cloud's folder: its database, log and token lie there.
    faults
        Whether it can be asked to go wrong.
    """

    def __init__(self, name: str, state: Path, *, faults: bool = False) -> None:
        self.name = name
        self.url = ""
        folder = state / "companions"
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"{name}.log"
        self._token = folder / f"{name}.token"
        self.grant("")
        command = [
            *(sys.executable, "-m", "interlock.local.guarded", COMPANIONS[name]),
            *("--port", "0", "--database", str(folder / f"{name}.sqlite")),
            *("--token-file", str(self._token), "--log", str(self.log)),
            *(["--faults"] if faults else []),
        ]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def wait(self) -> str:
        """Return the companion's address once it listens.

        Raises
        ------
        CompanionDidNotStart
            It ended before.
        """
        stdout = self._process.stdout
        line = stdout.readline() if stdout else ""
        if not line:
            raise CompanionDidNotStart(f"{self.name}: exit code {self._process.wait()}")
        self.url = str(json.loads(line)["url"])
        return self.url

    def grant(self, token: str) -> None:
        """Let callers in that bear `token`; the companion reads it at each request."""
        descriptor = os.open(self._token, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def available() -> list[str]:
    """Return the companions that this installation has."""
    return [name for name, module in COMPANIONS.items() if _exists(module)]


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
