"""The three real handlers of an AI step, in one process, against one bare httpx call.

    python -m tests.bench.governed memory|stores ASSEMBLY MODEL_URL

`memory` puts stores in memory at the ports and leaves out what they take, so that the control
plane itself is measured; `stores` uses the tables and buckets that the environment names. The
model is a real HTTP process; the bare call sends the same body to the same server over a
connection that is kept open. Prints one JSON line: processor seconds of this process, round for
round.
"""

import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from functions.core import bootstrap
from functions.core.adapters.http_exchange import HttpExchange
from functions.core.domain.keys import Keyring
from functions.core.domain.names import nested_name
from tests.clouds import EVENTS
from tests.fakes import FakeBus, MemoryBlobs
from tests.memory_store import MemoryStore

SIZES = {"memory": (15, 25), "stores": (7, 5)}
"""Rounds, and calls a round."""


class Context:
    """What Lambda hands to a handler."""

    function_name = "bench"
    function_version = "1"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"

    def __init__(self) -> None:
        self.aws_request_id = str(uuid.uuid4())

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class Timed:
    """A stand-in for a store that knows how much processor time went into it."""

    seconds = 0.0
    """Of all stand-ins together."""

    def __init__(self, stand_in: Any) -> None:
        self._stand_in = stand_in

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._stand_in, name)

        def timed(*given: Any, **named: Any) -> Any:
            began = time.process_time()
            try:
                return method(*given, **named)
            finally:
                Timed.seconds += time.process_time() - began

        setattr(self, name, timed)
        return timed


def in_memory(assembly: Path) -> None:
    """Put stores in memory at the ports, and publish the assembly's catalog into them."""
    store, blobs, bus = Timed(MemoryStore()), Timed(MemoryBlobs()), Timed(FakeBus())
    keys = Keyring("m" * 64)
    for name, made in (("store", store), ("blobs", blobs), ("keys", keys), ("bus", bus)):
        setattr(bootstrap, name, lambda made=made: made)
    from functions.core.services.publishing import publish

    for file in sorted(assembly.glob("asset.*.json")):
        documents = json.loads(file.read_text(encoding="utf-8"))
        clock = bootstrap.clock()
        publish(bootstrap.catalog(), bootstrap.ledger(), clock, documents, by="bench")


class Step:
    """One AI step after the other, in a run that is open."""

    def __init__(self) -> None:
        event = json.loads((EVENTS / "ordinary_ticket.json").read_text(encoding="utf-8"))["detail"]
        event["ticket_id"] = f"B-{uuid.uuid4().hex[:12]}"
        envelope = {"v": 1, "workflow": "triage_ticket", "source": "api", "event": event}
        # let in, not received: no machine is started, since the run is driven from here
        received = bootstrap.door().let_in(json.dumps(envelope), "2026-11-22T08:00:00.000Z")
        assert received.what == "started", received
        admitted = bootstrap.runs().admit(received.run, f"execution:{received.run}")
        told = json.loads(admitted.item["input"])
        self.variables = {name: told[name] for name in ("subject", "text")}
        self.run, self.ticket, self.visit = received.run, admitted.ticket, 0
        from functions.call_model.handler import handle as call
        from functions.check_answer.handler import handle as check
        from functions.prepare_call.handler import handle as prepare

        self.prepare, self.call, self.check = prepare, call, check

    def __call__(self) -> None:
        """Prepare, call and check as run_ai_task does, with JSON between them."""
        self.visit += 1
        name = f"Classify.{self.visit}"
        step = {
            "run": self.run,
            "ticket": self.ticket,
            "step": name,
            "execution": nested_name(self.run, name),
            "task": "classify_ticket",
        }
        asked = {**step, "variables": self.variables, "number": 1, "target_index": 0}
        call = self._invoke(self.prepare, asked)
        answered = self._invoke(self.call, {**step, "call": call})
        checked = self._invoke(self.check, {**step, "call": call, "answered": answered})
        assert checked["next"] == "accepted", checked

    @staticmethod
    def _invoke(handle: Callable[..., Any], payload: dict[str, Any]) -> Any:
        return json.loads(json.dumps(handle(json.loads(json.dumps(payload)), Context())))


def sent_by(step: Step) -> tuple[str, dict[str, str], Any]:
    """Return address, headers and body of the request that a step sends to its model."""
    seen: list[Any] = []
    original = HttpExchange.send

    def send(self: HttpExchange, method: str, url: str, **how: Any) -> Any:
        seen.append((url, dict(how["headers"]), how["body"]))
        return original(self, method, url, **how)

    HttpExchange.send = send  # type: ignore[method-assign]
    try:
        step()
    finally:
        HttpExchange.send = original  # type: ignore[method-assign]
    return seen[0]


def bare_call(url: str, headers: dict[str, str], body: Any) -> Callable[[], None]:
    """Return a function that makes the same call with httpx and nothing else."""
    import httpx

    client = httpx.Client()

    def call() -> None:
        answer = client.post(url, headers=headers, json=body)
        answer.raise_for_status()
        assert answer.json()["choices"][0]["message"]["content"]

    return call


def processor_seconds(work: Callable[[], None], times: int) -> float:
    """Return what one call takes of this process's processor time, its stand-ins left out."""
    began, left_out = time.process_time(), Timed.seconds
    for _ in range(times):
        work()
    return (time.process_time() - began - (Timed.seconds - left_out)) / times


def main() -> None:
    mode, assembly, url = sys.argv[1:]
    os.environ["MODEL_BASE_URLS"] = json.dumps({"loopback": url})
    rounds, calls = SIZES[mode]
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        if mode == "memory":
            os.environ["STAGE"] = "dev"
            in_memory(Path(assembly))
        step = Step()
        bare = bare_call(*sent_by(step))
        ours, theirs = [], []
        for _ in range(rounds + 1):
            theirs.append(processor_seconds(bare, calls * 2))
            ours.append(processor_seconds(step, calls))
    print(json.dumps({"ours": ours[1:], "theirs": theirs[1:]}))


if __name__ == "__main__":
    main()
