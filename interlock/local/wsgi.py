"""moto as one WSGI application: a lock a store, the cloud's own paths beside it."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

_SCOPE = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/")
#: moto's stores check and write without a lock: two conditional puts both win. One lock each, not
#: for what waits inside a request (Lambda, Step Functions, SQS's long polls).
_LOCKED = ("dynamodb", "s3", "secretsmanager", "ssm", "iam", "events", "scheduler")
CONTROL = "/_local/"

Control = Callable[[str, str, dict[str, str], bytes], tuple[int, object]]
#: access key, body -> status and XML document
CloudFormation = Callable[[str, bytes], tuple[int, bytes]]


class Application:
    """The cloud's WSGI application.

    Attributes
    ----------
    control
        Answers the cloud's own paths: method, path after the prefix, headers in lower case (the
        query under ``?``), body -> status and JSON value.
    cloudformation
        Answers CloudFormation's requests, which never reach moto.
    """

    def __init__(self) -> None:
        self._locks = {service: threading.RLock() for service in _LOCKED}
        self._moto = DomainDispatcherApplication(create_backend_app)
        # moto lists its own folder on disk for every request, under a lock
        self._moto.get_backend_for_host = functools.cache(self._moto.get_backend_for_host)
        self.control: Control = lambda *_: (503, {"error": "the cloud is starting"})
        self.cloudformation: CloudFormation = lambda *_: (503, b"")

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"].startswith(CONTROL):
            return self._own(environ, start_response)
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        key, service = scope.groups() if scope else ("", "")
        if service == "cloudformation":
            status, document = self.cloudformation(key, _body(environ))
            return _answer(start_response, status, "text/xml", document)
        with self._locks.get(service) or contextlib.nullcontext():
            return list(self._moto(environ, start_response))

    def _own(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        headers = {
            key.removeprefix("HTTP_").lower().replace("_", "-"): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        headers["?"] = environ.get("QUERY_STRING", "")
        path = environ["PATH_INFO"].removeprefix(CONTROL)
        status, answer = self.control(environ["REQUEST_METHOD"], path, headers, _body(environ))
        document = json.dumps(answer, default=str).encode()
        return _answer(start_response, status, "application/json", document)


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    return body


def _answer(
    start_response: Callable[..., object], status: int, kind: str, document: bytes
) -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(document)))]
    start_response(f"{status} -", headers)
    return [document]


class _Handler(MotoRequestHandler):  # type: ignore[misc]  # moto is untyped
    protocol_version = "HTTP/1.1"  # moto's own closes every connection

    def log_request(self, *_: object) -> None:
        """Say nothing: a request is no event."""


def listen(application: Application, port: int = 0) -> BaseWSGIServer:
    """Listen on the loopback interface; port 0 takes a free one."""
    return make_server("127.0.0.1", port, application, threaded=True, request_handler=_Handler)
