"""One system call: a declared operation, sent under the same discipline as a model call.

Fields that may come from a model are declared; every other field is taken here, from the
admitted input, whatever the state machine passes for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from functions.core.domain.canonical import canonical
from functions.core.domain.checked import Checked
from functions.core.domain.claim import Claim
from functions.core.domain.errors import (
    InterlockError,
    RunNotOpen,
    UseNotDeclared,
)
from functions.core.domain.evidence import Kind, Tail, chain_of
from functions.core.domain.expressions import Item
from functions.core.domain.keys import keyed_hash
from functions.core.domain.names import AttemptName, idempotency_key
from functions.core.domain.operations import Operation, System
from functions.core.domain.parked import Content
from functions.core.domain.requests import assembled, require_fit
from functions.core.domain.run import WORKING, Outcome, run_ref
from functions.core.domain.schemas import personal_pointers, validator
from functions.core.domain.step import Invocation, Mark
from functions.core.domain.systems import AnswerKind, SystemAnswer, SystemRequest
from functions.core.domain.workflows import Workflow
from functions.core.ports import SystemClient
from functions.core.services.approved import require_none_needed, take_approved
from functions.core.services.sending import Use
from functions.core.services.tools import Tools

KIND = "system_call"
ATTEMPTS = 5
"""Tries of one call; waits between them double from one second, or as the system says."""
WAIT_LIMIT = 60
REPEATABLE = ("read", "idempotent", "keyed")
"""Effects that a second send can't double; `keyed` because the key is the step's."""


class SystemCall(Claim):
    """What the platform machine passes: who asks, and for what."""

    operation: str
    fields: dict[str, Any]
    approval: str = ""
    """The step in which a person approved it; its content is what is sent then."""
    number: int = 1
    entered_ms: int
    """When the machine entered the state that calls: names the attempt, stable over Retry."""

    @property
    def attempt(self) -> AttemptName:
        """The attempt's name; the machine knows it even if the function never comes back."""
        return AttemptName(self.run, self.step, self.number, f"{self.entered_ms:012x}")


@dataclass(frozen=True)
class Endpoint:
    """Where a system lives at this stage, and the token that opens it."""

    base_url: str
    token: str | None


@dataclass(frozen=True)
class _Ready:
    """A request that may be sent."""

    team: str
    system: System
    system_version: str
    operation: Operation
    fields: dict[str, Any]
    approved: str = ""
    """Hash of the content that was approved, where an approval is named."""


class SystemStep:
    """The function of call_system."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def call(
        self,
        call: SystemCall,
        me: Invocation,
        client: SystemClient,
        endpoints: Mapping[str, Endpoint],
    ) -> Checked:
        """Do one attempt; say what the machine does next."""
        self._tools.verify(call)
        attempt = call.attempt
        try:
            ready = self._ready(call)
        except InterlockError as error:
            return self._end(call, Outcome.FAILED, type(error).__name__)
        facts = {"target": ready.system.name, "operation": call.operation}
        prepared = self._prepared(call, ready)
        tail = self._tools.mark(attempt, me, kind=KIND, facts=facts, prepared=prepared)
        if tail is None:
            return Checked(next="lost", reason="not_mine")
        use = Use(f"system#{ready.system.name}", ready.system_version, ready.system.name)
        refusal = self._tools.sending.gate(attempt, use).reason
        endpoint = endpoints.get(ready.system.name)
        if refusal or endpoint is None:
            self._tools.sending.close_own(attempt, me)
            return self._end(call, Outcome.FAILED, refusal or "NO_BASE_URL")
        answer = client.send(self._request(call, ready, endpoint))
        return self._read(call, ready, answer, tail)

    def _ready(self, call: SystemCall) -> _Ready:
        item = self._tools.store.get(run_ref(call.run))
        if item is None or item["status"] not in WORKING:
            raise RunNotOpen(f"the run is {item['status'] if item else 'unknown'}")
        workflow = self._tools.catalog.pinned(
            "workflow", item["workflow"], item["workflow_version"], Workflow
        )
        system_name, _, operation_name = call.operation.partition(".")
        version = item["pins"].get(f"system#{system_name}")
        if version is None or call.operation not in workflow.uses.operations:
            raise UseNotDeclared(f"{workflow.name} does not declare the operation")
        system = self._tools.catalog.pinned("system", system_name, version, System)
        operation = system.operations.get(operation_name)
        if operation is None:
            raise UseNotDeclared("the pinned system has no such operation")
        fields, approved = self._fields(call, item, workflow, operation)
        return _Ready(item["team"], system, version, operation, fields, approved)

    def _fields(
        self, call: SystemCall, item: Item, workflow: Workflow, operation: Operation
    ) -> tuple[dict[str, Any], str]:
        """Put the request together: what was approved, with its hash; else as it is declared."""
        rule = None
        if call.approval:
            rule, given = take_approved(
                self._tools.store,
                workflow,
                run=call.run,
                step=call.step,
                operation=call.operation,
                approval=call.approval,
            )
        else:
            given = assembled(operation, call.fields, json.loads(item["input"]))
        fields: dict[str, Any] = self._tools.artifacts.resolve(given, run=call.run)
        require_fit(operation, fields)
        if rule is None:
            require_none_needed(workflow, call.operation, fields)
            return fields, ""
        amount = rule.amount_of(fields)
        content = Content.of(call.operation, operation.path_fields, given, amount)
        return fields, content.hashed(self._tools.keys.team(item["team"]))

    def _request(self, call: SystemCall, ready: _Ready, endpoint: Endpoint) -> SystemRequest:
        operation, fields = ready.operation, ready.fields
        path = operation.path
        for name in operation.path_fields:
            path = path.replace(f"{{{name}}}", quote(str(fields[name]), safe=""))
        headers = {"Accept": "application/json"}
        if endpoint.token is not None:
            headers["Authorization"] = f"Bearer {endpoint.token}"
        if operation.effect != "read":
            headers["Idempotency-Key"] = idempotency_key(call.run, call.step)
        body = {n: v for n, v in fields.items() if n not in operation.path_fields}
        return SystemRequest(
            method=operation.method,
            url=endpoint.base_url.rstrip("/") + path,
            headers=headers,
            body=None if operation.method == "GET" else body,
            connect_seconds=ready.system.limits.connect_seconds,
            read_seconds=ready.system.limits.read_seconds,
            response_bytes=ready.system.limits.response_bytes,
            connection=ready.system.connection,
        )

    def _prepared(self, call: SystemCall, ready: _Ready) -> dict[str, Any]:
        """Return what goes on record before it is sent, in case nobody comes back to say so."""
        return {
            "attempt": str(call.attempt),
            "operation": call.operation,
            "effect": ready.operation.effect,
            "system_version": ready.system_version,
            "request": keyed_hash(self._tools.keys.team(ready.team), canonical(ready.fields)),
            **_approved(call.approval, ready.approved),
        }

    def _read(self, call: SystemCall, ready: _Ready, answer: SystemAnswer, tail: Tail) -> Checked:
        team_key = self._tools.keys.team(ready.team)
        self._tools.evidence.append(
            chain_of(call.run, call.step),
            Kind.CALLED,
            f"{call.attempt}:called",
            {
                "attempt": str(call.attempt),
                "response": keyed_hash(team_key, canonical(answer.body)),
                "kind": answer.kind,
                "status": answer.status,
                "why": answer.why,
            },
            tail,
        )
        if answer.kind is AnswerKind.ANSWERED:
            return self._accept(call, ready, answer)
        return self._again_or_end(call, ready, answer)

    def _accept(self, call: SystemCall, ready: _Ready, answer: SystemAnswer) -> Checked:
        schema = ready.operation.response_schema
        violations = validator(schema).errors(answer.body)
        if violations:
            first = violations[0]
            reason = f"RESPONSE_SCHEMA {first.pointer or '(root)'} {first.keyword}"
            return self._end(call, Outcome.FAILED, reason, answer)
        hidden = personal_pointers(schema, answer.body)
        fit = self._tools.artifacts.shrink(answer.body, hidden, team=ready.team, run=call.run)
        return self._end(call, Outcome.SUCCEEDED, "", answer, fit)

    def _again_or_end(self, call: SystemCall, ready: _Ready, answer: SystemAnswer) -> Checked:
        reason = f"{answer.kind.upper()} {answer.why or answer.status or ''}".strip()
        unknown = answer.kind is AnswerKind.UNKNOWN
        may_repeat = answer.kind in (AnswerKind.THROTTLED, AnswerKind.UNAVAILABLE) or (
            unknown and ready.operation.effect in REPEATABLE
        )
        if may_repeat and call.number < ATTEMPTS:
            self._tools.sending.close_answered(
                call.attempt, {"status": answer.kind, "reason": reason}
            )
            seconds = answer.wait_seconds or 2 ** (call.number - 1)
            wait = min(WAIT_LIMIT, max(1, round(seconds)))
            return Checked(next="wait", reason=reason, number=call.number + 1, seconds=wait)
        outcome = Outcome.OUTCOME_UNKNOWN if unknown else Outcome.FAILED
        return self._end(call, outcome, reason, answer)

    def _end(
        self,
        call: SystemCall,
        outcome: Outcome,
        reason: str,
        answer: SystemAnswer | None = None,
        fit: Any = None,
    ) -> Checked:
        facts = {
            "kind": KIND,
            "name": call.operation,
            "outcome": outcome,
            "reason": reason,
            "answer": json.dumps(fit, sort_keys=True) if fit is not None else "",
        }
        if answer is None:
            body = {"operation": call.operation, "outcome": outcome, "reason": reason}
            self._tools.conclude_unsent(call, f"{call.attempt}:ended", body, facts)
        else:
            used = {"status": answer.kind, "reason": reason}
            self._tools.sending.finish(call.run, call.step, facts, answered=call.attempt, used=used)
        accepted = outcome is Outcome.SUCCEEDED
        return Checked(
            next="accepted" if accepted else "failed", outcome=outcome, reason=reason, answer=fit
        )

    def close(self, call: SystemCall, error: str) -> Checked:
        """Find out what became of a call whose function did not come back.

        A repeatable operation is sent again under the same idempotency key; any other whose
        sender had marked it ends as OUTCOME_UNKNOWN, never as a retry.
        """
        self._tools.verify(call)
        mark = self._tools.sending.close_lost(call.attempt)
        if mark is None:
            return Checked(next="wait", seconds=5, number=call.number)
        ended = self._tools.sending.concluded(call.attempt) if mark is Mark.ANSWERED else None
        if ended is not None:
            return Checked.again_said(ended)
        body = {"operation": call.operation, "mark": mark, "reason": error}
        chain = chain_of(call.run, call.step)
        self._tools.evidence.append(chain, Kind.CLOSED, f"{call.attempt}:closed", body)
        # an answer that ended nothing was one after which a second send does no harm
        unknown = mark is Mark.UNCONFIRMED
        effect = self._effect(call)
        if effect and call.number < ATTEMPTS and (effect in REPEATABLE or not unknown):
            return Checked(next="again", reason=error, number=call.number + 1)
        return self._end(call, Outcome.OUTCOME_UNKNOWN if unknown else Outcome.FAILED, error)

    def _effect(self, call: SystemCall) -> str:
        try:
            return self._ready(call).operation.effect
        except InterlockError:
            return ""


def _approved(step: str, content: str) -> dict[str, str]:
    """Return what the evidence says of the approval that a call names; nothing without one."""
    return {"approved_in": step, "approved_content": content} if step else {}
