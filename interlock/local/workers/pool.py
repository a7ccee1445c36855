"""The pool: each function version in warm processes of its own, one invocation at a time each."""

from __future__ import annotations

import collections
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interlock.local.clock import Clock
from interlock.local.workers.processes import (
    ForkServer,
    Spawner,
    Starter,
    WorkerDidNotStart,
    WorkerProcess,
    forking_is_safe,
    receive_frame,
    send_frame,
)

LOG = logging.getLogger(__name__)
SYNCHRONOUS_PAYLOAD_BYTES = 6 * 1024 * 1024
KILL_POINTS = Path(__file__).with_name("kill_points.py")


@dataclass(frozen=True)
class Function:
    """Everything that makes one version of a function: what differs gets processes of its own."""

    name: str
    version: str
    arn: str
    handler: str
    role: str
    timeout_seconds: float
    memory_mb: int
    runtime: str
    log_group: str
    code: str
    layers: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


@dataclass
class Counted:
    """What a function has cost so far."""

    invocations: int = 0
    failures: int = 0
    starts: int = 0
    milliseconds: float = 0.0


@dataclass
class _Places:
    """The processes of one function version; a semaphore bounds how many there are."""

    free: threading.Semaphore
    idle: list[WorkerProcess] = field(default_factory=list)


class Kills:
    """What tests want killed where: orders by function, each carried out once.

    Nothing is watched, and no worker knows of it, until somebody asks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, collections.deque[dict[str, str]]] = {}
        self._seen: dict[str, set[str]] = collections.defaultdict(set)
        self._watching = False
        self._carried_out: list[dict[str, str]] = []

    def plan(self, orders: list[dict[str, str]]) -> None:
        """Watch from now on, and carry out *orders* (`{"function", "call", "when"}`)."""
        with self._lock:
            self._watching = True
            for order in orders:
                queue = self._orders.setdefault(order["function"], collections.deque())
                queue.append({"call": order["call"], "when": order["when"]})

    def order(self, function: str) -> dict[str, Any]:
        """Return what an invocation of *function* is told; nothing where nobody watches."""
        with self._lock:
            if not self._watching:
                return {}
            queue = self._orders.get(function)
            order = queue.popleft() if queue else None
            if order is not None:
                self._carried_out.append({"function": function, **order})
            return {"kill_points": str(KILL_POINTS), "kill": order}

    def saw(self, function: str, calls: list[str]) -> None:
        """Remember which calls *function* makes."""
        if calls:
            with self._lock:
                self._seen[function].update(calls)

    def described(self) -> dict[str, Any]:
        """Return the calls seen by function, what was carried out, and what is left."""
        with self._lock:
            return {
                "seen": {name: sorted(calls) for name, calls in sorted(self._seen.items())},
                "carried_out": list(self._carried_out),
                "left": sum(len(queue) for queue in self._orders.values()),
            }


class Pool:
    """Runs functions in worker processes.

    Parameters
    ----------
    endpoint
        Where the workers find AWS.
    clock
        Time-outs are measured on it, and workers read it.
    state
        Folder for logs.
    pycache
        Folder for bytecode; assets are content-addressed, so that clouds can share it.
    credentials
        Gives the keys of a role.
    size
        Most processes a function version has; more invocations wait for a free one.
    fork
        Fork workers from a warm process (default where that is safe), or start each afresh.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        clock: Clock,
        state: Path,
        pycache: Path,
        credentials: Callable[[str], Mapping[str, str]],
        size: int = 2,
        fork: bool | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._logs = state / "logs"
        self._pycache = str(pycache)
        self._credentials = credentials
        self._size = size
        self._fork = forking_is_safe() if fork is None else fork
        self._lock = threading.Lock()
        self._places: dict[Function, _Places] = {}
        self._starters: dict[tuple[str, ...], Starter] = {}
        self._live: dict[int, tuple[Function, WorkerProcess]] = {}
        self._closed = False
        self.kills = Kills()
        self.counted: dict[str, Counted] = collections.defaultdict(Counted)
        # every process ends at the end of this pipe, which this process alone holds open
        self._life, self._alive = os.pipe()
        self._logs.mkdir(parents=True, exist_ok=True)

    def invoke(
        self, function: Function, payload: bytes, *, arn: str | None = None
    ) -> tuple[bool, bytes]:
        """Run `function` once and return whether it failed, and the body of the answer.

        Parameters
        ----------
        function
            The version to run.
        payload
            JSON text.
        arn
            What the caller named (an alias, perhaps); the version's own ARN by default.
        """
        places = self._places_of(function)
        with places.free:
            request = str(uuid.uuid4())
            try:
                worker = self._take(function, places)
            except WorkerDidNotStart:
                return True, _exited(request)
            began = time.perf_counter()
            failed, answer = self._run(function, worker, request, payload, arn or function.arn)
            self._account(function, request, failed, (time.perf_counter() - began) * 1000)
            if answer is not None:
                self._give_back(worker, places)
                return _bounded(failed, answer)
            self._bury(worker)
            return True, self._why_it_ended(function, worker, request)

    def prepare(self, layers: tuple[str, ...]) -> None:
        """Begin to import what a set of layers brings, before a function needs it."""
        with self._lock:
            self._starter(layers)

    def retire(self) -> None:
        """End all processes that are not busy; the next invocation starts a new one."""
        with self._lock:
            idle = [w for places in self._places.values() for w in places.idle]
            for places in self._places.values():
                places.idle.clear()
        for worker in idle:
            self._bury(worker)

    def workers(self) -> list[dict[str, Any]]:
        """Describe the processes that live now."""
        with self._lock:
            return [
                {"pid": pid, "function": f.name, "version": f.version, "busy": worker.busy}
                for pid, (f, worker) in self._live.items()
            ]

    def is_busy(self) -> bool:
        """Say whether any function runs now."""
        with self._lock:
            return any(worker.busy for _, worker in self._live.values())

    def log_file(self, name: str) -> Path:
        """Return where a function's output goes."""
        return self._logs / f"{name}.log"

    def close(self) -> None:
        """End every process."""
        with self._lock:
            self._closed = True
            live = [worker for _, worker in self._live.values()]
            starters = list(self._starters.values())
        for worker in live:
            self._bury(worker)
        os.close(self._alive)
        for starter in starters:
            starter.close()
        os.close(self._life)

    def _places_of(self, function: Function) -> _Places:
        with self._lock:
            if function not in self._places:
                self._places[function] = _Places(threading.Semaphore(self._size))
            return self._places[function]

    def _take(self, function: Function, places: _Places) -> WorkerProcess:
        with self._lock:
            worker = places.idle.pop() if places.idle else None
        if worker is None:
            worker = self._start(function)
        worker.busy = True
        return worker

    def _give_back(self, worker: WorkerProcess, places: _Places) -> None:
        worker.busy = False
        with self._lock:
            if not self._closed:
                places.idle.append(worker)

    def _start(self, function: Function) -> WorkerProcess:
        with self._lock:
            if self._closed:
                raise WorkerDidNotStart("the cloud is stopping")
            starter = self._starter(function.layers)
            self.counted[function.name].starts += 1
        worker = starter.start(self._configuration(function))
        with self._lock:
            self._live[worker.pid] = (function, worker)
        try:
            worker.wait_until_ready()
        except WorkerDidNotStart:
            self._bury(worker)
            raise
        return worker

    def _starter(self, layers: tuple[str, ...]) -> Starter:
        # whoever has imported some of the layers serves: a worker finds the others on its path
        served = [known for known in self._starters if set(known) <= set(layers)]
        if served:
            return self._starters[max(served, key=len)]
        made = ForkServer(list(layers), self._life) if self._fork else Spawner(self._life)
        self._starters[layers] = made
        return made

    def _configuration(self, function: Function) -> dict[str, Any]:
        return {
            "handler": function.handler,
            "paths": [function.code, *function.layers],
            "pycache": self._pycache,
            "log": str(self.log_file(function.name)),
            "environment": {**dict(function.environment), **self._reserved(function)},
        }

    def _reserved(self, function: Function) -> dict[str, str]:
        keys = self._credentials(function.role)
        return {
            "AWS_ACCESS_KEY_ID": keys["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": keys["aws_secret_access_key"],
            "AWS_SESSION_TOKEN": keys["aws_session_token"],
            "AWS_REGION": function.arn.split(":")[3],
            "AWS_DEFAULT_REGION": function.arn.split(":")[3],
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": f"[{function.version}]{uuid.uuid4().hex}",
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "LAMBDA_TASK_ROOT": function.code,
            "_HANDLER": function.handler,
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
            # beyond Lambda: where this cloud is, its time, and no profile of whoever started it
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "INTERLOCK_LAPTOP": "1",
            **self._time(),
        }

    def _time(self) -> dict[str, str]:
        line = self._clock.environment()
        return {"INTERLOCK_CLOCK": line} if line else {}

    def _run(
        self, function: Function, worker: WorkerProcess, request: str, payload: bytes, arn: str
    ) -> tuple[bool, bytes | None]:
        deadline = self._clock.now() + function.timeout_seconds

        def too_late() -> None:
            worker.timed_out = True
            worker.kill()

        head = {"id": request, "arn": arn, "deadline": deadline, "environment": self._time()}
        head |= self.kills.order(function.name)
        timer = self._clock.call_at(deadline, too_late)
        try:
            send_frame(worker.connection, json.dumps(head).encode())
            send_frame(worker.connection, payload)
            answered = receive_frame(worker.connection)
            body = None if answered is None else receive_frame(worker.connection)
        except OSError:
            return True, None
        finally:
            timer.cancel()
        if answered is None or body is None:
            return True, None
        told = json.loads(answered)
        self.kills.saw(function.name, told["calls"])
        return bool(told["failed"]), body

    def _why_it_ended(self, function: Function, worker: WorkerProcess, request: str) -> bytes:
        if not worker.timed_out:
            return _exited(request)
        after = f"{function.timeout_seconds:.2f} seconds"
        text = f"RequestId: {request} Error: Task timed out after {after}"
        return json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": text}).encode()

    def _account(self, function: Function, request: str, failed: bool, milliseconds: float) -> None:
        with self._lock:
            counted = self.counted[function.name]
            counted.invocations += 1
            counted.failures += failed
            counted.milliseconds += milliseconds
        took, size = f"{milliseconds:.2f} ms", f"{function.memory_mb} MB"
        line = f"REPORT RequestId: {request}\tDuration: {took}\tMemory Size: {size}\n"
        with self.log_file(function.name).open("a", encoding="utf-8") as log:
            log.write(line)

    def _bury(self, worker: WorkerProcess) -> None:
        with self._lock:
            self._live.pop(worker.pid, None)
        worker.kill()


def _exited(request: str) -> bytes:
    text = f"RequestId: {request} Error: Runtime exited without providing a reason"
    return json.dumps({"errorType": "Runtime.ExitError", "errorMessage": text}).encode()


def _bounded(failed: bool, answer: bytes) -> tuple[bool, bytes]:
    if len(answer) <= SYNCHRONOUS_PAYLOAD_BYTES:
        return failed, answer
    most = f"({SYNCHRONOUS_PAYLOAD_BYTES} bytes)"
    text = f"Response payload size exceeded maximum allowed payload size {most}."
    return True, json.dumps(
        {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": text}
    ).encode()
