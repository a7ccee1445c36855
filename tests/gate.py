"""What stands between a cloud and its CRM, so that it can be down."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class Gate:
    """A way to the CRM that can be shut: nobody listens then, as when it is down."""

    def __init__(self) -> None:
        self._to: tuple[str, int] | None = None
        self._ends: list[socket.socket] = []
        self._socket = self._listening(0)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def lead_to(self, url: str) -> None:
        """Say where it leads."""
        parts = urlsplit(url)
        self._to = (parts.hostname, parts.port)

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Refuse connections for as long as this lasts."""
        self.close()
        try:
            yield
        finally:
            self._socket = self._listening(self.port)

    def close(self) -> None:
        """Listen no more, and cut what is open."""
        for end in (self._socket, *self._ends):  # a shutdown wakes who waits in accept() or recv()
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._ends.clear()

    def _listening(self, port: int) -> socket.socket:
        listening = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
        return listening

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            callee = socket.create_connection(self._to)
            self._ends += [caller, callee]
            for one, other in ((caller, callee), (callee, caller)):
                threading.Thread(target=_forward, args=(one, other), daemon=True).start()


def _forward(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
