"""The lexical model behind an OpenAI-compatible address: to rehearse calls over a real wire.

    python -m interlock.local.companions.model --catalog DIR

Prints `{"url": ...}` as its first line when it listens. It answers `POST /v1/chat/completions`
as the embedded target would, from the same messages; the drafts of a task come from its output
schema in the catalog. `POST /v1/_next` with a list of texts makes its next answers these texts.
"""

import argparse
import json
import signal
import sys
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from functions.core.adapters.embedded_model import MODEL, EmbeddedModel
from functions.core.domain.models import AnswerStatus, ModelRequest
from functions.core.domain.schemas import public_schema
from functions.core.domain.targets import Target

MOST_BODY_BYTES: Final = 1_048_576
TARGET: Final = Target.model_validate(
    {
        "dialect": "embedded",
        "model": MODEL,
        "limits": {"context_tokens": 65_536, "output_tokens": 4_096},
        "prices": {
            "input_usd_per_million": "0",
            "output_usd_per_million": "0",
            "as_of": "2026-11-22",
            "source": "runs on this machine",
        },
    }
)


class ModelServer(ThreadingHTTPServer):
    """The server; one thread a connection."""

    daemon_threads = True

    def __init__(self, port: int, catalog: Path) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.model = EmbeddedModel()
        self.scripted: deque[str] = deque()
        self.schemas = {
            file.parent.name: json.loads(file.read_text(encoding="utf-8"))
            for file in sorted(catalog.glob("ai_tasks/*/output.schema.json"))
        }

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def _asked_for(self, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return name and schema of what is asked for; the catalog's, which has the drafts."""
        if "response_format" in body:
            form = body["response_format"]["json_schema"]
            return form["name"], self.schemas.get(form["name"], form["schema"])
        told = json.loads(body["messages"][0]["content"].rpartition("JSON Schema:\n")[2])
        same = ((n, schema) for n, schema in self.schemas.items() if public_schema(schema) == told)
        return next(same, ("answer", told))

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the completion of one request."""
        name, schema = self._asked_for(body)
        answer = self.model.complete(
            ModelRequest(
                target_name="rehearsal",
                target=TARGET,
                messages=body["messages"],
                schema=schema,
                schema_name=name,
                max_output_tokens=int(body["max_tokens"]),
                timeout_seconds=10,
                attempt="rehearsal",
            )
        )
        text = self.scripted.popleft() if self.scripted else answer.text
        usage = answer.usage
        finish = "length" if answer.status is AnswerStatus.CUT else "stop"
        return {
            "object": "chat.completion",
            "model": MODEL,
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish,
                    "message": {"role": "assistant", "content": text},
                }
            ],
            "usage": {
                "prompt_tokens": usage.input_tokens if usage else 0,
                "completion_tokens": usage.output_tokens if usage else 0,
            },
        }


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if length > MOST_BODY_BYTES:
            self._send(413, {"error": {"message": "too large"}})
            return
        body = json.loads(self.rfile.read(length))
        if self.path.endswith("/_next"):
            self.server.scripted.extend(body)
            self._send(200, {"due": len(self.server.scripted)})
        elif self.path.endswith("/chat/completions"):
            self._send(200, self.server.complete(body))
        else:
            self._send(404, {"error": {"message": "no such path"}})

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing on the console."""


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--catalog", type=Path, required=True)
    told = parser.parse_args()
    server = ModelServer(told.port, told.catalog)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": server.url}), flush=True)
    ended.wait()
    sys.exit(0)


if __name__ == "__main__":
    main()
