"""A run's life after the door: admission, completion, cancellation, and what mends them.

One rule ends a run, whoever finds that it is over: complete_run, reconcile_run, cancel_run
and sweep all call :meth:`Runs.finish`, and each may die anywhere in it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.envelope import BusEvent
from functions.core.domain.errors import RunNotOpen
from functions.core.domain.events import make
from functions.core.domain.evidence import RUN_CHAIN, Kind, chain_of
from functions.core.domain.expressions import (
    Absent,
    Change,
    Equals,
    Item,
    OneOf,
    Present,
    Ref,
    Remove,
    Set,
    Table,
    at,
)
from functions.core.domain.keys import Keyring
from functions.core.domain.parked import Reason, Verdict, decided_record, decision_of, remove_at
from functions.core.domain.run import CANCELLABLE, GOOD, OPEN, Outcome, Status, due_bucket, run_ref
from functions.core.domain.step import may_still_send, totals
from functions.core.domain.ticket import LIFETIME, Ticket
from functions.core.domain.timestamps import iso, parse
from functions.core.domain.workflows import Workflow
from functions.core.ports import Bus, Clock, Execution, Orchestrator, Store
from functions.core.services import outbox
from functions.core.services.catalog import Catalog, Pins
from functions.core.services.evidence import Evidence
from functions.core.services.sending import EVERYTHING, stop_ref

LOOK_AGAIN = timedelta(minutes=15)
"""When sweep looks at an open run whose execution's end nobody reported."""
DELIVER_AGAIN = timedelta(minutes=1)
ADMISSIBLE = (Status.RECEIVED, Status.HELD)


@dataclass(frozen=True)
class Admitted:
    """What admission said; `status` is RUNNING, HELD, or what the run already was."""

    status: Status
    ticket: str = ""
    item: Item | None = None


@dataclass(frozen=True)
class Ended:
    """How a workflow ended: its output, or why there is none."""

    status: Status
    reason: str = ""
    output: Mapping[str, Any] | None = None


class Runs:
    """The runs of one stage."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        keys: Keyring,
        catalog: Catalog,
        evidence: Evidence,
        bus: Bus,
        orchestrator: Orchestrator | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys
        self._catalog = catalog
        self._evidence = evidence
        self._bus = bus
        self._orchestrator = orchestrator

    # admission

    def admit(self, run: str, execution: str) -> Admitted:
        """Take a RECEIVED run into work: pin its versions, mint its ticket.

        Repeated by the same execution it says the same again.
        """
        ref = run_ref(run)
        item, *stops = self._store.snapshot(
            [ref, stop_ref(EVERYTHING), stop_ref(f"workflow:{run.rpartition('-')[0]}")]
        )
        if item is None:
            raise RunNotOpen("there is no such run")
        if item["status"] in ADMISSIBLE:
            if any(at(stop, "stopped") is True for stop in stops):
                return self._hold(ref, item)
            item = self._take(ref, item, execution)
        if item["status"] != Status.RUNNING or item.get("execution") != execution:
            return Admitted(Status(item["status"]), item=item)
        self._attest_admission(run, item)
        outbox.deliver(self._store, self._bus, ref, outbox.pending(item))
        ticket = Ticket(run, item["workflow"], item["team"], self._clock.now() + LIFETIME)
        return Admitted(Status.RUNNING, ticket.mint(self._keys.ticket), item)

    def _hold(self, ref: Ref, item: Item) -> Admitted:
        changes = [Set("status", Status.HELD), Set("due_at", self._due(LOOK_AGAIN))]
        written = self._store.update(ref, changes, (OneOf("status", ADMISSIBLE),))
        return Admitted(Status((written.item or item)["status"]))

    def _take(self, ref: Ref, item: Item, execution: str) -> Item:
        version = item["workflow_version"]
        workflow = self._catalog.pinned("workflow", item["workflow"], version, Workflow)
        pins = self._pins(ref.pk, workflow)
        event = make(
            "Run Started",
            {"run": ref.pk, "workflow": item["workflow"]},
            cause=f"{ref.pk}/{execution}",
            hops=int(item["hops"]),
            keys=self._keys,
        )
        written = self._store.update(
            ref,
            [
                Set("status", Status.RUNNING),
                Set("execution", execution),
                Set("pins", dict(pins.versions)),
                *([Set("pin_labels", dict(pins.labels))] if pins.labels else []),
                Set("admitted_at", iso(self._clock.now())),
                Set("due_at", self._due(LOOK_AGAIN)),
                *_limited(workflow),
                *outbox.entries([event]),
            ],
            (OneOf("status", ADMISSIBLE),),
        )
        return written.item or item

    def _pins(self, run: str, workflow: Workflow) -> Pins:
        """Return the versions that this run uses from here on, whatever is promoted later.

        Which policies those are, the tasks' versions say. So all is read again together with the
        policies, until one instant holds both.
        """
        systems = {("system", name.partition(".")[0]) for name in workflow.uses.operations}
        tasks = {("ai_task", name) for name in workflow.uses.ai_tasks}
        shared = {("models", "models"), ("budgets", "budgets")} if tasks else set()
        policies: set[tuple[str, str]] = set()
        while True:
            pins = self._catalog.pins(sorted(systems | tasks | shared | policies), run)
            needed = {("policy", self._task(name, pins).policy) for _, name in tasks}
            if needed == policies:
                return pins
            policies = needed

    def _task(self, name: str, pins: Pins) -> AiTask:
        return self._catalog.pinned("ai_task", name, pins.versions[f"ai_task#{name}"], AiTask)

    def _attest_admission(self, run: str, item: Item) -> None:
        facts = ("workflow", "workflow_version", "team", "content", "source", "pins", "execution")
        body = {name: item[name] for name in facts} | {"hops": int(item["hops"])}
        if "pin_labels" in item:
            body["pin_labels"] = item["pin_labels"]
        self._evidence.append(chain_of(run), Kind.ADMITTED, f"{run}:admitted", body)

    # ending

    def finish(self, run: str, ended: Ended) -> tuple[Item, datetime | None]:
        """End *run*, once; deliver its events; seal its evidence.

        Returns
        -------
        tuple
            The run's item, and until when somebody may still send for a run that is being
            cancelled: it is CANCELLED only after that.
        """
        ref = run_ref(run)
        item = self._store.get(ref)
        if item is None:
            raise RunNotOpen("there is no such run")
        if item["status"] in OPEN:
            steps = self._steps(run)
            if item["status"] == Status.CANCELLING:
                until = self._may_send_until(steps)
                if until is not None:
                    due = iso(until + timedelta(seconds=1))
                    self._store.update(
                        ref, [Set("due_at", due)], (Equals("status", Status.CANCELLING),)
                    )
                    return item, until
                ended = Ended(Status.CANCELLED, "CANCELLED")
            item = self._close(ref, item, ended, steps)
        if item["status"] not in OPEN and not item.get("sealed"):
            self._settle(ref, item)
        return item, None

    def _steps(self, run: str) -> list[Item]:
        return self._store.query(Table.RUNS, run, prefix="step#")

    def _may_send_until(self, steps: Sequence[Item]) -> datetime | None:
        now = iso(self._clock.now())
        moments = [until for step in steps if (until := may_still_send(step, now))]
        return parse(max(moments)) if moments else None

    def _close(self, ref: Ref, item: Item, ended: Ended, steps: Sequence[Item]) -> Item:
        used = totals(steps)
        events = self._events(ref.pk, item, ended, used)
        written = self._store.update(
            ref,
            [
                Set("status", ended.status),
                Set("reason", ended.reason),
                Set("ended_at", iso(self._clock.now())),
                Set("totals", used),
                Set("output", json.dumps(ended.output, sort_keys=True) if ended.output else ""),
                Set("due_at", self._due(DELIVER_AGAIN)),
                Set("due_bucket", due_bucket(ref.pk)),
                *outbox.entries(events),
            ],
            (Equals("status", item["status"]),),
        )
        if written.done:
            return written.item or item
        found = written.item or item
        return self._close(ref, found, ended, steps) if found["status"] in OPEN[:-1] else found

    def _events(
        self, run: str, item: Item, ended: Ended, used: Mapping[str, Any]
    ) -> list[BusEvent]:
        hops = int(item["hops"])
        about = {
            "run": run,
            "workflow": item["workflow"],
            "reason": ended.reason,
            "totals": dict(used),
        }
        types = {Status.SUCCEEDED: "Run Succeeded", Status.CANCELLED: "Run Cancelled"}
        detail_type = types.get(ended.status, "Run Failed")
        events = [make(detail_type, about, cause=run, hops=hops, keys=self._keys)]
        if ended.status is Status.SUCCEEDED:
            workflow = self._catalog.pinned(
                "workflow", item["workflow"], item["workflow_version"], Workflow
            )
            for emit in workflow.emits:
                fields = {
                    n: (ended.output or {})[n] for n in emit.fields if n in (ended.output or {})
                }
                said = {"run": run, **fields}
                events.append(
                    make(emit.detail_type, said, cause=run, hops=hops + 1, keys=self._keys)
                )
        return events

    def _settle(self, ref: Ref, item: Item) -> None:
        """Everything that follows the end: events out, chains sealed, nothing due any more."""
        run = ref.pk
        pending = outbox.pending(item)
        delivered = outbox.deliver(self._store, self._bus, ref, pending)
        # read after the end was written: nobody can be let through the gate any more
        steps = self._steps(run)
        for step in steps:
            if "parked" in step and "outcome" not in step:
                self._withdraw(run, step)
        outcomes = {
            step["sk"].removeprefix("step#"): step.get("outcome", "UNFINISHED") for step in steps
        }
        body = {
            "status": item["status"],
            "reason": item["reason"],
            "totals": item["totals"],
            "steps": outcomes,
        }
        id_ = f"{run}:completed"
        # whoever else finishes this run may have seen other steps: the record says which count
        record = self._evidence.attest(chain_of(run), Kind.COMPLETED, id_, body)
        for chain in (*record.body["steps"], RUN_CHAIN):
            self._evidence.seal(chain_of(run, chain))
        if delivered == len(pending):
            done: list[Change] = [Set("sealed", value=True), Remove("due_at"), Remove("due_bucket")]
            self._store.update(ref, done)

    def _withdraw(self, run: str, step: Item) -> None:
        """Let nobody decide any more on what was parked for a step of a run that is over.

        Where the parking itself is late, it finds that it has nothing to park.
        """
        ref = Ref(Table.PARKED, step["parked"]["queue"], step["parked"]["order"])
        now = iso(self._clock.now())
        taken = decision_of(Verdict.WITHDRAWN, Reason.RUN_ENDED, by=run, at=now, nonce="")
        held = self._store.get(ref)
        if held is None:
            gone = Set("remove_at", remove_at({}, self._clock.now()))
            never = [Set("decision", taken), gone]
            held = self._store.update(ref, never, (Absent("pk"),)).item or {}
        if "decision" not in held:
            due = [Set("due_at", now), Set("due_bucket", due_bucket(run))]
            changes = [Set("decision", taken), Set("undelivered", value=True), *due]
            held = self._store.update(ref, changes, (Absent("decision"),)).item or held
        if "hash" in held:
            name = step["sk"].removeprefix("step#")
            chain, id_ = chain_of(run, name), f"{run}/{name}:decided"
            self._evidence.append(chain, Kind.DECIDED, id_, decided_record(held))

    # cancelling and mending

    def cancel(self, run: str, by: str, why: str) -> Item:
        """Ask for the end of *run*; nothing is sent from here on."""
        ref = run_ref(run)
        changes = [
            Set("status", Status.CANCELLING),
            Set("cancelled_by", by),
            Set("cancelled_why", why),
            Set("due_at", iso(self._clock.now())),
            Set("due_bucket", due_bucket(run)),
        ]
        written = self._store.update(ref, changes, (OneOf("status", CANCELLABLE),))
        if written.item is None:
            raise RunNotOpen("there is no such run")
        if written.item["status"] != Status.CANCELLING:
            raise RunNotOpen(f"the run is {written.item['status']}")
        body = {"by": by, "why": why}
        self._evidence.append(chain_of(run), Kind.CANCELLED, f"{run}:cancelled", body)
        self._watch().stop(run, "the run was cancelled")
        return self.finish(run, Ended(Status.CANCELLED, "CANCELLED"))[0]

    def mend(self, run: str) -> str:
        """Look at a run that is due, and do what nobody else did for it; say what."""
        item = self._store.get(run_ref(run))
        if item is None:
            return "gone"
        status = Status(item["status"])
        if status not in OPEN:
            self.finish(run, Ended(status))
            return "delivered"
        seen = self._watch().look(run)
        if status is Status.RECEIVED and seen is Execution.NONE:
            payload = {"run": run, "workflow": item["workflow"]}
            self._watch().start(run, json.dumps(payload, sort_keys=True))
            self._postpone(run, DELIVER_AGAIN)
            return "started"
        if status is Status.CANCELLING and seen is Execution.OPEN:
            self._watch().stop(run, "the run was cancelled")
        if status is Status.CANCELLING or seen is Execution.CLOSED or seen is Execution.SUCCEEDED:
            self.finish(run, Ended(Status.FAILED, "EXECUTION_ENDED"))
            return "closed"
        outbox.deliver(self._store, self._bus, run_ref(run), outbox.pending(item))
        self._postpone(run, LOOK_AGAIN)
        return "alive"

    def _postpone(self, run: str, wait: timedelta) -> None:
        changes = [Set("due_at", self._due(wait))]
        self._store.update(run_ref(run), changes, (Present("due_at"), OneOf("status", OPEN)))

    def _watch(self) -> Orchestrator:
        if self._orchestrator is None:
            raise RuntimeError("this function was not given the orchestrator")
        return self._orchestrator

    def _due(self, wait: timedelta) -> str:
        return iso(self._clock.now() + wait)


def _limited(workflow: Workflow) -> list[Change]:
    """Return the changes that give a run the money that it may spend, where that is declared."""
    if workflow.limits.run_usd is None:
        return []
    return [Set("usd_left", Decimal(workflow.limits.run_usd)), Set("usd_open", {})]


def result_of(output: Mapping[str, Any] | None, error: str) -> Ended:
    """Read how a workflow ended from its output (None: it failed with *error*)."""
    if output is None:
        status = Status.TIMED_OUT if error == "States.Timeout" else Status.FAILED
        return Ended(status, error or "FAILED")
    outcome = output.get("outcome", Outcome.SUCCEEDED)
    if outcome in GOOD:
        return Ended(Status.SUCCEEDED, "", output)
    return Ended(Status.FAILED, str(output.get("reason") or outcome), output)
