"""Starts laptop clouds and talks to them; the command line, tests and benches use it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from interlock import places
from interlock.local.clock import Clock
from interlock.local.settings import REGION, Settings, clock_text

_PROJECT = Path(__file__).resolve().parents[2]
_RUNTIME_LOCK = places.PLATFORM / "requirements" / "runtime.lock"
_ENDED_WITHIN_SECONDS = 20.0


class CloudDidNotStart(Exception):
    """The server process ended before the cloud was ready; the message is what stopped it."""


class CloudRefused(Exception):
    """The cloud did not do what it was asked; the message says why."""


class NoSuchCloud(Exception):
    """There is no running cloud of that name."""


@dataclass
class Cloud:
    """A running laptop cloud.

    Build one with :meth:`start` (its own) or :meth:`attach` (one that runs already).
    """

    id: str
    folder: Path
    described: dict[str, Any]
    process: subprocess.Popen[str] | None = None

    @classmethod
    def start(
        cls,
        assembly: Path,
        state: Path,
        *,
        clock: Clock | str | None = None,
        parameters: Mapping[str, str] | None = None,
        companions: bool = True,
        faults: bool = False,
        detached: bool = False,
        workers: int = 2,
        fork: bool | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Cloud:
        """Start a cloud, deploy `assembly` into it and wait until it is ready.

        Parameters
        ----------
        assembly
            What ``cdk synth`` wrote.
        state
            Folder for everything that clouds keep (``.interlock`` in a project).
        clock
            Which time it runs on, as a clock or as its setting; the machine's own by default.
        parameters
            Values of the templates' parameters.
        companions
            Start the programs that stand for systems outside.
        faults
            Let these be asked to go wrong (tests).
        detached
            Leave it running when this process ends; else it ends with it, killed or not.
        workers
            Most processes of one function version.
        fork
            Whether workers are forked; None: where that is safe.
        progress
            Told each step.

        Raises
        ------
        CloudDidNotStart
            Naming what stopped it.
        """
        identity = secrets.token_hex(4)
        folder = state.resolve() / "clouds" / identity
        (folder / "logs").mkdir(parents=True)
        settings = Settings(
            assembly=str(assembly.resolve()),
            state=str(folder),
            layers=str(state.resolve() / "layers"),
            runtime_lock=str(_RUNTIME_LOCK),
            clock=_clock_setting(clock),
            parameters=dict(parameters or {}),
            companions=companions,
            faults=faults,
            detached=detached,
            workers=workers,
            fork=fork,
        )
        settings.write(folder / "settings.json")
        process = _spawn(folder, detached=detached)
        import boto3  # noqa: F401 - whoever talks to a cloud needs it: loaded while it comes up

        try:
            return cls(identity, folder, _wait_until_ready(process, progress), process)
        except BaseException:
            _end(process)
            raise

    @classmethod
    def attach(cls, state: Path, identity: str | None = None) -> Cloud:
        """Return a cloud that runs already; the newest one where none is named.

        Raises
        ------
        NoSuchCloud
            None runs under that name, or none at all.
        """
        for cloud in sorted(running(state), key=lambda c: c.started, reverse=True):
            if identity in (None, cloud.id):
                return cloud
        wanted = f"no cloud {identity}" if identity else "no cloud"
        raise NoSuchCloud(f"{wanted} is running; start one with: interlock local up")

    @property
    def endpoint(self) -> str:
        """The address for ``AWS_ENDPOINT_URL``."""
        return str(self.described["endpoint"])

    @property
    def started(self) -> float:
        """When it came up, for ordering."""
        file = self.folder / "cloud.json"
        return file.stat().st_mtime if file.exists() else 0.0

    @property
    def environment(self) -> dict[str, str]:
        """What makes boto3 and ``aws`` use this cloud, with the developer's keys."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "developer",
            "AWS_SECRET_ACCESS_KEY": "developer",
        }

    def client(self, service: str) -> Any:
        """Return a boto3 client with the developer's keys, which may do anything."""
        keys = self.environment
        return self._client(
            service,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        )

    def client_as(self, role_arn: str, service: str) -> Any:
        """Return a boto3 client with the credentials of a role."""
        return self._client(service, **self.post("credentials", role=role_arn))

    def outputs(self, stack: str) -> dict[str, str]:
        """Return a stack's outputs."""
        found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}

    def companion(self, name: str) -> str:
        """Return the address of a companion.

        Raises
        ------
        KeyError
            It does not run.
        """
        return str(self.described["companions"][name])

    def companion_log(self, name: str) -> Path:
        """Return the file that a companion logs its requests to."""
        return Path(self.described["companion_logs"][name])

    def status(self) -> dict[str, Any]:
        """Return what the cloud says about itself."""
        found: dict[str, Any] = self.get("status")
        return found

    def tick(self, seconds: float) -> float:
        """Move the cloud's time on and return it, in epoch seconds."""
        return float(self.post("tick", seconds=seconds)["now"])

    def reload(self, assembly: Path) -> dict[str, Any]:
        """Deploy another assembly over the running cloud.

        Raises
        ------
        CloudRefused
            Naming the resource that failed.
        """
        found = self.post("reload", {"assembly": str(assembly.resolve())})
        self.described = {key: found[key] for key in self.described if key in found}
        return dict(found)

    def logs(self) -> dict[str, Path]:
        """Return the log file of each function, and of the server."""
        return {name: Path(path) for name, path in self.get("logs").items()}

    def get(self, path: str, **query: object) -> Any:
        """Read one of the cloud's own paths (``status``, ``denials``, ``iam-coverage`` …)."""
        return self._ask(urllib.request.Request(self._url(path, query)))  # noqa: S310 - loopback

    def post(self, path: str, body: Mapping[str, Any] | None = None, **query: object) -> Any:
        """Ask the cloud to do something.

        Raises
        ------
        CloudRefused
            Saying why it did not.
        """
        request = urllib.request.Request(  # noqa: S310 - loopback
            self._url(path, query),
            data=json.dumps(body or {}).encode(),
            headers={"X-Interlock": "1", "Content-Type": "application/json"},
        )
        return self._ask(request)

    def stop(self) -> None:
        """End the cloud and wait until no process of it is left."""
        with contextlib.suppress(OSError, CloudRefused):  # it is ending, or gone
            self.post("stop")
        if self.process is not None:
            _end(self.process)
            return
        _wait_for_end(int(self.described["pid"]))

    def __enter__(self) -> Cloud:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _client(self, service: str, **keys: str) -> Any:
        import boto3
        from botocore.config import Config

        session: Any = boto3.session.Session()
        return session.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            config=Config(max_pool_connections=32, s3={"addressing_style": "path"}),
            **keys,
        )

    def _url(self, path: str, query: Mapping[str, object]) -> str:
        return f"{self.endpoint}/_local/{path}" + (f"?{urlencode(query)}" if query else "")

    def _ask(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                told = json.load(error)
            raise CloudRefused(told.get("error", str(error))) from None


def running(state: Path) -> list[Cloud]:
    """Return the clouds of a state folder that run now; forget those that were killed."""
    found = []
    for file in sorted((state.resolve() / "clouds").glob("*/cloud.json")):
        described = json.loads(file.read_text())
        cloud = Cloud(file.parent.name, file.parent, described)
        if _alive(cloud):
            found.append(cloud)
        else:
            file.unlink(missing_ok=True)
    return found


def forget_ended(state: Path, *, keep: int = 5) -> None:
    """Remove the folders of clouds that have ended, but for the newest few (their logs)."""
    ended = [
        folder
        for folder in (state.resolve() / "clouds").glob("*")
        if folder.is_dir() and not (folder / "cloud.json").exists()
    ]
    ended.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in ended[keep:]:
        shutil.rmtree(folder, ignore_errors=True)


def _alive(cloud: Cloud) -> bool:
    try:
        return bool(cloud.get("status")["pid"] == cloud.described["pid"])
    except (OSError, CloudRefused, ValueError):
        return False


def _clock_setting(clock: Clock | str | None) -> str:
    if clock is None:
        return "real"
    return clock if isinstance(clock, str) else clock_text(clock)


def _spawn(folder: Path, *, detached: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "interlock.local.server", str(folder / "settings.json")]
    # without its bytecode, moto would be compiled at every start: two seconds
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment = {
        # many threads: glibc would give them many heaps, each with free memory of its own
        "MALLOC_ARENA_MAX": "2",
        **inherited,
        "PYTHONPATH": os.pathsep.join(
            part for part in (str(_PROJECT), os.environ.get("PYTHONPATH")) if part
        ),
    }
    if not detached:  # it ends with its standard input, that is, with us
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
    with (folder / "logs" / "server.err").open("w") as errors:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            start_new_session=True,
        )


def _wait_until_ready(
    process: subprocess.Popen[str], progress: Callable[[str], None]
) -> dict[str, Any]:
    if process.stdout is None:
        raise CloudDidNotStart("the server has no output")
    for line in process.stdout:
        told = json.loads(line)
        if "ready" in told:
            threading.Thread(target=_drain, args=(process.stdout,), daemon=True).start()
            ready: dict[str, Any] = told["ready"]
            return ready
        if "error" in told:
            raise CloudDidNotStart(told["error"])
        progress(told["progress"])
    raise CloudDidNotStart(f"the server ended with exit code {process.wait()}")


def _drain(stream: Any) -> None:
    for _ in stream:  # progress of reloads: nobody waits for it
        pass


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    else:
        process.terminate()
    try:
        process.wait(_ENDED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None and not process.stdout.closed:
        process.stdout.close()


def _wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + _ENDED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise CloudRefused(f"process {pid} did not end")
