"""One HTTP exchange with an outside system: bounded in time and size, sent once.

The transport under the adapters that speak HTTP; no port of its own. It never retries, never
follows a redirect, keeps no cookies, and reads no proxy or password from the environment: a proxy
is one that a definition names.
"""

import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from functions.core.domain.canonical import canonical
from functions.core.domain.connections import DIRECT, Connection

NOT_SENT: Final[tuple[type[Exception], ...]] = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.InvalidURL,
    httpx.LocalProtocolError,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""The other side has seen nothing of the request."""

MAYBE_SENT: Final[tuple[type[Exception], ...]] = (
    httpx.CloseError,
    httpx.CookieConflict,
    httpx.DecodingError,
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.RemoteProtocolError,
    httpx.StreamError,
    httpx.TooManyRedirects,
    httpx.WriteError,
    httpx.WriteTimeout,
)
"""What became of the request, nobody here can tell."""

ABSTRACT: Final[tuple[type[Exception], ...]] = (
    httpx.HTTPError,
    httpx.HTTPStatusError,
    httpx.NetworkError,
    httpx.ProtocolError,
    httpx.RequestError,
    httpx.TimeoutException,
    httpx.TransportError,
)
"""Bases, and what only `raise_for_status` raises; whatever else they bring may have been sent."""

_MOST_SECONDS: Final = 86_400.0
_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


Sign = Callable[[str, str, Mapping[str, str], bytes | None], Mapping[str, str]]
"""(method, url, headers, content) -> the headers to send, a signature among them."""


class ExchangeFailed(Exception):
    """No answer that could be read; `why` names the error's kind, never a value."""

    def __init__(self, why: str, *, sent: bool) -> None:
        self.why = why
        self.sent = sent
        super().__init__(why)


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def wait_seconds(self) -> float | None:
        """How long the other side asks to wait (`Retry-After`, RFC 9110), if it says.

        A date is read against the answer's own `Date`, so that no clock of ours is needed.
        """
        told = self.headers.get("retry-after", "").strip()
        if _SECONDS.fullmatch(told):
            return min(float(told), _MOST_SECONDS)
        try:
            until = parsedate_to_datetime(told)
            now = parsedate_to_datetime(self.headers.get("date", ""))
            seconds = (until - now).total_seconds()
        except (TypeError, ValueError):
            return None
        return min(max(seconds, 0.0), _MOST_SECONDS)


class HttpExchange:
    """Pools of connections for requests that are sent once: one pool a way to go.

    It sits on the transport, beneath httpx's client: what a client adds (redirects, cookies,
    proxies and passwords of the environment) must never happen here, and a call without it
    takes a third less of the processor.
    """

    def __init__(self) -> None:
        self._transports = {DIRECT: _transport(DIRECT)}

    def close(self) -> None:
        """Let go of the connections."""
        for transport in self._transports.values():
            transport.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Any | None,
        connect_seconds: float,
        read_seconds: float,
        most_bytes: int,
        connection: Connection = DIRECT,
        sign: Sign | None = None,
    ) -> Reply:
        """Send one request with a JSON body (none for None) and read at most *most_bytes*.

        *read_seconds* bounds each wait for a byte and the whole answer together.

        Raises
        ------
        ExchangeFailed
            Whatever happened, with whether the other side may have seen the request.
        """
        content = None if body is None else canonical(body)
        plain = {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": "interlock",
            **headers,
        }
        if content is not None:
            plain["Content-Type"] = "application/json"
        if sign is not None:
            plain |= sign(method, url, plain, content)
        timeout = httpx.Timeout(read_seconds, connect=connect_seconds, pool=connect_seconds)
        try:
            request = httpx.Request(
                method,
                url,
                headers=plain,
                content=content,
                extensions={"timeout": timeout.as_dict()},
            )
        except (httpx.InvalidURL, UnicodeError, TypeError, ValueError) as problem:
            raise ExchangeFailed(type(problem).__name__, sent=False) from None
        transport = self._transports.get(connection)
        if transport is None:
            transport = self._transports[connection] = _transport(connection)
        try:
            reply = transport.handle_request(request)
            try:
                return Reply(
                    reply.status_code, reply.headers, _read(reply, most_bytes, read_seconds)
                )
            finally:
                reply.close()
        except NOT_SENT as problem:
            raise ExchangeFailed(type(problem).__name__, sent=False) from None
        except (*MAYBE_SENT, *ABSTRACT) as problem:
            raise ExchangeFailed(type(problem).__name__, sent=True) from None


def _transport(connection: Connection) -> httpx.HTTPTransport:
    authorities = connection.ca_certificates
    return httpx.HTTPTransport(
        # with authorities of its own, nobody else's certificate is believed
        verify=ssl.create_default_context(cadata=authorities) if authorities else True,
        proxy=connection.proxy,
        limits=httpx.Limits(max_connections=8, keepalive_expiry=4),
        trust_env=False,
    )


def _read(reply: httpx.Response, most_bytes: int, seconds: float) -> bytes:
    if reply.headers.get("content-encoding", "identity") != "identity":
        # Refused, not decoded: a few bytes can unfold into gigabytes.
        raise ExchangeFailed("ContentEncoding", sent=True)
    until = time.monotonic() + seconds
    parts = bytearray()
    for part in reply.iter_raw():
        parts += part
        if len(parts) > most_bytes:
            raise ExchangeFailed("TooLarge", sent=True)
        if time.monotonic() > until:
            raise ExchangeFailed("ReadTimeout", sent=True)
    return bytes(parts)
