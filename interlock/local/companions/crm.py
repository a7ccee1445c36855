"""A small CRM: tickets over HTTP with a bearer token, idempotency keys and a log of its own.

    python -m interlock.local.companions.crm --port 0 --database FILE --token-file FILE --log FILE

Prints `{"url": ...}` as its first line when it listens. GET, PUT and PATCH `/tickets/{id}`, PUT
`/tickets/{id}/closure`. With `--faults`, `POST /_faults` makes the next requests go wrong and
`DELETE /_faults` ends that. The log gets one line a request and one a write, without any value
of a ticket: tests count from it.
"""

import argparse
import hmac
import json
import re
import signal
import socket
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from functions.core.domain.canonical import parse_strict
from functions.core.domain.errors import InvalidJson
from interlock.local.companions.ticket_book import Reply, TicketBook, Write

if TYPE_CHECKING:
    from interlock.local.companions.faults import Fault, Faults

MOST_BODY_BYTES: Final = 262_144
IDLE_SECONDS: Final = 30

_TICKET: Final = re.compile(r"/tickets/([^/]+)(/closure)?")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_CHUNK: Final = b"x" * 65_536


class RequestLog:
    """Appends one JSON line an entry; a line is whole or absent."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, **entry: Any) -> None:
        """Write one entry, with the time."""
        line = json.dumps({"at": datetime.now(UTC).isoformat(), **entry}, sort_keys=True)
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class Crm(ThreadingHTTPServer):
    """The server; one thread a connection."""

    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        port: int,
        *,
        book: TicketBook,
        token_file: Path,
        log: RequestLog,
        faults: "Faults | None",
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.book = book
        self.log = log
        self.faults = faults
        self.closing = threading.Event()
        self._token_file = token_file

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def knows(self, authorization: str) -> bool:
        """Say whether the header holds the token, as its file has it now."""
        token = self._token_file.read_text().strip()
        return bool(token) and hmac.compare_digest(
            authorization.encode(), f"Bearer {token}".encode()
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about callers that hang up; that is what they are tested for."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Refused(Exception):
    """A request that is answered without being looked into."""

    def __init__(self, status: int, error: str) -> None:
        self.reply = Reply(status, {"error": error})
        super().__init__(error)


class _Handler(BaseHTTPRequestHandler):
    server: Crm
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, *_: Any) -> None:
        """Say nothing on the console: the log is the record."""

    def _serve(self) -> None:
        path = urlsplit(self.path).path
        if path == "/health":
            self._send(Reply(200, {"status": "ok"}))
        elif path == "/_faults" and self.server.faults is not None:
            self._send(self._set_faults(self.server.faults))
        else:
            self._work(path, self.server.faults.take() if self.server.faults else None)

    def _set_faults(self, faults: "Faults") -> Reply:
        try:
            if self.command == "DELETE":
                faults.clear()
                return Reply(200, {"due": 0})
            return Reply(200, {"due": faults.add(self._json(self._body()))})
        except _Refused as refused:
            return refused.reply
        except ValueError as problem:  # pydantic's, which is imported only where faults are
            return Reply(400, {"error": str(problem)})

    def _work(self, path: str, fault: "Fault | None") -> None:
        if fault is not None and self._fails_first(path, fault):
            return
        body = b""
        try:
            body = self._body()
            reply = self._answer(path, body)
        except _Refused as refused:
            reply = refused.reply
        self._note(path, reply.status, replayed=reply.replayed)
        if fault is None or not self._fails_last(fault, body):
            self._send(reply)

    def _fails_first(self, path: str, fault: "Fault") -> bool:
        """Go wrong before anything is done; say whether that was all."""
        if fault.kind in ("delay", "hang"):
            self.server.closing.wait(fault.seconds)
        if fault.kind not in ("status", "hang", "drop", "redirect"):
            return False
        self._note(path, fault.status if fault.kind == "status" else 0, fault=fault.kind)
        if fault.kind == "status":
            self._body()
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            self._send(Reply(fault.status, {"error": "as asked for"}), headers)
        elif fault.kind == "redirect":
            self._body()
            self._send(Reply(307, {"error": "moved"}), {"Location": fault.location})
        else:
            self._drop()
        return True

    def _fails_last(self, fault: "Fault", body: bytes) -> bool:
        """Go wrong after the work was done; say whether the answer is given already."""
        if fault.kind == "fail_after_write":
            self._send(Reply(fault.status, {"error": "as asked for"}))
        elif fault.kind == "drop_after_write":
            self._drop()
        elif fault.kind == "echo":
            self._send_bytes(200, body, {})
        elif fault.kind == "not_json":
            self._send_bytes(200, b"<html>all is well</html>", {"Content-Type": "text/html"})
        elif fault.kind == "large_body":
            self._send_large(fault.size)
        else:
            return False
        return True

    def _answer(self, path: str, body: bytes) -> Reply:
        if not self.server.knows(self.headers.get("Authorization", "")):
            raise _Refused(401, "no valid token")
        match = _TICKET.fullmatch(path)
        ticket_id = unquote(match[1]) if match else ""
        if match is None or not _ID.fullmatch(ticket_id):
            raise _Refused(404, "no such resource")
        closes = match[2] is not None
        if self.command == "GET" and not closes:
            return self.server.book.read(ticket_id)
        if self.command != "PUT" and (closes or self.command != "PATCH"):
            raise _Refused(405, "not with this method")
        key = self.headers.get("Idempotency-Key")
        if key is not None and not _KEY.fullmatch(key):
            raise _Refused(400, "the idempotency key is malformed")
        write = Write(self.command, ticket_id, closes, self._json(body), key)
        reply = self.server.book.write(write)
        if reply.wrote:
            self.server.log.add(
                kind="write",
                method=self.command,
                ticket_id=ticket_id,
                closes=closes,
                key=key,
                version=reply.body["version"],
                fields=sorted(write.fields),
            )
        return reply

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0" if self.command == "GET" else "")
        if not length.isdigit():
            self.close_connection = True
            raise _Refused(411, "say how long the body is")
        if int(length) > MOST_BODY_BYTES:
            self.close_connection = True
            raise _Refused(413, "the body is too large")
        return self.rfile.read(int(length))

    def _json(self, body: bytes) -> dict[str, Any]:
        try:
            value = parse_strict(body)
        except InvalidJson as problem:
            raise _Refused(400, f"the body is no JSON: {problem.reason}") from None
        if not isinstance(value, dict):
            raise _Refused(400, "the body is no object")
        return value

    def _note(self, path: str, status: int, **more: Any) -> None:
        key = self.headers.get("Idempotency-Key")
        self.server.log.add(
            kind="request", method=self.command, path=path, status=status, key=key, **more
        )

    def _send(self, reply: Reply, headers: dict[str, str] | None = None) -> None:
        more = dict(headers or {})
        if reply.replayed:
            more["Idempotent-Replay"] = "true"
        self._send_bytes(reply.status, json.dumps(reply.body).encode(), more)

    def _send_bytes(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_large(self, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.close_connection = True
        while size > 0 and not self.server.closing.is_set():
            size -= self.wfile.write(_CHUNK[:size])

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _faults() -> "Faults":
    """Load what makes it go wrong; the laptop cloud starts without it, and sooner."""
    from interlock.local.companions.faults import Faults

    return Faults()


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="crm", description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--token-file", type=Path, required=True, help="read at each request")
    parser.add_argument("--log", type=Path, required=True, help="appended to")
    parser.add_argument("--faults", action="store_true", help="go wrong on request (tests)")
    given = parser.parse_args(arguments)
    book = TicketBook(given.database)
    server = Crm(
        given.port,
        book=book,
        token_file=given.token_file,
        log=RequestLog(given.log),
        faults=_faults() if given.faults else None,
    )

    def stop(*_: Any) -> None:
        server.closing.set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(json.dumps({"url": server.url}), flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    book.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
