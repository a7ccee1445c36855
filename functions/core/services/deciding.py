"""Deciding what is parked: by people, and by time.

A decision is one conditional write: none yet, not expired, and what was shown is what there is.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from functions.core.domain.approvals import Approval
from functions.core.domain.errors import DecisionRefused, FieldsRejected, StoreContention
from functions.core.domain.expressions import (
    Absent,
    AtLeast,
    Change,
    Equals,
    Item,
    Ref,
    Set,
    When,
)
from functions.core.domain.parked import (
    VOTE,
    Content,
    Decision,
    Reason,
    Verdict,
    decision_of,
    is_requester,
    may_decide,
    vote_key,
    votes,
)
from functions.core.domain.people import Person
from functions.core.domain.requests import require_fit
from functions.core.domain.run import WORKING, run_ref
from functions.core.domain.step import Invocation
from functions.core.domain.timestamps import iso, parse
from functions.core.domain.workflows import Workflow
from functions.core.ports import Bus, Tasks
from functions.core.services import outbox
from functions.core.services.delivering import Delivering
from functions.core.services.parking import Parking
from functions.core.services.tools import Tools

TRIES = 8
BY_TIME = "expiry"


class Deciding:
    """The functions `decide` and `sweep`, as far as they look at parked items."""

    def __init__(self, tools: Tools, bus: Bus, tasks: Tasks) -> None:
        self._tools = tools
        self._parking = Parking(tools, bus, tasks)
        self._delivering = Delivering(tools, bus, tasks)

    # people

    def show(self, ref: Ref, person: Person) -> tuple[Item, dict[str, Any]]:
        """Return the item and its request in clear, to somebody who may decide.

        Raises
        ------
        DecisionRefused
            There is no such item, or it is not theirs to see.
        """
        item = self._read(ref)
        self._require_theirs(item, person)
        request = Content.read(item["content"]).request
        return item, dict(self._tools.artifacts.resolve(request, run=item["run"]))

    def decide(self, ref: Ref, decision: Decision, person: Person, me: Invocation) -> Item:
        """Take a decision, or one of two; return the item with it.

        Raises
        ------
        DecisionRefused
            It does not count; `facts` say what is known instead.
        """
        for _ in range(TRIES):
            item = self._read(ref)
            if _has_said(item, me):
                break  # this very write, repeated
            if "decision" not in item and self._is_over(item):
                self._delivering.deliver(ref, self._let_expire(ref, item))
                continue
            self._require_open(item, person, decision)
            changes = self._changes(ref, item, decision, person, me)
            written = self._tools.store.update(ref, changes, self._when(item, decision))
            if written.done:
                item = written.item or item
                break
        else:
            raise StoreContention("others decided and voted meanwhile")
        self._delivering.deliver(ref, item)
        return item

    def _read(self, ref: Ref) -> Item:
        item = self._tools.store.get(ref)
        if item is None or "hash" not in item:
            raise DecisionRefused("UNKNOWN", "nothing of that name is parked")
        return item

    def _require_theirs(self, item: Item, person: Person) -> None:
        if not may_decide(item, person):
            named = ", ".join([*item["approvers"], *item["groups"]])
            raise DecisionRefused("NOT_AN_APPROVER", f"this is for {named} to decide")

    def _require_open(self, item: Item, person: Person, decision: Decision) -> None:
        """Refuse a decision that does not count, with the facts of what is there."""
        self._require_theirs(item, person)
        first = item.get("decision")
        if first is not None:
            raise DecisionRefused(
                "DECIDED",
                f"{first['by']} decided at {first['at']}: {first['verdict']}",
                **{name: first[name] for name in ("verdict", "reason", "by", "at")},
                content=item["hash"],
            )
        if is_requester(item, person):
            raise DecisionRefused("REQUESTER", "whoever asked for it does not decide on it")
        if item["hash"] != decision.shown:
            raise DecisionRefused(
                "CHANGED", "the content is not what was shown any more", content=item["hash"]
            )
        run = self._tools.store.get(run_ref(item["run"]))
        if run is None or run["status"] not in WORKING:
            status = run["status"] if run else "gone"
            raise DecisionRefused("RUN_CLOSED", f"its run is {status}", status=status)
        mine = next((vote for vote in votes(item) if vote["id"] == person.id), None)
        if mine and decision.verdict == Verdict.APPROVED and decision.fields is None:
            raise DecisionRefused(
                "ALREADY_VOTED",
                f"you approved at {mine['at']}; another person's approval is needed",
                at=mine["at"],
                by=mine["by"],
            )

    def _when(self, item: Item, decision: Decision) -> When:
        return (
            Absent("decision"),
            AtLeast("expires_at", iso(self._tools.clock.now())),
            Equals("hash", decision.shown),
            Equals("revision", item["revision"]),
        )

    def _changes(
        self, ref: Ref, item: Item, decision: Decision, person: Person, me: Invocation
    ) -> list[Change]:
        now = iso(self._tools.clock.now())
        changes: list[Change] = [Set("revision", int(item["revision"]) + 1)]
        shown = item["hash"]
        if decision.fields is not None and decision.verdict == Verdict.APPROVED:
            content = self._edited(item, decision.fields)
            team_key = self._tools.keys.team(item["team"])
            item = {**item, "content": content.text(), "hash": content.hashed(team_key)}
            item["amount"] = content.amount or ""
            changes += [Set(name, item[name]) for name in ("content", "hash", "amount")]
        vote = {
            "by": person.shown,
            "id": person.id,
            "groups": list(person.groups),
            "self_declared": person.self_declared,
            "verdict": decision.verdict,
            "hash": item["hash"],
            "edited_from": shown if item["hash"] != shown else "",
            "at": now,
            "why": decision.why,
            "nonce": me.nonce,
        }
        changes.append(Set(vote_key(person), vote))
        others = [v for v in votes(item) if v["id"] != person.id]
        if decision.verdict == Verdict.APPROVED and len(others) + 1 < item["quorum"]:
            return changes
        edited = item["hash"] != item["first_hash"]
        reason = Reason.APPROVED_WITH_EDIT if edited else Reason.APPROVED
        if decision.verdict != Verdict.APPROVED:
            reason = Reason.REJECTED
        by = " and ".join([*(v["by"] for v in others), person.shown])
        by = person.shown if reason is Reason.REJECTED else by
        taken = decision_of(decision.verdict, reason, by=by, at=now, nonce=me.nonce)
        return changes + self._taken(ref, item, taken)

    def _taken(self, ref: Ref, item: Item, taken: Item) -> list[Change]:
        """Return what a decision writes beside itself: its delivery, and its announcement."""
        event = self._delivering.decided(ref, item, taken)
        return [
            Set("decision", taken),
            Set("undelivered", value=True),
            *self._delivering.soon(item),
            *outbox.entries([event]),
        ]

    def _edited(self, item: Item, fields: Mapping[str, Any]) -> Content:
        """Return the content with *fields* changed; it passes the operation's schema."""
        barred = sorted(set(fields) - set(item["editable"]))
        if barred:
            raise DecisionRefused("NOT_EDITABLE", f"{barred[0]} is not to be changed")
        run = self._tools.store.get(run_ref(item["run"])) or {}
        old = Content.read(item["content"])
        operation = self._parking.operation(run, old.operation)
        given = {**old.request, **fields}
        resolved = self._tools.artifacts.resolve(given, run=item["run"])
        try:
            require_fit(operation, resolved)
        except FieldsRejected as refused:
            raise DecisionRefused("CONTENT_REJECTED", str(refused)) from None
        approval = self._approval(run, item)
        return self._parking.content(run, approval, operation, given, resolved)

    def _approval(self, run: Item, item: Item) -> Approval:
        workflow = self._tools.catalog.pinned(
            "workflow", run["workflow"], run["workflow_version"], Workflow
        )
        return workflow.approvals[item["approval"]]

    # time

    def look(self, ref: Ref) -> None:
        """Do what is due for a parked item: remind, escalate, expire, deliver."""
        item = self._tools.store.get(ref)
        if item is None or "hash" not in item:
            return
        if "decision" not in item:
            if self._is_over(item):
                item = self._let_expire(ref, item)
            elif item["remind_at"] and item["remind_at"] <= iso(self._tools.clock.now()):
                item = self._remind(ref, item)
        self._delivering.deliver(ref, item)

    def _is_over(self, item: Item) -> bool:
        return bool(item["expires_at"] < iso(self._tools.clock.now()))

    def _let_expire(self, ref: Ref, item: Item) -> Item:
        """Do what is declared for a time that has passed: escalate, or decide."""
        if item["on_expiry"] == "escalate":
            changes = self._escalated(ref, item)
        else:
            approve = item["on_expiry"] == "approve"
            taken = decision_of(
                Verdict.APPROVED if approve else Verdict.REJECTED,
                Reason.APPROVED_ON_EXPIRY if approve else Reason.EXPIRED,
                by=BY_TIME,
                at=iso(self._tools.clock.now()),
                nonce="",
            )
            changes = self._taken(ref, item, taken)
        return self._write(ref, item, changes)

    def _escalated(self, ref: Ref, item: Item) -> list[Change]:
        to = item["escalation"]
        # from the time that has passed, so that a late sweep takes nothing from the next
        end = parse(item["expires_at"]) + timedelta(hours=int(to["expires_after_hours"]))
        end = max(end, self._tools.clock.now() + timedelta(hours=1))
        new = {
            "approvers": to["approvers"],
            "groups": to["groups"],
            "on_expiry": to["on_expiry"],
            "expires_at": iso(end),
            "remind_at": "",
        }
        event = self._delivering.requested(ref, {**item, **new}, "escalated")
        changes = [Set(name, value) for name, value in new.items()]
        return [*changes, *self._delivering.soon(item), *outbox.entries([event])]

    def _remind(self, ref: Ref, item: Item) -> Item:
        event = self._delivering.requested(ref, item, "reminder")
        changes = [Set("remind_at", ""), *self._delivering.soon(item), *outbox.entries([event])]
        return self._write(ref, item, changes)

    def _write(self, ref: Ref, item: Item, changes: list[Change]) -> Item:
        """Write what time brings about, unless somebody was faster."""
        when = (Absent("decision"), Equals("revision", item["revision"]))
        more = Set("revision", int(item["revision"]) + 1)
        written = self._tools.store.update(ref, [more, *changes], when)
        return written.item or item


def _has_said(item: Item, me: Invocation) -> bool:
    """Say whether *me* has voted or decided already."""
    said = [entry for name, entry in item.items() if name.startswith(VOTE)]
    return any(entry["nonce"] == me.nonce for entry in said)
