"""What runs inside a worker process: the Lambda runtime's part, on the standard library alone.

Started as a plain file by ``python -I -S``, so that nothing of this environment is importable in
it. Two ways in, with the same worker behind both:

``runtime.py fork FD LIFE``
    The fork server of one set of layers. It imports what the layers bring once, then forks a
    worker for every request (a JSON configuration and a socket) that arrives on `FD`.
``runtime.py spawn FD LIFE``
    One worker, whose configuration is the first frame on `FD`. Where forking is unsafe.

`LIFE` is the reading end of a pipe that the server holds open: at its end of file everything here
ends, also in the middle of an invocation, also when the server was killed.
"""

from __future__ import annotations

import decimal
import gc
import importlib
import json
import logging
import os
import runpy
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from typing import Any

#: Imported before the first fork, where the layers have them: half a second of each cold start.
PRELOAD = (
    "boto3",
    "pydantic",
    "aws_lambda_powertools",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.typing",
    "httpx",
    "jinja2.sandbox",
    "jsonschema",
    "jsonschema_rs",
    "rfc3339_validator",
)
#: Clients whose service models are read before the first fork (the models, never a client).
PRELOAD_CLIENTS = ("dynamodb", "s3", "stepfunctions", "secretsmanager", "events", "sqs")
LOG_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(message)s"


class Identity:
    """Nobody: only mobile SDKs send an identity."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    """The context object that Lambda hands to a handler."""

    def __init__(self, request: dict[str, Any]) -> None:
        environment = os.environ
        self.aws_request_id: str = request["id"]
        self.invoked_function_arn: str = request["arn"]
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = Identity()
        self.client_context = None
        self._deadline: float = request["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the function's timeout, on the cloud's clock."""
        return max(0, int((self._deadline - virtual_now()) * 1000))

    def log(self, message: object) -> None:
        """Write to the function's log."""
        sys.stdout.write(f"{message}\n")


def virtual_now() -> float:
    """Return epoch seconds on the cloud's clock."""
    line = os.environ.get("INTERLOCK_CLOCK")
    if not line:
        return time.time()
    clock = json.loads(line)
    now: float = clock["virtual"] + (time.time() - clock["real"]) * clock["scale"]
    return now


def send(connection: socket.socket, data: bytes) -> None:
    """Send one frame."""
    connection.sendall(struct.pack(">I", len(data)) + data)


def receive(connection: socket.socket) -> bytes | None:
    """Receive one frame; None at the end of the stream."""
    head = exactly(connection, 4)
    return None if head is None else exactly(connection, struct.unpack(">I", head)[0])


def exactly(connection: socket.socket, count: int) -> bytes | None:
    """Receive `count` bytes; None when the stream ends before."""
    parts = []
    while count:
        part = connection.recv(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def plain(value: object) -> object:
    """Serialize what Lambda's own encoder takes beyond JSON."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def failure(kind: str, message: str, request: str, trace: list[str]) -> bytes:
    """Return the body that Lambda answers for a failed invocation."""
    return json.dumps(
        {"errorMessage": message, "errorType": kind, "requestId": request, "stackTrace": trace}
    ).encode()


class Worker:
    """One function, imported; invoked until its socket ends."""

    def __init__(self, config: dict[str, Any], connection: socket.socket) -> None:
        self.connection = connection
        self.config = config
        self.handler: Any = None
        self.kill_points: Any = None
        self.broken: tuple[str, str, list[str]] | None = None

    def prepare(self) -> None:
        """Take on the function's environment, paths and log, then import its handler."""
        os.environ.clear()
        os.environ.update(self.config["environment"])
        time.tzset()
        log = os.open(self.config["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False, encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False, encoding="utf-8")
        logging.basicConfig(format=LOG_FORMAT, stream=sys.stdout, force=True)
        logging.getLogger().setLevel(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "WARNING"))
        # the code folder is read-only in Lambda, and a template's asset here: compile elsewhere
        sys.pycache_prefix = self.config["pycache"]
        sys.dont_write_bytecode = False
        sys.path[:] = [
            *self.config["paths"],
            *(p for p in sys.path if p not in self.config["paths"]),
        ]
        importlib.invalidate_caches()
        self.load(self.config["handler"])

    def load(self, dotted: str) -> None:
        """Import the handler, or keep what Lambda says when that fails."""
        module, _, name = dotted.rpartition(".")
        try:
            imported = importlib.import_module(module.replace("/", "."))
        except SyntaxError as error:
            self.broken = (
                "Runtime.UserCodeSyntaxError",
                f"Syntax error in module '{module}': {error}",
                [],
            )
        except ImportError as error:
            self.broken = (
                "Runtime.ImportModuleError",
                f"Unable to import module '{module}': {error}",
                [],
            )
        except Exception as error:  # noqa: BLE001 - a module may fail in any way at import
            self.broken = (
                type(error).__name__,
                str(error),
                traceback.format_tb(error.__traceback__),
            )
        else:
            self.handler = getattr(imported, name, None)
            if self.handler is None:
                self.broken = (
                    "Runtime.HandlerNotFound",
                    f"Handler '{name}' missing on module '{module}'",
                    [],
                )

    def invoke(self, request: dict[str, Any], payload: bytes) -> tuple[bool, bytes]:
        """Run the handler once; say whether it failed, and the body."""
        if self.broken is not None:
            kind, message, trace = self.broken
            return True, failure(kind, message, request["id"], trace)
        try:
            answer = self.call(request, payload)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its answer
            frames = traceback.extract_tb(error.__traceback__)
            trace = traceback.format_list([f for f in frames if f.filename != __file__])
            return True, failure(type(error).__name__, str(error), request["id"], trace)
        try:
            return False, json.dumps(answer, ensure_ascii=False, default=plain).encode("utf-8")
        except (TypeError, ValueError) as error:
            message = f"Unable to marshal response: {error}"
            return True, failure("Runtime.MarshalError", message, request["id"], [])

    def call(self, request: dict[str, Any], payload: bytes) -> Any:
        """Call the handler; under the eyes of the kill points where the cloud has a plan."""
        event, context = json.loads(payload), Context(request)
        if "kill_points" not in request:
            return self.handler(event, context)
        if self.kill_points is None:
            found: dict[str, Any] = runpy.run_path(request["kill_points"])
            self.kill_points = found["KillPoints"]()
        self.kill_points.begin(request["kill"])
        answer = self.handler(event, context)
        return self.kill_points.around("return", lambda: answer)

    def serve(self) -> None:
        """Answer invocations, one at a time, until the server closes the socket."""
        self.prepare()
        send(self.connection, json.dumps({"broken": self.broken}).encode())
        while (head := receive(self.connection)) is not None:
            request = json.loads(head)
            payload = receive(self.connection)
            if payload is None:
                return
            os.environ.update(request["environment"])
            failed, answer = self.invoke(request, payload)
            sys.stdout.flush()
            sys.stderr.flush()
            seen = self.kill_points.seen if self.kill_points is not None else []
            send(self.connection, json.dumps({"failed": failed, "calls": seen}).encode())
            send(self.connection, answer)


def end_with(life: int) -> None:
    """End this process at once when the server is gone."""

    def watch() -> None:
        while os.read(life, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, name="life", daemon=True).start()


def preload(paths: list[str]) -> None:
    """Import what the layers bring, so that every fork has it already."""
    sys.path[:] = [*paths, *sys.path]
    os.environ.update({"AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull})
    for name in PRELOAD:
        try:
            importlib.import_module(name)
        except ImportError:
            if name in sys.modules:
                raise
    session: Any = sys.modules.get("botocore.session")
    if session is None:
        return
    loader = session.Session().get_component("data_loader")
    session.create_loader = lambda _path=None: loader  # service models are data: shared, read once
    nobody = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "none")
    for service in PRELOAD_CLIENTS:
        session.Session().create_client(service, **nobody).close()


def fork_server(control: socket.socket, life: int) -> None:
    """Fork a worker for each configuration and socket that arrive, until the server closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    first = receive(control)
    if first is None:
        return
    gc.disable()  # what is imported here stays, in every worker: none has to look through it again
    preload(json.loads(first)["layers"])
    gc.freeze()
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            return
        frame = receive(control)
        if frame is None:
            return
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                control.close()
                gc.enable()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                end_with(life)
                Worker(json.loads(frame), socket.socket(fileno=descriptors[0])).serve()
                code = 0
            finally:
                os._exit(code)
        os.close(descriptors[0])
        send(control, str(pid).encode())


def spawned(connection: socket.socket, life: int) -> None:
    """Be the one worker that the first frame describes."""
    end_with(life)
    frame = receive(connection)
    if frame is not None:
        Worker(json.loads(frame), connection).serve()


def main() -> None:
    """Start in the mode that the first argument names."""
    mode, descriptor, life = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the server ends us
    connection = socket.socket(fileno=descriptor)
    if mode == "fork":
        fork_server(connection, life)
    else:
        spawned(connection, life)


if __name__ == "__main__":
    main()
