"""Starting worker processes: forked from a warm fork server, or spawned where forking is unsafe."""

from __future__ import annotations

import array
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Protocol

RUNTIME = Path(__file__).with_name("runtime.py")


class WorkerDidNotStart(Exception):
    """A worker process ended before it had imported its handler."""


def send_frame(connection: socket.socket, data: bytes) -> None:
    """Send one frame, as ``runtime.py`` reads it."""
    connection.sendall(struct.pack(">I", len(data)) + data)


def receive_frame(connection: socket.socket) -> bytes | None:
    """Receive one frame; None when the process behind the socket has ended."""
    try:
        head = _exactly(connection, 4)
        return None if head is None else _exactly(connection, struct.unpack(">I", head)[0])
    except OSError:
        return None


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    parts = []
    while count:
        part = connection.recv(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


class WorkerProcess:
    """One live worker process and the socket on which it is invoked."""

    def __init__(
        self, pid: int, connection: socket.socket, child: subprocess.Popen[bytes] | None
    ) -> None:
        self.pid = pid
        self.connection = connection
        self.busy = False
        self.timed_out = False
        self._child = child
        self._killed = False

    def wait_until_ready(self) -> None:
        """Return when the handler was imported, or could not be (then each invocation says so)."""
        if receive_frame(self.connection) is None:
            self.kill()
            raise WorkerDidNotStart(f"worker {self.pid} ended while it imported its handler")

    def kill(self) -> None:
        """End the process, whatever it does."""
        if self._killed:  # its number may belong to somebody else by now
            return
        self._killed = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.connection.close()
        if self._child is not None:
            self._child.wait()


class Starter(Protocol):
    """Starts worker processes for one set of layers."""

    def start(self, config: dict[str, Any]) -> WorkerProcess:
        """Start a worker; it still imports its handler when this returns."""

    def close(self) -> None:
        """Start no more."""


def _python() -> list[str]:
    # -I: no environment, no user site, no script folder; -S: no site-packages of this environment
    return [sys.executable, "-I", "-S", str(RUNTIME)]


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}


class ForkServer:
    """Workers forked from one process that has already imported what the layers bring.

    Parameters
    ----------
    layers
        The folders of the layers and of the runtime, in the order of the workers' path.
    life
        The reading end of the pipe whose end of file ends every process.
    """

    def __init__(self, layers: list[str], life: int) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*_python(), "fork", str(theirs.fileno()), str(life)],
                pass_fds=[theirs.fileno(), life],
                env=_environment(),
                stdin=subprocess.DEVNULL,
            )
        send_frame(self._control, json.dumps({"layers": layers}).encode())

    @property
    def pid(self) -> int:
        """The fork server's own process id."""
        return self._process.pid

    def start(self, config: dict[str, Any]) -> WorkerProcess:
        """Fork a worker."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            # one byte carries the descriptor, the frame follows: streams may split what they carry
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))]
            self._control.sendmsg([b"+"], rights)
            send_frame(self._control, json.dumps(config).encode())
            answer = receive_frame(self._control)
        if answer is None:
            raise WorkerDidNotStart("the fork server has ended")
        return WorkerProcess(int(answer), ours, None)

    def close(self) -> None:
        """End the fork server; its workers are ended by whoever started them."""
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Spawner:
    """Workers as fresh processes: slower to start, and safe where forking is not (macOS)."""

    def __init__(self, life: int) -> None:
        self._life = life

    def start(self, config: dict[str, Any]) -> WorkerProcess:
        """Start a worker from nothing."""
        ours, theirs = socket.socketpair()
        with theirs:
            child = subprocess.Popen(
                [*_python(), "spawn", str(theirs.fileno()), str(self._life)],
                pass_fds=[theirs.fileno(), self._life],
                env=_environment(),
                stdin=subprocess.DEVNULL,
            )
        send_frame(ours, json.dumps(config).encode())
        return WorkerProcess(child.pid, ours, child)

    def close(self) -> None:
        """Nothing to end: its workers are ended by whoever started them."""


def forking_is_safe() -> bool:
    """Say whether workers may be forked here; macOS's system libraries do not survive a fork."""
    return hasattr(os, "fork") and sys.platform != "darwin"
