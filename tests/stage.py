"""A small stage for tests: a catalog of one workflow, and every service on the fakes.

Money is in whole dollars here: an output token of the paid target costs one, an answer has at
most four, and the organisation has nine on two shards.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from functions.core.adapters.pdf_process import read_pdf
from functions.core.domain.ai_step import Step
from functions.core.domain.canonical import digest
from functions.core.domain.envelope import Envelope
from functions.core.domain.keys import Keyring
from functions.core.domain.names import dedup_text, nested_name, run_name
from functions.core.services.artifacts import Artifacts
from functions.core.services.call_model import CallModel
from functions.core.services.calls import Calls
from functions.core.services.catalog import Catalog
from functions.core.services.check_answer import CheckAnswer
from functions.core.services.close_attempt import CloseAttempt
from functions.core.services.deciding import Deciding
from functions.core.services.door import Door
from functions.core.services.evidence import Evidence
from functions.core.services.invoices import Invoices
from functions.core.services.labels import Labels
from functions.core.services.ledger import Ledger
from functions.core.services.limits import Limits
from functions.core.services.parking import Asked, Parking
from functions.core.services.prepare_call import PrepareCall
from functions.core.services.publishing import publish
from functions.core.services.runs import Runs
from functions.core.services.sending import Sending
from functions.core.services.sweep import Sweep
from functions.core.services.system_step import Endpoint, SystemCall, SystemStep
from functions.core.services.tools import Tools
from tests.fakes import (
    FakeBus,
    FakeClock,
    FakeIntake,
    FakeOrchestrator,
    FakeTasks,
    MemoryBlobs,
)
from tests.memory_store import MemoryStore

STAGE = "test"
TEAM = "desk"
KEYS = Keyring("a master secret for tests, of 32 or more characters")
WORST = 4
LIMIT = 9
ENDPOINTS = {"crm": Endpoint("https://crm.test/", "token")}

TASK: dict[str, Any] = {
    "name": "sort",
    "purpose": "Sort a note.",
    "owner": "desk@example.com",
    "team": TEAM,
    "system": "Sort the note.",
    "user": "{{ note }}",
    "output_schema": {
        "type": "object",
        "required": ["label"],
        "additionalProperties": False,
        "properties": {
            "label": {"enum": ["good", "bad"]},
            "quote": {"type": "string", "maxLength": 99, "x-data-class": "personal"},
        },
    },
    "variables_schema": {
        "type": "object",
        "required": ["note"],
        "additionalProperties": False,
        "properties": {"note": {"type": "string"}},
    },
    "route": "default",
    "policy": "plain",
    "limits": {"attempts": 2, "max_output_tokens": WORST, "deadline_seconds": 30},
}


def _target(model: str, dollars: int) -> dict[str, Any]:
    return {
        "dialect": "openai_chat",
        "model": model,
        "base_url": "https://model.test/v1",
        "prices": {
            "input_usd_per_million": "0",
            "output_usd_per_million": f"{dollars}000000" if dollars else "0",
            "as_of": "2026-11-22",
            "source": "made up",
        },
        "limits": {"context_tokens": 4096, "output_tokens": 64},
        "capabilities": ["json_schema"],
    }


MODELS: dict[str, Any] = {
    "targets": {"paid": _target("paid-1", 1), "free": _target("free-1", 0)},
    "routes": {"default": ["paid"], "gratis": ["free"], "both": ["paid", "free"]},
}


def _operation(effect: str) -> dict[str, Any]:
    return {
        "purpose": "Write a label.",
        "method": "PUT",
        "path": f"/notes/{{id}}/{effect}",
        "effect": effect,
        "request_schema": {
            "type": "object",
            "required": ["id", "label"],
            "additionalProperties": False,
            "properties": {"id": {"type": "string"}, "label": {"enum": ["good", "bad"]}},
        },
        "response_schema": {
            "type": "object",
            "required": ["ok"],
            "properties": {
                "ok": {"type": "boolean"},
                "echo": {"type": "string", "x-data-class": "personal"},
            },
        },
        "from_model": ["label"],
        "take": {"id": "/id"},
        **({"verify": "look"} if effect == "verify" else {}),
    }


def _look() -> dict[str, Any]:
    return {
        "purpose": "Read a label.",
        "method": "GET",
        "path": "/notes/{id}",
        "effect": "read",
        "request_schema": {
            "type": "object",
            "required": ["id"],
            "additionalProperties": False,
            "properties": {"id": {"type": "string"}},
        },
        "response_schema": {"type": "object"},
        "take": {"id": "/id"},
    }


EFFECTS = ("keyed", "idempotent", "once", "verify")
SYSTEM: dict[str, Any] = {
    "name": "crm",
    "owner": "crm@example.com",
    "purpose": "Keeps notes.",
    "auth": {"kind": "bearer"},
    "operations": {"look": _look(), **{effect: _operation(effect) for effect in EFFECTS}},
}
BUDGETS: dict[str, Any] = {
    "budgets": [{"scope": "organisation", "period": "month", "limit_usd": str(LIMIT), "shards": 2}]
}
POLICY: dict[str, Any] = {"name": "plain", "purpose": "Bounds.", "max_prompt_bytes": 2048}
INPUT: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "maxLength": 40},
        "note": {"type": "string", "x-data-class": "personal"},
        "order": {"type": "integer"},
        "asked_by": {"type": "string"},
        "tree": {},
    },
}


def _approval(operation: str) -> dict[str, Any]:
    return {
        "purpose": "Somebody looks first.",
        "operation": operation,
        "approvers": ["ana", "ben"],
        "groups": ["leads"],
        "quorum": 1,
        "requester": "/asked_by",
        "editable": ["label"],
        "below_confidence": "1",
        "expires_after_hours": 2,
        "remind_after_hours": 1,
        "on_expiry": "escalate",
        "escalation": {"approvers": ["zoe"], "expires_after_hours": 2, "on_expiry": "reject"},
    }


WORKFLOW: dict[str, Any] = {
    "name": "sort_notes",
    "owner": "desk@example.com",
    "team": TEAM,
    "purpose": "Sort notes.",
    "dedup_key": ["/id"],
    "input_schema": INPUT,
    "machine_schema": INPUT,
    "uses": {
        "ai_tasks": ["sort"],
        "operations": ["crm.look", *(f"crm.{effect}" for effect in EFFECTS)],
    },
    "triggers": [],
    "emits": [{"detail_type": "Note Sorted", "fields": ["label"]}],
    "approvals": {"keyed": _approval("crm.keyed"), "once": _approval("crm.once")},
}


EXTERNAL: dict[str, Any] = WORKFLOW | {
    "name": "judge_note",
    "external": True,
    "uses": {"ai_tasks": ["sort"], "operations": []},
    "approvals": {},
}
"""The same as one step of a state machine that somebody else owns."""


def compiled(**changed: dict[str, Any]) -> dict[str, Any]:
    """Return the deployment's document list, with some documents replaced by kind."""
    documents = {
        "ai_task": TASK,
        "models": MODELS,
        "system": SYSTEM,
        "budgets": BUDGETS,
        "policy": POLICY,
        "workflow": WORKFLOW,
    } | changed
    return {
        "documents": [
            {
                "kind": kind,
                "name": document.get("name", kind),
                "hash": digest(document),
                "document": document,
            }
            for kind, document in documents.items()
        ]
    }


@cache
def _published() -> MemoryStore:
    store, clock = MemoryStore(), FakeClock()
    publish(Catalog(store, clock), Ledger(store), clock, compiled(), by="deployment")
    return store


def published() -> MemoryStore:
    """Return a store that holds the catalog and this month's budget."""
    return _published().fork()


@cache
def _published_external() -> MemoryStore:
    store, clock = published(), FakeClock()
    documents = compiled(workflow=EXTERNAL)
    publish(Catalog(store, clock), Ledger(store), clock, documents, by="deployment")
    return store


def published_external() -> MemoryStore:
    """Return a store that knows the external workflow, too."""
    return _published_external().fork()


def run_of(dedup: str, workflow: str = "sort_notes") -> str:
    """Return the name of the run that `{"id": dedup}` asks for."""
    return run_name(KEYS.naming, STAGE, workflow, dedup_text([dedup]))


def envelope(event: Any, **said: Any) -> str:
    """Return the text of an envelope with *event*."""
    told = {"v": 1, "workflow": "sort_notes", "source": "api", "event": event} | said
    return Envelope.model_validate(told).model_dump_json(exclude_none=True)


@dataclass
class Stage:
    """All services over one set of fakes; any of them may be replaced."""

    store: Any = field(default_factory=published)
    clock: Any = field(default_factory=FakeClock)
    blobs: Any = field(default_factory=MemoryBlobs)
    bus: Any = field(default_factory=FakeBus)
    orchestrator: Any = field(default_factory=FakeOrchestrator)
    intake: Any = field(default_factory=FakeIntake)
    tasks: Any = field(default_factory=FakeTasks)
    catalog: Any = None

    def __post_init__(self) -> None:
        self.catalog = self.catalog or Catalog(self.store, self.clock)
        self.labels = Labels(self.store, self.clock)
        self.artifacts = Artifacts(self.blobs, KEYS)
        self.evidence = Evidence(self.store, self.clock)
        self.ledger = Ledger(self.store)
        self.limits = Limits(self.store, self.clock, self.catalog)
        self.invoices = Invoices(self.store, self.clock, self.evidence)
        self.sending = Sending(self.store, self.clock)
        self.door = Door(
            stage=STAGE,
            store=self.store,
            blobs=self.blobs,
            keys=KEYS,
            clock=self.clock,
            catalog=self.catalog,
            orchestrator=self.orchestrator,
            bus=self.bus,
        )
        self.calls = Calls(door=self.door, store=self.store, clock=self.clock)
        self.runs = Runs(
            store=self.store,
            clock=self.clock,
            keys=KEYS,
            catalog=self.catalog,
            evidence=self.evidence,
            bus=self.bus,
            orchestrator=self.orchestrator,
        )
        self.tools = Tools(
            self.store, self.clock, KEYS, self.catalog, self.artifacts, self.evidence
        )
        self.prepare_call = PrepareCall(self.tools, read_pdf)
        self.call_model = CallModel(self.tools)
        self.check_answer = CheckAnswer(self.tools)
        self.close_attempt = CloseAttempt(self.tools)
        self.system_step = SystemStep(self.tools)
        self.parking = Parking(self.tools, self.bus, self.tasks)
        self.deciding = Deciding(self.tools, self.bus, self.tasks)
        self.sweep = Sweep(
            store=self.store,
            clock=self.clock,
            runs=self.runs,
            ledger=self.ledger,
            sending=self.sending,
            bus=self.bus,
            deciding=self.deciding,
        )

    def admitted(self, dedup: str = "a", **event: Any) -> tuple[str, str]:
        """Let `{"id": dedup, ...}` in and admit it; return (run, ticket)."""
        sent = "2026-11-22T08:00:00.000Z"
        run = self.door.receive(envelope({"id": dedup, **event}), sent).run
        return run, self.runs.admit(run, f"execution:{run}").ticket


def step_of(run: str, ticket: str, state: str = "Sort", visit: int = 1) -> Step:
    """Return who asks, for the AI task's step *state* of *run*."""
    name = f"{state}.{visit}"
    return Step(run=run, ticket=ticket, step=name, execution=nested_name(run, name), task="sort")


def call_of(run: str, ticket: str, operation: str = "crm.keyed", **changed: Any) -> SystemCall:
    """Return the request of one system call of *run*."""
    told: dict[str, Any] = {
        "run": run,
        "ticket": ticket,
        "step": "Write.1",
        "execution": nested_name(run, "Write.1"),
        "operation": operation,
        "fields": {"label": "good"},
        "entered_ms": 1_700_000_000_000,
    }
    return SystemCall.model_validate(told | changed)


def asked_for(
    run: str, ticket: str, /, approval: str = "keyed", number: int = 1, **changed: Any
) -> Asked:
    """Return the request to park the step `Ask` of *run* until somebody approves."""
    told: dict[str, Any] = {
        "run": run,
        "ticket": ticket,
        "step": "Ask.1",
        "execution": nested_name(run, "Ask.1"),
        "approval": approval,
        "fields": {"label": "good"},
        "token": f"token-{number}",
        "number": number,
    }
    return Asked.model_validate(told | changed)
