"""What follows a parking and a decision: evidence, the step's end, the token, the events.

Whoever wrote the decision delivers at once, sweep delivers what is left; each part is safe to
repeat, so a decision is effective once and delivered at least once.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from functions.core.domain.envelope import BusEvent
from functions.core.domain.events import make
from functions.core.domain.evidence import Kind, chain_of
from functions.core.domain.expressions import (
    Change,
    Equals,
    Item,
    Present,
    Ref,
    Remove,
    Set,
)
from functions.core.domain.parked import (
    KIND,
    Verdict,
    decided_record,
    ending,
    remove_at,
    task_output,
    votes,
    words_of,
)
from functions.core.domain.run import WORKING, Status, due_bucket, run_ref
from functions.core.domain.timestamps import iso
from functions.core.ports import Bus, Tasks
from functions.core.services import outbox
from functions.core.services.tools import Tools

AGAIN = timedelta(minutes=1)
REQUESTED = "Approval Requested"
DECIDED = "Approval Decided"


class Delivering:
    """The way out of the parked table."""

    def __init__(self, tools: Tools, bus: Bus, tasks: Tasks) -> None:
        self._tools = tools
        self._bus = bus
        self._tasks = tasks

    # what a write takes along

    def requested(self, ref: Ref, item: Item, occasion: str) -> BusEvent:
        """Return the event that somebody is waited for; each *occasion* has its own."""
        told = ("run", "workflow", "step", "approval", "amount", "expires_at")
        detail = {
            **{name: item[name] for name in told},
            **{name: list(item[name]) for name in ("why", "approvers", "groups")},
            "queue": ref.pk,
            "order": ref.sk,
            "occasion": occasion,
        }
        return self._event(REQUESTED, ref, item, detail, occasion)

    def decided(self, ref: Ref, item: Item, decision: Item) -> BusEvent:
        """Return the event that it was decided."""
        told = ("run", "workflow", "step", "approval")
        detail = {
            **{name: item[name] for name in told},
            "verdict": decision["verdict"],
            "reason": decision["reason"],
            "by": decision["by"],
            "queue": ref.pk,
            "order": ref.sk,
        }
        return self._event(DECIDED, ref, item, detail, "decided")

    def _event(
        self, kind: str, ref: Ref, item: Item, detail: dict[str, Any], occasion: str
    ) -> BusEvent:
        cause = f"{ref.pk}/{ref.sk}/{occasion}"
        return make(kind, detail, cause=cause, hops=int(item["hops"]), keys=self._tools.keys)

    def soon(self, item: Item) -> tuple[Change, ...]:
        """Return the changes that make an item due while something is to be delivered."""
        due = iso(self._tools.clock.now() + AGAIN)
        return Set("due_at", due), Set("due_bucket", due_bucket(item["run"]))

    # afterwards

    def deliver(self, ref: Ref, item: Item) -> bool:
        """Do what is left to be done for *item*; return whether nothing is."""
        if item.get("undelivered"):
            item = self._hand_over(ref, item)
        else:
            self._attest_votes(item)
        pending = outbox.pending(item)
        taken = self._bus.put(pending) if pending else []
        whole = len(taken) == len(pending)
        self._tidy(ref, item, taken, whole=whole)
        return whole and not item.get("undelivered")

    def _hand_over(self, ref: Ref, item: Item) -> Item:
        """Give the decision to the execution that waits for it."""
        self._attest_votes(item)
        decision = item["decision"]
        chain, id_ = chain_of(item["run"], item["step"]), f"{item['run']}/{item['step']}:decided"
        self._tools.evidence.append(chain, Kind.DECIDED, id_, decided_record(item))
        if decision["verdict"] == Verdict.WITHDRAWN:
            return self._clear(ref, item)
        outcome, reason, answer = ending(item)
        run = self._tools.store.get(run_ref(item["run"]))
        if run is None or run["status"] not in WORKING:
            return self._clear(ref, item)
        facts = self.facts(item["approval"], outcome, reason, answer)
        facts |= {"by": decision["by"], "why": words_of(item)}
        self._tools.sending.finish(item["run"], item["step"], facts)
        going = [Set("status", Status.RUNNING)]
        self._tools.store.update(run_ref(item["run"]), going, (Equals("status", Status.WAITING),))
        answered = self._tasks.answer(item["token"], task_output(outcome, reason, answer))
        return self._clear(ref, item) if answered else item

    @staticmethod
    def facts(approval: str, outcome: str, reason: str, answer: Any) -> dict[str, Any]:
        """Return what a step's item says of an approval that is over."""
        return {
            "kind": KIND,
            "name": approval,
            "outcome": outcome,
            "reason": reason,
            "answer": json.dumps(answer, sort_keys=True) if answer is not None else "",
        }

    def _clear(self, ref: Ref, item: Item) -> Item:
        """Take the entry away, unless another token waits by now."""
        when = (Equals("token_n", item["token_n"]), Present("undelivered"))
        written = self._tools.store.update(ref, [Remove("undelivered")], when)
        return written.item or item

    def _attest_votes(self, item: Item) -> None:
        chain = chain_of(item["run"], item["step"])
        for vote in votes(item):
            id_ = f"{item['run']}/{item['step']}:vote:{vote['id']}:{vote['hash'][:16]}"
            body = {name: vote[name] for name in _VOTE if name in vote}
            self._tools.evidence.append(chain, Kind.VOTED, id_, body)

    def _tidy(self, ref: Ref, item: Item, taken: Sequence[str], *, whole: bool) -> None:
        """Remove what was delivered, and say when the item is due next."""
        due = self._due(item, whole=whole)
        if not taken and due == item.get("due_at"):
            return
        changes: list[Change] = [Remove(outbox.ENTRY + event_id) for event_id in taken]
        if due is None:
            gone = Set("remove_at", remove_at(item, self._tools.clock.now()))
            changes += [Remove("due_at"), Remove("due_bucket"), gone]
        else:
            changes += [Set("due_at", due), Set("due_bucket", due_bucket(item["run"]))]
        # whoever changed it meanwhile has made it due as it must be
        self._tools.store.update(ref, changes, tuple(Equals(n, item[n]) for n in _SEEN))

    def _due(self, item: Item, *, whole: bool) -> str | None:
        if item.get("undelivered") or not whole:
            return iso(self._tools.clock.now() + AGAIN)
        if "decision" in item:
            return None
        return str(item["remind_at"] or item["expires_at"])


_SEEN = ("revision", "token_n")
_VOTE = ("by", "id", "groups", "self_declared", "verdict", "hash", "edited_from", "at", "why")
