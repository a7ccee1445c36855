"""A proxy that tunnels: a process of its own that does `CONNECT`, and says what it was asked.

    python -m tests.integration.adapters.connect_proxy [--refuse]

Prints its address, then a line for each request; ends with its standard input.
"""

import socket
import socketserver
import sys
import threading
from contextlib import suppress


class Tunnel(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Read the request, and carry bytes both ways."""
        line = self.rfile.readline().decode("latin-1").strip()
        while self.rfile.readline().strip():
            pass
        print(line, flush=True)
        method, place, _ = line.split(" ")
        if method != "CONNECT" or "--refuse" in sys.argv:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = place.rpartition(":")
        with socket.create_connection((host, int(port)), 5) as beyond:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_carry, args=(beyond, self.connection), daemon=True)
            back.start()
            _carry(self.connection, beyond)
            back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class Proxy(socketserver.ThreadingTCPServer):
    """One thread a connection."""

    daemon_threads = True


if __name__ == "__main__":
    with Proxy(("127.0.0.1", 0), Tunnel) as proxy:
        print(f"http://127.0.0.1:{proxy.server_address[1]}", flush=True)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        sys.stdin.read()
