"""One AI task, tried in one process: the services of an AI step over stores in memory.

What runs is what the three functions of `run_ai_task` run: rendering, bounds, budget, mark and
gate, the model's client, the whole schema, the repair round, the route's next target. Only the
stores are others, and they end with the process: nothing is recorded.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from functions.core.adapters.clock import SystemClock
from functions.core.adapters.pdf_process import read_pdf
from functions.core.domain.ai_step import Answered, Call, Step
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.budgets import Budgets
from functions.core.domain.checked import Checked
from functions.core.domain.definitions import document_hash, dump_document
from functions.core.domain.documents import Document
from functions.core.domain.errors import OnRecordError, PermanentError
from functions.core.domain.expressions import Set
from functions.core.domain.keys import Keyring
from functions.core.domain.names import dedup_text, nested_name, run_name
from functions.core.domain.policies import Policy
from functions.core.domain.run import GOOD, Outcome, Status, run_ref
from functions.core.domain.step import Invocation
from functions.core.domain.targets import Models
from functions.core.domain.ticket import LIFETIME, Ticket
from functions.core.domain.timestamps import iso
from functions.core.ports import ModelClient
from functions.core.services.artifacts import Artifacts
from functions.core.services.call_model import CallModel
from functions.core.services.catalog import Catalog
from functions.core.services.check_answer import CheckAnswer
from functions.core.services.evidence import Evidence
from functions.core.services.ledger import Ledger
from functions.core.services.prepare_call import PrepareCall
from functions.core.services.publishing import publish
from functions.core.services.tools import Tools
from interlock.memory_store import MemoryStore

_WORKFLOW: Final = "trial"
_STEP: Final = "Try.1"
_LIFE: Final = timedelta(seconds=60)
"""As long as `call_model` may run (infra/wiring.py)."""
_OUTCOMES: Final = {
    "BudgetBusy": Outcome.BUDGET_BUSY,
    "BudgetExceeded": Outcome.BUDGET_EXCEEDED,
    "NoTargetAllowed": Outcome.BLOCKED_BY_POLICY,
    "InputBlocked": Outcome.BLOCKED_BY_POLICY,
    "PersonRequired": Outcome.BLOCKED_BY_POLICY,
    "GuardUnavailable": Outcome.BLOCKED_BY_POLICY,
}


@dataclass(frozen=True)
class Attempt:
    """One call of a model, and what was said of its answer."""

    number: int
    target: str
    model: str
    status: str
    verdict: str
    """`accepted`, or what the answer missed: keyword, place and limit."""
    repairing: bool
    input_tokens: int
    output_tokens: int
    usd: str
    worst_usd: str
    seconds: float
    messages: list[dict[str, str]] = field(repr=False)
    text: str = field(repr=False)
    """What the model said, unread."""
    inputs: list[dict[str, Any]] = field(default_factory=list)
    """How its declared inputs were read: kinds, sizes, what was cut; no value."""
    vote: str = ""
    """Equal where samples of the task agree; empty where it did not count, or none are asked."""


@dataclass(frozen=True)
class Tried:
    """What became of it."""

    version: str
    outcome: str
    reason: str
    answer: Any
    attempts: tuple[Attempt, ...]
    wait_seconds: int = 0
    """How long the model asked to wait; a machine would have waited."""

    @property
    def good(self) -> bool:
        """Whether the answer was accepted."""
        return self.outcome in GOOD


@dataclass(frozen=True)
class Prepared:
    """What would be sent for some variables, or why nothing is.

    Attributes
    ----------
    refused
        The error's name; empty where a call was prepared.
    record
        What the guards say: rule, place, and score, spans or kinds.
    tokens
        What stands in place of personal data and credentials.
    prompt_bytes
        Of all messages together.
    """

    refused: str
    why: str
    record: tuple[Mapping[str, Any], ...]
    tokens: tuple[str, ...] = ()
    target: str = ""
    prompt_bytes: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    worst_usd: str = "0"


class _Blobs:
    """Artifacts, until the process ends."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def put(self, key: str, content: bytes, media_type: str) -> None:  # noqa: ARG002  (the port's)
        self._kept[key] = content

    def get(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def put_once(self, key: str, content: bytes) -> bool:
        return self._kept.setdefault(key, content) is content


class Trial:
    """A stage of one task, in memory.

    Parameters
    ----------
    compiled
        The catalog's documents, as a deployment publishes them.
    task
        The AI task's name.
    client_of
        Dialect -> client.
    """

    def __init__(
        self, compiled: Mapping[str, Any], task: str, client_of: Mapping[str, ModelClient]
    ) -> None:
        self._client_of = client_of
        self._clock = SystemClock()
        self._keys = Keyring(secrets.token_hex(32))
        store = MemoryStore()
        catalog = Catalog(store, self._clock)
        publish(catalog, Ledger(store), self._clock, compiled, by=_WORKFLOW)
        self._artifacts = Artifacts(_Blobs(), self._keys)
        evidence = Evidence(store, self._clock)
        self._tools = Tools(store, self._clock, self._keys, catalog, self._artifacts, evidence)
        self._step, self._version = self._admitted(compiled, task)

    def _admitted(self, compiled: Mapping[str, Any], task: str) -> tuple[Step, str]:
        """Put a run that may use *task* where admission would have left it."""
        run = run_name(self._keys.naming, _WORKFLOW, _WORKFLOW, dedup_text([task]))
        documents = compiled["documents"]
        pins = {f"{one['kind']}#{one['name']}": one["hash"] for one in documents}
        document = next(
            one["document"] for one in documents if (one["kind"], one["name"]) == ("ai_task", task)
        )
        given = {
            "status": Status.RUNNING,
            "workflow": _WORKFLOW,
            "team": document["team"],
            "pins": pins,
        }
        changes = [Set(name, value) for name, value in given.items()]
        self._tools.store.update(run_ref(run), changes)
        ticket = Ticket(run, _WORKFLOW, document["team"], self._clock.now() + LIFETIME)
        step = Step(
            run=run,
            ticket=ticket.mint(self._keys.ticket),
            step=_STEP,
            execution=nested_name(run, _STEP),
            task=task,
        )
        return step, pins[f"ai_task#{task}"]

    def prepared(self, variables: Mapping[str, Any]) -> Prepared:
        """Do what comes before a call, and no call."""
        try:
            call = PrepareCall(self._tools, read_pdf).prepare(self._step, variables, 1, 0)
        except PermanentError as error:
            record = error.record if isinstance(error, OnRecordError) else ()
            return Prepared(type(error).__name__, str(error), tuple(record))
        values: Mapping[str, str] = {}
        if call.vault is not None:
            values = self._artifacts.unlock(call.vault, run=self._step.run)
        messages = self._artifacts.resolve(call.prompt, run=self._step.run)
        return Prepared(
            refused="",
            why="",
            record=tuple((call.prepared or {}).get("guards", ())),
            tokens=tuple(values),
            target=call.target,
            prompt_bytes=sum(len(one["content"].encode()) for one in messages),
            input_tokens=call.tokens - call.max_output_tokens,
            output_tokens=call.max_output_tokens,
            worst_usd=call.worst_usd,
        )

    def of(self, variables: Mapping[str, Any]) -> Tried:
        """Do the step for *variables*, with as many attempts as the machine would make.

        A wait that a provider asks for is not waited for: it is told.
        """
        attempts: list[Attempt] = []
        checked = Checked(next="again")
        while checked.next == "again":
            try:
                call = PrepareCall(self._tools, read_pdf).prepare(
                    self._step,
                    variables,
                    checked.number,
                    checked.target_index,
                    checked.repair,
                    checked.repairs,
                    spent_seconds=checked.spent_seconds,
                    waited_seconds=checked.waited_seconds,
                )
            except PermanentError as error:
                return self._refused(error, attempts)
            checked = self._asked(call, attempts)
        accepted = checked.next == "accepted"
        return Tried(
            version=self._version,
            outcome=checked.outcome or Outcome.FAILED,
            reason=checked.reason,
            answer=self._artifacts.resolve(checked.answer, run=self._step.run)
            if accepted
            else None,
            attempts=tuple(attempts),
            wait_seconds=checked.seconds if checked.next == "wait" else 0,
        )

    def _asked(self, call: Call, attempts: list[Attempt]) -> Checked:
        until = iso(self._clock.now() + _LIFE)
        began = time.monotonic()
        answered = CallModel(self._tools).call(
            self._step, call, Invocation(secrets.token_hex(8), until), self._client_of
        )
        seconds = time.monotonic() - began
        checked = CheckAnswer(self._tools).check(self._step, call, answered)
        attempts.append(self._attempt(call, answered, checked, seconds))
        return checked

    def _attempt(self, call: Call, answered: Answered, checked: Checked, seconds: float) -> Attempt:
        said = self._fetched(answered.answer) if answered.answer else ""
        return Attempt(
            number=call.number,
            target=call.target,
            model=answered.model,
            status=answered.status,
            verdict=checked.reason or "accepted",
            repairing=call.repairing,
            input_tokens=answered.input_tokens,
            output_tokens=answered.output_tokens,
            usd=answered.usd,
            worst_usd=call.worst_usd,
            seconds=round(seconds, 3),
            messages=self._artifacts.resolve(call.prompt, run=self._step.run),
            text=said,
            inputs=(call.prepared or {}).get("inputs_read", []),
            vote=checked.vote,
        )

    def _fetched(self, reference: Mapping[str, Any]) -> str:
        return self._artifacts.fetch(reference, run=self._step.run).decode()

    def _refused(self, error: PermanentError, attempts: list[Attempt]) -> Tried:
        name = type(error).__name__
        outcome = _OUTCOMES.get(name, Outcome.FAILED)
        return Tried(self._version, outcome, f"{name}: {error}", None, tuple(attempts))


def compiled(task: AiTask, models: Models, budgets: Budgets, policy: Policy) -> dict[str, Any]:
    """Return what a trial of *task* needs, as a deployment's document list."""
    documents: list[tuple[str, str, Document]] = [
        ("ai_task", task.name, task),
        ("budgets", "budgets", budgets),
        ("models", "models", models),
        ("policy", policy.name, policy),
    ]
    return {"documents": [_compiled(*one) for one in documents]}


def _compiled(kind: str, name: str, document: Document) -> dict[str, Any]:
    content = dump_document(document)
    return {"kind": kind, "name": name, "hash": document_hash(content), "document": content}
