"""Parking a step until a person decides: what is to be done is fixed first, and hashed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from functions.core.domain.approvals import Approval
from functions.core.domain.claim import Claim
from functions.core.domain.errors import (
    InterlockError,
    RunNotOpen,
    StoreContention,
    UseNotDeclared,
)
from functions.core.domain.evidence import Kind, chain_of
from functions.core.domain.expressions import (
    Absent,
    Change,
    Equals,
    Item,
    Present,
    Ref,
    Set,
    SetOnce,
    When,
)
from functions.core.domain.operations import Operation, System
from functions.core.domain.parked import (
    KEEP_DAYS,
    KIND,
    Content,
    Reason,
    parked_ref,
    task_output,
)
from functions.core.domain.references import is_reference, lookup
from functions.core.domain.requests import assembled, require_fit
from functions.core.domain.run import (
    WORKING,
    Outcome,
    Status,
    due_bucket,
    run_ref,
    step_ref,
)
from functions.core.domain.schemas import personal_pointers
from functions.core.domain.timestamps import iso
from functions.core.domain.workflows import Workflow
from functions.core.ports import Bus, Tasks
from functions.core.services import outbox
from functions.core.services.delivering import Delivering
from functions.core.services.tools import Tools

TRIES = 8


class Asked(Claim):
    """What the platform machine passes: who asks, for which approval, of what."""

    approval: str
    fields: dict[str, Any]
    confidence: float | None = None
    token: str
    number: int
    """Counts the tokens of one parking: a higher one is newer."""


@dataclass(frozen=True)
class _Wanted:
    """What would be parked."""

    run: Item
    approval: Approval
    content: Content
    reasons: list[str]


class Parking:
    """The function `park`."""

    def __init__(self, tools: Tools, bus: Bus, tasks: Tasks, keep_days: int = KEEP_DAYS) -> None:
        self._tools = tools
        self._keep_days = keep_days
        self._tasks = tasks
        self._delivering = Delivering(tools, bus, tasks)

    def park(self, asked: Asked) -> str:
        """Park the step under its token, or answer at once where nobody is needed; say which.

        Raises
        ------
        TicketRefused, StepRefused
            The step is not what it says.
        """
        team = self._tools.verify(asked).team
        ref = parked_ref(team, asked.run, asked.step)
        held = self._tools.store.get(ref)
        if held is None:
            # first: whoever ends the run finds this step, and withdraws what is parked for it
            self._mark_step(asked, ref)
            try:
                wanted = self._wanted(asked)
            except InterlockError as error:
                return self._conclude(asked, Outcome.FAILED, type(error).__name__)
            if not wanted.reasons:
                return self._conclude(
                    asked, Outcome.SUCCEEDED, Reason.NOT_NEEDED, wanted.content.request
                )
            held = self._put(asked, ref, wanted)
        if "token_n" not in held:  # whoever ended the run was here first
            return self._conclude(asked, Outcome.FAILED, Reason.RUN_ENDED)
        if held["token_n"] != asked.number or held["token"] != asked.token:
            held = self._renew(asked, ref, held)
        self._attest(asked, held)
        if "decision" not in held:
            waits = [Set("status", Status.WAITING)]
            running = (Equals("status", Status.RUNNING),)
            self._tools.store.update(run_ref(asked.run), waits, running)
        self._delivering.deliver(ref, held)
        return "parked"

    def _mark_step(self, asked: Asked, ref: Ref) -> None:
        now = iso(self._tools.clock.now())
        self._tools.store.update(
            step_ref(asked.run, asked.step),
            [
                Set("kind", KIND),
                Set("name", asked.approval),
                Set("parked", {"queue": ref.pk, "order": ref.sk}),
                SetOnce("started_at", now),
            ],
        )

    def _wanted(self, asked: Asked) -> _Wanted:
        run = self._tools.store.get(run_ref(asked.run))
        if run is None or run["status"] not in WORKING:
            raise RunNotOpen(f"the run is {run['status'] if run else 'unknown'}")
        workflow = self._tools.catalog.pinned(
            "workflow", run["workflow"], run["workflow_version"], Workflow
        )
        approval = workflow.approvals.get(asked.approval)
        if approval is None:
            raise UseNotDeclared(f"{workflow.name} declares no such approval")
        operation = self.operation(run, approval.operation)
        given = assembled(operation, asked.fields, json.loads(run["input"]))
        resolved = self._tools.artifacts.resolve(given, run=asked.run)
        require_fit(operation, resolved)
        content = self.content(run, approval, operation, given, resolved)
        return _Wanted(run, approval, content, approval.reasons(resolved, asked.confidence))

    def operation(self, run: Item, name: str) -> Operation:
        """Return an operation as the run's admission pinned it."""
        system_name, _, operation_name = name.partition(".")
        version = run["pins"].get(f"system#{system_name}")
        if version is None:
            raise UseNotDeclared("the run pins no such system")
        system = self._tools.catalog.pinned("system", system_name, version, System)
        operation = system.operations.get(operation_name)
        if operation is None:
            raise UseNotDeclared("the pinned system has no such operation")
        return operation

    def content(
        self,
        run: Item,
        approval: Approval,
        operation: Operation,
        given: Mapping[str, Any],
        resolved: Mapping[str, Any],
    ) -> Content:
        """Return what is to be approved, fit for state."""
        personal = personal_pointers(operation.request_schema, dict(resolved))
        hidden = [pointer for pointer in personal if _is_in_clear(given, pointer)]
        fit = self._tools.artifacts.shrink(dict(given), hidden, team=run["team"], run=run["pk"])
        amount = approval.amount_of(resolved)
        return Content.of(approval.operation, operation.path_fields, fit, amount)

    def _put(self, asked: Asked, ref: Ref, wanted: _Wanted) -> Item:
        now, approval, run = self._tools.clock.now(), wanted.approval, wanted.run
        hashed = wanted.content.hashed(self._tools.keys.team(run["team"]))
        remind = approval.remind_after_hours
        escalation = approval.escalation
        item: Item = {
            "kind": KIND,
            "run": asked.run,
            "step": asked.step,
            "workflow": run["workflow"],
            "team": run["team"],
            "hops": int(run["hops"]),
            "approval": asked.approval,
            "purpose": approval.purpose,
            "content": wanted.content.text(),
            "hash": hashed,
            "first_hash": hashed,
            "amount": wanted.content.amount or "",
            "why": wanted.reasons,
            "requester": self._requester(run, approval),
            "approvers": list(approval.approvers),
            "groups": list(approval.groups),
            "quorum": approval.quorum,
            "editable": list(approval.editable),
            "on_expiry": approval.on_expiry,
            "escalation": escalation.model_dump(mode="json") if escalation else None,
            "parked_at": iso(now),
            "expires_at": iso(now + timedelta(hours=approval.expires_after_hours)),
            "remind_at": iso(now + timedelta(hours=remind)) if remind else "",
            "token": asked.token,
            "token_n": asked.number,
            "revision": 1,
            "keep_days": self._keep_days,
            "due_bucket": due_bucket(asked.run),
            "due_at": iso(now + timedelta(minutes=1)),
        }
        event = self._delivering.requested(ref, item, "parked")
        item |= outbox.put_entries([event])
        written = self._tools.store.put(ref, item, (Absent("pk"),))
        return written.item or item

    def _requester(self, run: Item, approval: Approval) -> str:
        if approval.requester is None:
            return ""
        try:
            found = lookup(json.loads(run["input"]), approval.requester)
        except KeyError:
            return ""
        named = self._tools.artifacts.resolve(found, run=run["pk"])
        return str(named)

    def _renew(self, asked: Asked, ref: Ref, held: Item) -> Item:
        """Let a newer token replace the older; with a decision there, in the same write, deliver.

        A late function finds a newer token than its own, and leaves it.
        """
        for _ in range(TRIES):
            if held["token_n"] >= asked.number:
                return held
            changes: list[Change] = [Set("token", asked.token), Set("token_n", asked.number)]
            when: When = (Equals("token_n", held["token_n"]),)
            if "decision" in held:
                changes += [Set("undelivered", value=True), *self._delivering.soon(held)]
                when = (*when, Present("decision"))
            else:
                when = (*when, Absent("decision"))
            written = self._tools.store.update(ref, changes, when)
            held = written.item or held
            if written.done:
                return held
        raise StoreContention("the token was replaced too often meanwhile")

    def _attest(self, asked: Asked, held: Item) -> None:
        body = {
            "approval": held["approval"],
            "why": held["why"],
            "operation": Content.read(held["content"]).operation,
            "content": held["first_hash"],
            "amount": held["amount"],
            "approvers": held["approvers"],
            "groups": held["groups"],
            "quorum": held["quorum"],
            "expires_at": held["expires_at"],
        }
        id_ = f"{asked.run}/{asked.step}:requested"
        self._tools.evidence.append(chain_of(asked.run, asked.step), Kind.REQUESTED, id_, body)

    def _conclude(self, asked: Asked, outcome: Outcome, reason: str, answer: Any = None) -> str:
        """End the step without anybody: it is refused, or needs nobody."""
        body = {"approval": asked.approval, "outcome": outcome, "reason": reason}
        facts = self._delivering.facts(asked.approval, outcome, reason, answer)
        self._tools.conclude_unsent(asked, f"{asked.run}/{asked.step}:concluded", body, facts)
        self._tasks.answer(asked.token, task_output(outcome, reason, answer))
        return str(reason)


def _is_in_clear(given: Mapping[str, Any], pointer: str) -> bool:
    """Say whether what *pointer* names still stands there itself, not in an artifact."""
    try:
        return not is_reference(lookup(dict(given), pointer))
    except KeyError:
        return False
