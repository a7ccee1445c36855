"""The door: what becomes of one message of the intake queue (CONTRACTS: the door).

A pure function of its message: whoever receives it again says the same name, finds the
same item, and starts what is not started yet.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from functions.core.domain.canonical import canonical, parse_strict, safe_pointer
from functions.core.domain.envelope import CALL, HOP_LIMIT, KEEP_REFUSED, SOURCE, Envelope
from functions.core.domain.errors import (
    ArtifactRefused,
    BusUnavailable,
    InvalidJson,
    UnknownDefinition,
)
from functions.core.domain.events import make, unsigned
from functions.core.domain.expressions import Absent, Item, Ref, Table
from functions.core.domain.keys import Keyring, keyed_hash
from functions.core.domain.names import dedup_text, run_name
from functions.core.domain.references import lookup, references
from functions.core.domain.run import Status, day_bucket, due_bucket, run_ref
from functions.core.domain.schemas import personal_pointers, validator
from functions.core.domain.timestamps import iso, parse
from functions.core.domain.workflows import Workflow
from functions.core.ports import Blobs, Bus, Clock, Orchestrator, Store
from functions.core.services.artifacts import Artifacts
from functions.core.services.catalog import Catalog

HEAL_AFTER = timedelta(minutes=2)
"""When sweep looks whether a RECEIVED run was ever started."""
SHOWN_VIOLATIONS = 5


class Refused(Exception):
    """The message doesn't fit; says why without saying what it holds."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason} {detail}".strip())


@dataclass(frozen=True)
class Received:
    """What became of a message: `started`, `duplicate` or `refused`."""

    what: str
    workflow: str = ""
    run: str = ""
    reason: str = ""
    detail: str = ""
    item: Item | None = None
    """The run's item, where the message is let in or is a duplicate."""


@dataclass(frozen=True)
class _Admissible:
    """A message that fits, and the name of the run it asks for."""

    envelope: Envelope
    version: str
    workflow: Workflow
    event: Any
    carried: list[str]
    hops: int
    run: str


class Door:
    """Lets events in."""

    def __init__(
        self,
        *,
        stage: str,
        store: Store,
        blobs: Blobs,
        keys: Keyring,
        clock: Clock,
        catalog: Catalog,
        orchestrator: Orchestrator | None,
        bus: Bus,
    ) -> None:
        self._stage = stage
        self._store = store
        self._blobs = blobs
        self._keys = keys
        self._clock = clock
        self._catalog = catalog
        self._orchestrator = orchestrator
        self._bus = bus
        self._artifacts = Artifacts(blobs, keys)

    def receive(self, body: str, sent_at: str) -> Received:
        """Let one message of the queue in and start its run, recognise it, or refuse it.

        Parameters
        ----------
        body
            The envelope's text.
        sent_at
            When the queue took it; the same at each delivery, so a refusal is kept once.
        """
        received = self.let_in(body, sent_at)
        if received.item is not None and received.item["status"] == Status.RECEIVED:
            self.start(received.run, received.item)
        return received

    def let_in(self, body: str, sent_at: str) -> Received:
        """Let one message in, recognise or refuse it; its run is for the caller to start."""
        envelope: Envelope | None = None
        try:
            envelope = self._envelope(body)
            found = self._admissible(envelope)
            return self._admit(found)
        except Refused as refused:
            workflow = envelope.workflow if envelope else ""
            return self._refuse(body, sent_at, workflow, refused)

    def _envelope(self, body: str) -> Envelope:
        try:
            return Envelope.model_validate(parse_strict(body))
        except InvalidJson as error:
            raise Refused("INVALID_JSON", str(error)) from None
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = safe_pointer(first["loc"]) or "(root)"
            raise Refused("ENVELOPE", f"{where} {first['type']}") from None

    def _admissible(self, envelope: Envelope) -> _Admissible:
        try:
            version, workflow = self._catalog.live("workflow", envelope.workflow, Workflow)
        except UnknownDefinition:
            raise Refused("NO_SUCH_WORKFLOW") from None
        if envelope.source == CALL and not workflow.external:
            raise Refused("NOT_EXTERNAL", "the workflow does not declare external = true")
        event, hops = self._own(envelope)
        carried = [pointer for pointer, _ in references(event)]
        try:
            event = self._artifacts.admit(event, team=workflow.team)
        except ArtifactRefused as error:
            raise Refused("FOREIGN_REFERENCE", str(error)) from None
        violations = validator(workflow.input_schema).errors(event)
        if violations:
            raise Refused("SCHEMA", "; ".join(map(str, violations[:SHOWN_VIOLATIONS])))
        if envelope.source == CALL:
            _require_references(workflow, event, carried)
        dedup = self._dedup(envelope, workflow, event)
        name = run_name(self._keys.naming, self._stage, workflow.name, dedup)
        return _Admissible(envelope, version, workflow, event, carried, hops, name)

    def _own(self, envelope: Envelope) -> tuple[Any, int]:
        """Return the event without what our own signature added, and its hops."""
        event = envelope.event
        if not isinstance(event, dict):
            raise Refused("SCHEMA", "(root) type")
        claimed = envelope.origin is not None and envelope.origin.source == SOURCE
        if claimed:
            event = unsigned(self._keys, event)
            if event is None:
                raise Refused("FORGED_SOURCE")
        hops = event.get("hops", 0)
        if not isinstance(hops, int) or isinstance(hops, bool) or hops < 0:
            raise Refused("SCHEMA", "/hops type")
        if hops > HOP_LIMIT:
            raise Refused("TOO_MANY_HOPS", f"more than {HOP_LIMIT}")
        return {name: value for name, value in event.items() if name != "hops"}, hops

    def _dedup(self, envelope: Envelope, workflow: Workflow, event: Any) -> str:
        if workflow.dedup_key == "scheduled_time":
            if envelope.scheduled_time is None:
                raise Refused("ENVELOPE", "/scheduled_time missing")
            return dedup_text([envelope.scheduled_time])
        values = {pointer: lookup(event, pointer) for pointer in workflow.dedup_key}
        for pointer, value in values.items():
            if isinstance(value, float):
                # a schema takes 7.0 for an integer; as a key it would be another text than 7
                raise Refused("SCHEMA", f"{pointer}: type integer")
        return dedup_text(list(values.values()))

    def _admit(self, found: _Admissible) -> Received:
        workflow, run, now = found.workflow, found.run, self._clock.now()
        content = keyed_hash(self._keys.team(workflow.team), canonical(found.event))
        hidden = [*personal_pointers(workflow.input_schema, found.event), *found.carried]
        shrunk = self._artifacts.shrink(found.event, hidden, team=workflow.team, run=run)
        at = iso(now)
        item: Item = {
            "status": Status.RECEIVED,
            "workflow": workflow.name,
            "workflow_version": found.version,
            "team": workflow.team,
            "content": content,
            "input": canonical(shrunk).decode(),
            "source": found.envelope.source,
            "hops": found.hops,
            "generation": 0,
            "started_at": at,
            "day_bucket": day_bucket(run, at),
            "due_at": iso(now + HEAL_AFTER),
            "due_bucket": due_bucket(run),
        }
        if found.envelope.scheduled_time is not None:
            item["scheduled_time"] = found.envelope.scheduled_time
        written = self._store.put(run_ref(run), item, (Absent("pk"),))
        held = written.item or item
        if held["content"] != content:
            raise Refused("OTHER_CONTENT", "a run of the same key has other content")
        what = "started" if written.done else "duplicate"
        return Received(what, workflow.name, run, item=held)

    def start(self, run: str, item: Item) -> bool:
        """Start the supervisor of a RECEIVED run, from what its item says."""
        if self._orchestrator is None:
            raise RuntimeError("this function was not given the orchestrator")
        payload = {"run": run, "workflow": item["workflow"]}
        return self._orchestrator.start(run, json.dumps(payload, sort_keys=True))

    def _refuse(self, body: str, sent_at: str, workflow: str, refused: Refused) -> Received:
        raw = body.encode(errors="surrogatepass")
        name = keyed_hash(self._keys.refused, raw)
        self._blobs.put(f"refused/{name}", raw, "application/octet-stream")
        expires = parse(sent_at) + KEEP_REFUSED
        self._store.put(
            Ref(Table.REFUSED, name, sent_at),
            {
                "reason": refused.reason,
                "detail": refused.detail,
                "workflow": workflow,
                "bytes": len(raw),
                "day_bucket": day_bucket(name, sent_at),
                "expires_at": int(expires.timestamp()),
            },
            (Absent("pk"),),
        )
        event = make(
            "Run Rejected",
            {
                "refused": name,
                "workflow": workflow,
                "reason": refused.reason,
                "detail": refused.detail,
            },
            cause=f"{name}/{sent_at}",
        )
        if not self._bus.put([event]):
            raise BusUnavailable("a refusal was not announced; the queue gives the message again")
        return Received("refused", workflow, reason=refused.reason, detail=refused.detail)


def _require_references(workflow: Workflow, event: Any, carried: list[str]) -> None:
    """Refuse personal values in a call: its text lies in a history before the door sees it."""
    for pointer in personal_pointers(workflow.input_schema, event):
        if not any(pointer == held or pointer.startswith(f"{held}/") for held in carried):
            raise Refused("PERSONAL_VALUE", f"{pointer} takes a reference")
