"""The CRM companion as a process: what it keeps, what it refuses, and how it goes wrong."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.domain.operations import System
from functions.core.domain.schemas import validator
from interlock.definitions.project import load_project

ROOT = Path(__file__).parents[3]
AUTH = {"Authorization": "Bearer secret-1"}


class Running:
    """A running CRM and its files."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        (folder / "token").write_text("secret-1\n")
        command = [
            *(sys.executable, "-m", "interlock.local.companions.crm", "--port", "0"),
            *("--database", str(folder / "crm.sqlite"), "--token-file", str(folder / "token")),
            *("--log", str(folder / "crm.log"), *more),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.client = httpx.Client(base_url=self.url, headers=AUTH, timeout=5, trust_env=False)

    def write(self, ticket: str, fields: dict[str, Any], key: str | None = None) -> httpx.Response:
        """Patch a ticket."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.client.patch(f"/tickets/{ticket}", json=fields, headers=headers)

    def fault(self, **fault: Any) -> None:
        """Make the next request go wrong."""
        assert self.client.post("/_faults", json=fault).status_code == 200

    def logged(self, kind: str) -> list[dict[str, Any]]:
        """Return the entries of one kind from its log."""
        log = self.folder / "crm.log"
        lines = log.read_text().strip().split("\n") if log.exists() else []
        return [entry for entry in map(json.loads, lines) if entry["kind"] == kind]

    def stop(self) -> int:
        """End it as the laptop cloud does."""
        self.client.close()
        self.process.terminate()
        code = self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Running]:
    """Yield a CRM that goes wrong on request."""
    running = Running(tmp_path, "--faults")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Yield one CRM for the cases that don't meet: starting a process is what takes time."""
    running = Running(tmp_path_factory.mktemp("crm"), "--faults")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def declared() -> System:
    """Return what the catalog says of the CRM."""
    return load_project(ROOT).systems["crm"]


def test_a_write_is_kept_and_read_back(crm: Running, declared: System) -> None:
    """What it answers is what the catalog declares, for each operation."""
    updated = crm.write("T-1", {"category": "billing", "reply": "Hello."})
    closed = crm.client.put("/tickets/T-1/closure", json={"reason": "spam"})
    read = crm.client.get("/tickets/T-1")

    operations = declared.operations
    assert updated.json() == {"ticket_id": "T-1", "status": "open", "version": 1}
    assert closed.json() == {"ticket_id": "T-1", "status": "closed", "version": 2}
    assert read.json()["reply"] == "Hello."
    for name, answer in (
        ("update_ticket", updated),
        ("close_ticket", closed),
        ("get_ticket", read),
    ):
        assert validator(operations[name].response_schema).errors(answer.json()) == []


def test_a_repeated_key_is_answered_and_not_done_again(crm: Running) -> None:
    """Same key and content: the first answer; other content: 409. One write in all."""
    first = crm.write("T-1", {"category": "a"}, key="run-1/Step.1")
    crm.write("T-1", {"category": "z"})
    again = crm.write("T-1", {"category": "a"}, key="run-1/Step.1")
    other = crm.write("T-1", {"category": "b"}, key="run-1/Step.1")
    elsewhere = crm.write("T-2", {"category": "a"}, key="run-1/Step.1")

    assert (first.json(), again.status_code) == (again.json(), 200)
    assert again.headers["idempotent-replay"] == "true"
    assert (other.status_code, elsewhere.status_code) == (409, 409)
    assert [entry["key"] for entry in crm.logged("write")] == ["run-1/Step.1", None]


def test_one_key_from_many_at_once_is_one_write(crm: Running) -> None:
    """Whoever loses the race is given the winner's answer."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: crm.write("T-1", {"a": 1}, key="k"), range(32)))

    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(crm.logged("write")) == 1
    assert len(crm.logged("request")) == 32


def test_keys_and_tickets_outlive_the_process(tmp_path: Path) -> None:
    """They are on disk: a repeat after a restart is still a repeat."""
    first = Running(tmp_path)
    written = first.write("T-1", {"a": 1}, key="k").json()
    assert first.stop() == 0

    second = Running(tmp_path)
    again = second.write("T-1", {"a": 1}, key="k").json()
    second.stop()

    assert again == written
    assert len(second.logged("write")) == 1


def test_the_token_is_read_at_each_request(crm: Running) -> None:
    """A rotated token counts at once; an empty file lets nobody in."""
    assert crm.client.get("/tickets/T-1").status_code == 404
    (crm.folder / "token").write_text("secret-2")
    rotated = crm.client.get("/tickets/T-1").status_code
    (crm.folder / "token").write_text("")
    empty = crm.client.get("/tickets/T-1", headers={"Authorization": "Bearer"}).status_code

    assert (rotated, empty) == (401, 401)


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/tickets/none", b"", 404),
        ("GET", "/tickets/a%2Fb", b"", 404),
        ("GET", "/other", b"", 404),
        ("POST", "/tickets/T-1", b"{}", 405),
        ("DELETE", "/tickets/T-1", b"{}", 405),
        ("PATCH", "/tickets/T-1/closure", b"{}", 405),
        ("PATCH", "/tickets/T-1", b"{", 400),
        ("PATCH", "/tickets/T-1", b'{"a": 1, "a": 2}', 400),
        ("PATCH", "/tickets/T-1", b"[]", 400),
        ("PATCH", "/tickets/T-1", b" " * 300_000, 413),
    ],
)
def test_what_does_not_fit_is_refused(
    shared: Running, method: str, path: str, content: bytes, status: int
) -> None:
    """Nothing of it is written."""
    answer = shared.client.request(method, path, content=content)

    assert answer.status_code == status
    assert [e for e in shared.logged("write") if e["ticket_id"] == "T-1"] == []


def test_the_log_holds_no_value_of_a_ticket(crm: Running) -> None:
    """Names of fields, keys and versions: what was written stays in the database."""
    crm.write("T-1", {"reply": "planted mark"})
    crm.client.patch("/tickets/T-1", content=b'{"planted mark')

    assert "planted" not in (crm.folder / "crm.log").read_text()
    assert crm.logged("write")[0]["fields"] == ["reply"]


@pytest.mark.parametrize(
    ("fault", "status", "writes"),
    [
        ({"kind": "status", "status": 429, "retry_after": "7"}, 429, 0),
        ({"kind": "redirect", "location": "http://127.0.0.1:1/"}, 307, 0),
        ({"kind": "fail_after_write"}, 500, 1),
        ({"kind": "echo"}, 200, 1),
        ({"kind": "not_json"}, 200, 1),
        ({"kind": "delay", "seconds": 0.2}, 200, 1),
        ({"kind": "large_body", "size": 3_000_000}, 200, 1),
    ],
)
def test_it_goes_wrong_as_asked_and_then_behaves(
    shared: Running, fault: dict[str, Any], status: int, writes: int
) -> None:
    """The next request is hit, with the work done or not as the fault says, and no other."""
    ticket = f"T-{fault['kind']}"
    shared.fault(**fault)

    hit = shared.write(ticket, {"reply": "planted"})
    spared = shared.client.get(f"/tickets/{ticket}").status_code

    assert hit.status_code == status
    assert len([e for e in shared.logged("write") if e["ticket_id"] == ticket]) == writes
    assert spared == (200 if writes else 404)
    assert hit.headers.get("retry-after") == fault.get("retry_after")


@pytest.mark.parametrize(("kind", "writes"), [("drop", 0), ("drop_after_write", 1), ("hang", 0)])
def test_it_falls_silent_as_asked(shared: Running, kind: str, writes: int) -> None:
    """The caller gets no answer, whether or not the work was done."""
    ticket = f"T-{kind}"
    shared.fault(kind=kind, seconds=30)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, httpx.ReadTimeout)):
        shared.client.patch(f"/tickets/{ticket}", json={}, timeout=0.5)

    assert len([e for e in shared.logged("write") if e["ticket_id"] == ticket]) == writes


def test_faults_count_and_can_be_taken_back(crm: Running) -> None:
    """A fault for three requests hits three; DELETE ends what is left."""
    crm.fault(kind="status", status=500, count=3)
    hit = crm.client.get("/tickets/T-1").status_code
    crm.client.delete("/_faults")

    assert hit == 500
    assert crm.client.get("/tickets/T-1").status_code == 404
    assert crm.client.post("/_faults", json={"kind": "explode"}).status_code == 400


def test_nobody_breaks_a_crm_that_was_not_told_to_be_breakable(tmp_path: Path) -> None:
    """Without the switch the path does not exist."""
    running = Running(tmp_path)
    answer = running.client.post("/_faults", json={"kind": "drop"})
    running.stop()

    assert answer.status_code == 404


def test_it_ends_while_somebody_waits(crm: Running) -> None:
    """A hanging answer does not keep the process."""
    crm.fault(kind="hang", seconds=60)
    with pytest.raises(httpx.ReadTimeout):
        crm.client.get("/tickets/T-1", timeout=0.2)

    assert crm.stop() == 0
