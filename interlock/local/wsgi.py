"""moto as one WSGI application: a lock a store, the cloud's own paths beside it."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import (
    BackendRequest,
    DomainDispatcherApplication,
    create_backend_app,
)
from moto.s3.responses import S3Response
from werkzeug.exceptions import HTTPException

from interlock.local.http import Server

_SCOPE = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/")
#: moto's stores check and write without a lock: two conditional puts both win. One lock each, not
#: for what waits inside a request (Lambda, Step Functions, SQS's long polls).
_LOCKED = ("dynamodb", "s3", "secretsmanager", "ssm", "iam", "events", "scheduler")
CONTROL = "/_local/"
URLS = "/_url/"

Control = Callable[[str, str, dict[str, str], bytes], tuple[int, object]]
#: a request to a function URL and its body -> status, headers, content
FunctionUrl = Callable[[Mapping[str, Any], bytes], tuple[int, dict[str, str], bytes]]
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
    function_urls
        Answers what is sent to functions by their URLs.
    """

    def __init__(self) -> None:
        self._locks = {service: threading.RLock() for service in _LOCKED}
        self._moto = DomainDispatcherApplication(_backend_app)
        # moto lists its own folder on disk for every request, under a lock
        self._moto.get_backend_for_host = functools.cache(self._moto.get_backend_for_host)
        self._callbacks: dict[tuple[str, str], Callable[..., Any]] = {}
        self.control: Control = lambda *_: (503, {"error": "the cloud is starting"})
        self.cloudformation: CloudFormation = lambda *_: (503, b"")
        self.function_urls: FunctionUrl = lambda *_: (503, {}, b"")

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"].startswith(CONTROL):
            return self._own(environ, start_response)
        if environ["PATH_INFO"].startswith(URLS):
            status, headers, content = self.function_urls(environ, _body(environ))
            start_response(f"{status} -", [*headers.items(), ("Content-Length", str(len(content)))])
            return [content]
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        key, service = scope.groups() if scope else ("", "")
        if service == "cloudformation":
            status, document = self.cloudformation(key, _body(environ))
            return _answer(start_response, status, "text/xml", document)
        with self._locks.get(service) or contextlib.nullcontext():
            callback = self._direct(environ, service) or _of_object(environ, service)
            if callback is not None:
                return _called(callback, environ, start_response)
            return list(self._moto(environ, start_response))

    def _direct(self, environ: dict[str, Any], service: str) -> Callable[..., Any] | None:
        """Return what moto calls for a JSON request, whose route says nothing; else None.

        Flask's routing, contexts and cross-origin headers were an eighth of such a request.
        """
        target = environ.get("HTTP_X_AMZ_TARGET")
        if not target or environ["PATH_INFO"] != "/" or "HTTP_ORIGIN" in environ:
            return None
        key = (service, target.partition(".")[0])
        if key not in self._callbacks:
            application = self._moto.get_application(environ)
            views = application.url_map.bind("127.0.0.1").match("/", method="POST")
            self._callbacks[key] = application.view_functions[views[0]].callback
        return self._callbacks[key]

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


_OBJECT = re.compile(r"/[^/]+/[^/].*", re.DOTALL)


def _of_object(environ: dict[str, Any], service: str) -> Callable[..., Any] | None:
    """Return what moto calls for an object of a bucket, whose path says it all; else None."""
    ours = service == "s3" and environ["REQUEST_METHOD"] in {"GET", "PUT"}
    if not ours or "HTTP_ORIGIN" in environ or not _OBJECT.fullmatch(environ["PATH_INFO"]):
        return None
    dispatch: Callable[..., Any] = S3Response.key_dispatch
    return dispatch


class _Request(BackendRequest):  # type: ignore[misc]
    """A request as moto's views take it, whose address is put together once."""

    @functools.cached_property
    def raw_url(self) -> str:
        """The address as it was asked for."""
        host, target = self.environ.get("HTTP_HOST"), self.environ.get("RAW_URI", "")
        if not host or not target.startswith("/"):
            return str(super().raw_url)
        return f"http://{host}{target}"


def _backend_app(service: Any) -> Any:
    """Make a service's application without Flask's debug mode, which makes a class a request."""
    application = create_backend_app(service)
    application.debug = False
    return application


def _called(
    callback: Callable[..., Any], environ: dict[str, Any], start_response: Callable[..., object]
) -> Iterable[bytes]:
    """Answer a request as `moto.core.utils.convert_to_flask_response` does."""
    request = _Request(environ)
    try:
        status, headers, content = callback(request, request.raw_url, dict(request.headers))
    except ClientError as error:
        status, headers, content = 400, {}, error.response["Error"]["Message"]
    except HTTPException as error:
        return list(error(environ, start_response))
    body = content.encode() if isinstance(content, str) else content
    told = [(name, str(value)) for name, value in headers.items()]
    if not any(name.lower() == "content-type" for name, _ in told):
        told.append(("Content-Type", "text/html; charset=utf-8"))
    start_response(f"{status} -", told)
    return [body]


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


def listen(application: Application, port: int = 0) -> Server:
    """Listen on the loopback interface; port 0 takes a free one."""
    return Server(application, port)
