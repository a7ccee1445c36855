"""boto3 clients that reach the cloud in its own process: no socket, the same requests and locks."""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

WsgiApp = Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]


class _Raw(io.BytesIO):
    """A body that urllib3's users can stream."""

    def stream(self, **_: object) -> Iterable[bytes]:
        while chunk := self.read(1 << 16):
            yield chunk


class InProcess:
    """Makes boto3 clients whose requests go straight into a WSGI application.

    Parameters
    ----------
    app
        The cloud's application.
    endpoint
        The address that the requests carry (and that queue URLs are made of).
    region
        The one region.
    """

    def __init__(self, app: WsgiApp, endpoint: str, region: str) -> None:
        self._app = app
        self._endpoint = endpoint
        self._region = region
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._session: Any = boto3.session.Session()

    def client(self, service: str) -> Any:
        """Return the client of `service` with the developer's keys."""
        with self._lock:
            if service not in self._clients:
                made = self._session.client(
                    service,
                    endpoint_url=self._endpoint,
                    region_name=self._region,
                    aws_access_key_id="deploy",
                    aws_secret_access_key="deploy",  # noqa: S106 - any key will do
                    config=Config(
                        retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
                    ),
                )
                made.meta.events.register("before-send", self._send)
                self._clients[service] = made
            return self._clients[service]

    def _send(self, request: Any, **_: object) -> AWSResponse:
        started: dict[str, Any] = {}

        def start_response(
            status: str, headers: list[tuple[str, str]], _info: object = None
        ) -> None:
            started["status"], started["headers"] = int(status.split(maxsplit=1)[0]), dict(headers)

        body = b"".join(self._app(_environ(request), start_response))
        return AWSResponse(request.url, started["status"], _folded(started["headers"]), _Raw(body))


@functools.cache
def share_service_models() -> None:
    """Let every botocore session of this process, moto's too, parse a service's model once.

    The models are megabytes of JSON: parsing them again for each session took a third of the
    time that a cloud needs to come up.
    """
    import botocore.loaders
    import botocore.session

    shared = botocore.loaders.create_loader()
    vars(botocore.session)["create_loader"] = lambda _path=None: shared


def _folded(headers: Mapping[str, str]) -> Any:
    from botocore.compat import HTTPHeaders

    return HTTPHeaders.from_dict({name.lower(): value for name, value in headers.items()})


def _environ(request: Any) -> dict[str, Any]:
    url = urlsplit(request.url)
    data = request.body or b""
    body: bytes = data.read() if hasattr(data, "read") else data
    if isinstance(body, str):
        body = body.encode()
    from urllib.parse import unquote

    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path or "/", "latin-1"),
        "RAW_URI": f"{url.path or '/'}{'?' + url.query if url.query else ''}",
        "REQUEST_URI": f"{url.path or '/'}{'?' + url.query if url.query else ''}",
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": url.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        text = value.decode() if isinstance(value, bytes) else str(value)
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    return environ
