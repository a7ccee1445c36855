"""What is parked until a person decides: where it lies, what it is about, who has said what.

The parked id is the item's key and a function of run and step alone, so that a machine that
comes back with another token finds the same item.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from functions.core.domain import evidence
from functions.core.domain.canonical import canonical
from functions.core.domain.expressions import Item, Ref, Table
from functions.core.domain.keys import keyed_hash
from functions.core.domain.people import Person
from functions.core.domain.references import FIELD, is_reference
from functions.core.domain.run import Outcome

KIND: Final = "approval"
KEEP_DAYS: Final = 400
"""How long an item is kept once it is over, where nobody said."""
VOTE: Final = "vote#"
_VISIT_DIGITS: Final = 16


class Verdict(StrEnum):
    """What a decision says."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    """The run was over before anybody decided."""


class Reason(StrEnum):
    """How a decision came about; what the step's outcome gives as its reason."""

    APPROVED = "APPROVED"
    APPROVED_WITH_EDIT = "APPROVED_WITH_EDIT"
    APPROVED_ON_EXPIRY = "APPROVED_ON_EXPIRY"
    NOT_NEEDED = evidence.NOT_NEEDED
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    RUN_ENDED = "RUN_ENDED"


@dataclass(frozen=True)
class Decision:
    """What somebody says.

    Attributes
    ----------
    shown
        Hash of the content that they were shown.
    fields
        What they would change; None approves or rejects it as it is.
    """

    verdict: Verdict
    shown: str
    why: str = ""
    fields: Mapping[str, Any] | None = None


def inbox(team: str) -> str:
    """Return the queue of what waits for people of *team*."""
    return f"inbox#{team}"


def parked_ref(team: str, run: str, step: str) -> Ref:
    """Return where the approval of *step* lies; in its queue, the oldest comes first."""
    visit = step.rpartition(".")[2]
    order = f"{visit.zfill(_VISIT_DIGITS)}#{run}#{step}"
    return Ref(Table.PARKED, inbox(team), order)


def short_id(ref: Ref) -> str:
    """Return what people type for it."""
    return hashlib.sha256(f"{ref.pk}/{ref.sk}".encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Content:
    """Exactly what is to be done: an operation on a target, with these fields.

    Personal and large values are references; an amount is text.
    """

    operation: str
    target: Mapping[str, Any]
    amount: str | None
    fields: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        operation: str,
        path_fields: Collection[str],
        request: Mapping[str, Any],
        amount: object,
    ) -> "Content":
        """Return what a *request* that is fit for state asks for; *amount* may be None."""
        target = {name: request[name] for name in path_fields}
        fields = {name: value for name, value in request.items() if name not in target}
        return cls(operation, target, None if amount is None else str(amount), fields)

    @property
    def request(self) -> dict[str, Any]:
        """The whole request, as it stands in state."""
        return {**self.target, **self.fields}

    def hashed(self, team_key: bytes) -> str:
        """Return what an approval is bound to: artifacts count by the keyed hash of their content.

        Only a holder of the team's key can compute it, so nobody guesses a value back from it.
        """
        told = {
            "operation": self.operation,
            "target": _by_content(dict(self.target)),
            "amount": self.amount,
            "fields": _by_content(dict(self.fields)),
        }
        return keyed_hash(team_key, canonical(told))

    def text(self) -> str:
        """Return it as it is kept."""
        return canonical(vars(self)).decode()

    @classmethod
    def read(cls, text: str) -> "Content":
        """Read back what :meth:`text` wrote."""
        return cls(**json.loads(text))


def _by_content(value: Any) -> Any:
    if is_reference(value):
        return {"content": value[FIELD].rpartition("/")[2]}
    if isinstance(value, dict):
        return {name: _by_content(inner) for name, inner in value.items()}
    return [_by_content(inner) for inner in value] if isinstance(value, list) else value


def vote_key(person: Person) -> str:
    """Return the attribute that holds what *person* said."""
    return VOTE + hashlib.sha256(person.id.encode()).hexdigest()[:16]


def votes(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what people have said of the content as it is now, the first first."""
    cast = [entry for name, entry in item.items() if name.startswith(VOTE)]
    return sorted((v for v in cast if v["hash"] == item["hash"]), key=lambda vote: vote["at"])


def may_decide(item: Mapping[str, Any], person: Person) -> bool:
    """Say whether *person* is among those who may decide."""
    named = {name.casefold() for name in item["approvers"]}
    return person.name.casefold() in named or bool(set(item["groups"]) & set(person.groups))


def is_requester(item: Mapping[str, Any], person: Person) -> bool:
    """Say whether *person* asked for it."""
    return bool(person.name) and person.name.casefold() == str(item["requester"]).casefold()


def ending(item: Item) -> tuple[Outcome, str, Any]:
    """Return outcome, reason and answer of a step that was decided."""
    decision = item["decision"]
    if decision["verdict"] == Verdict.APPROVED:
        return Outcome.SUCCEEDED, decision["reason"], Content.read(item["content"]).request
    return Outcome.FAILED, decision["reason"], None


def words_of(item: Item) -> str:
    """Return why it was decided so, in the words of whoever decided; empty where time did."""
    said = votes(item)
    return str(said[-1]["why"]) if said else ""


def remove_at(item: Mapping[str, Any], now: datetime) -> int:
    """Return when an item that is over at *now* may go: seconds of the epoch, as TTL wants it."""
    days = int(item.get("keep_days", KEEP_DAYS))
    return int((now + timedelta(days=days)).timestamp())


def task_output(outcome: Outcome, reason: str, answer: Any) -> str:
    """Return what the machine that waits is told."""
    told = {"outcome": outcome, "reason": reason, "answer": answer}
    return json.dumps(told, sort_keys=True)


def decided_record(item: Item) -> dict[str, Any]:
    """Return what the evidence says of the decision on *item*."""
    decision = item["decision"]
    return {
        "approval": item["approval"],
        "verdict": decision["verdict"],
        "reason": decision["reason"],
        "content": item["hash"],
        "content_at_first": item["first_hash"],
        "by": decision["by"],
        "at": decision["at"],
        "votes": [{name: vote[name] for name in ("by", "id", "at")} for vote in votes(item)],
    }


def decision_of(verdict: Verdict, reason: Reason, *, by: str, at: str, nonce: str) -> Item:
    """Return a decision as the item holds it."""
    return {"verdict": verdict, "reason": reason, "by": by, "at": at, "nonce": nonce}
