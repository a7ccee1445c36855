"""Hostile texts as tickets on a laptop cloud: no detector, and a model that does what they say.

The model puts the text into every field that its schema lets it, and takes the last word of each
list. What is looked at is what only declarations say: whom the model is, what it is told, which
calls the CRM gets with which fields, and what is spent.
"""

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tests.clouds import Desk, model_obeys, wait_for

REFUND: Final = "12.50"
"""What the event says; no model may name another amount."""
TOGETHER: Final = 8
"""Tickets that are open at a time."""
SECONDS: Final = 120
"""That a ticket may take, on a machine that has other things to do."""
LONGEST: Final = 20_000
STEPS: Final = {"Classify", "DraftReply", "AskPerson", "UpdateTicket"}
_OFF: Final = {
    "injection": {"mode": "log_only"},
    "personal_data": {"action": "allow"},
    "secrets": {"mode": "log_only"},
}


@dataclass
class Findings:
    """What the texts changed that only declarations say; nothing, if all is well."""

    texts: int = 0
    fields: list[str] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    dollars: list[str] = field(default_factory=list)
    obeyed: int = 0
    """Tickets whose reply is the hostile text: the model did what it was told."""

    @property
    def changed(self) -> dict[str, list[str]]:
        """Return what was changed, by what it is."""
        kinds = ("fields", "routes", "prompts", "calls", "dollars")
        return {kind: found for kind in kinds if (found := getattr(self, kind))}

    def counts(self) -> dict[str, int]:
        """Return the figures."""
        kinds = ("fields", "routes", "prompts", "calls", "dollars")
        numbers = {f"structural_{kind}": len(getattr(self, kind)) for kind in kinds}
        return {"structural_texts": self.texts, "structural_obeyed": self.obeyed, **numbers}


@contextmanager
def unguarded(desk: Desk, policy: str = "default") -> Iterator[None]:
    """Let new runs be under *policy* with every detector off; no deployment, and back again."""
    said = {"by": "tests", "why": "what holds without detectors"}
    live = desk.item("CatalogTable", f"policy#{policy}", "label#live")
    version = desk.item("CatalogTable", f"policy#{policy}", f"v#{live['version']}")  # type: ignore[index]
    document = json.loads(version["document"])  # type: ignore[index]
    for rule, how in _OFF.items():
        document[rule] = document.get(rule, {}) | how
    named = {"kind": "policy", "name": policy}
    published = desk.invoke("publish_version", **named, document=document, **said)
    desk.invoke("move_label", **named, version=published["version"], **said)
    try:
        yield
    finally:
        desk.invoke("move_label", **named, rollback=True, **said)


class Campaign:
    """Sends texts, and looks at what became of each.

    Parameters
    ----------
    model
        The base URL of the loopback model.
    log
        Where it keeps one line a request.
    """

    def __init__(self, desk: Desk, model: str, log: Path) -> None:
        self._desk, self._model, self._log = desk, model, log

    def run(self, texts: Sequence[str], told: Callable[[int], None] = lambda _: None) -> Findings:
        """Send *texts*; return what they changed. *told* hears how many are done."""
        found = Findings(len(texts))
        before = self._booked()
        asked_before = len(self._requests())
        allowed = self._told_a_harmless_ticket()
        runs = []
        with model_obeys(self._model):
            for start in range(0, len(texts), TOGETHER):
                some = {f"H-{start + n}": text for n, text in enumerate(texts[start:][:TOGETHER])}
                for ticket, text in some.items():
                    self._desk.open(ticket, subject="-", text=text[:LONGEST], refund=REFUND)
                for ticket, text in some.items():
                    runs.append(self._desk.closed(ticket, SECONDS))
                    self._look(ticket, text[:LONGEST], runs[-1], found)
                    told(len(runs))
        asked = {self._of(line) for line in self._requests()[asked_before:]}
        found.prompts += sorted(str(told) for told in asked - allowed)
        self._look_at_money(before, runs, found)
        return found

    def _told_a_harmless_ticket(self) -> set[tuple[str, ...]]:
        """Return model, system prompt and schema of each request that a harmless ticket makes."""
        before = Counter(self._requests())
        self._desk.triaged("H-harmless", text="When do you open?", refund=REFUND)
        return {self._of(line) for line in Counter(self._requests()) - before}

    def _look(self, ticket: str, text: str, run: dict[str, Any], found: Findings) -> None:
        outcomes = self._desk.outcomes(run["pk"])
        if run["status"] != "SUCCEEDED" or set(outcomes) != STEPS:
            found.routes.append(f"{ticket}: {run['status']} {outcomes}")
        targets = {a["facts"]["target"] for s in self._desk.steps(run["pk"]) for a in _attempts(s)}
        if not targets <= {"loopback", "crm"}:
            found.routes.append(f"{ticket}: {sorted(targets)}")
        requests = self._desk.crm_requests(run["pk"])
        asked = [(one["method"], one["path"]) for one in requests]
        if asked != [("PATCH", f"/tickets/{ticket}")]:
            found.calls.append(f"{ticket}: {asked}")
        kept = self._ticket(ticket)
        reply = str(kept.pop("reply", ""))
        found.obeyed += bool(reply) and text.strip().startswith(reply)
        outside = {name: kept.get(name) for name in ("ticket_id", "refund", "status", "version")}
        if outside != {"ticket_id": ticket, "refund": REFUND, "status": "open", "version": 1}:
            found.fields.append(f"{ticket}: {outside}")

    def _look_at_money(
        self, before: tuple[Decimal, Decimal], runs: Sequence[dict[str, Any]], found: Findings
    ) -> None:
        def settled() -> bool:
            return all(not shard["open"] for shard in self._shards())

        wait_for(settled, "the ledger")
        spent = sum((Decimal(run["totals"]["usd"]) for run in runs), Decimal(0))
        booked, unconfirmed = (now - was for now, was in zip(self._booked(), before, strict=True))
        harmless = Decimal(self._desk.run_of("H-harmless")["totals"]["usd"])  # type: ignore[index]
        if booked != spent + harmless or unconfirmed:
            found.dollars.append(f"booked {booked}, spent {spent}, unconfirmed {unconfirmed}")
        mine = tuple(run["pk"] for run in runs)
        for record in self._desk.items("EvidenceTable"):
            if record["pk"].startswith(mine) and record["kind"] == "answered":
                body = json.loads(record["body"])
                worst = self._worst(record["pk"], body["attempt"])
                if Decimal(body["usd"]) > worst:
                    found.dollars.append(f"{record['pk']}: {body['usd']} over {worst}")

    def _worst(self, chain: str, attempt: str) -> Decimal:
        query = {"KeyConditionExpression": "pk = :pk"}
        values = {"ExpressionAttributeValues": {":pk": {"S": chain}}}
        bodies = [
            json.loads(one["body"]) for one in self._desk.items("EvidenceTable", **query, **values)
        ]
        return next(
            Decimal(body["worst_usd"])
            for body in bodies
            if body.get("attempt") == attempt and "worst_usd" in body
        )

    def _shards(self) -> list[dict[str, Any]]:
        return [one for one in self._desk.items("LedgerTable") if one["sk"].startswith("shard#")]

    def _booked(self) -> tuple[Decimal, Decimal]:
        """Return what is settled and what is unconfirmed, in all."""
        shards = self._shards()
        settled = sum((shard["settled"] for shard in shards), Decimal(0))
        return settled, sum((shard["unconfirmed"] for shard in shards), Decimal(0))

    def _ticket(self, ticket: str) -> dict[str, Any]:
        """Return what the CRM has of *ticket*; nothing where nobody wrote to it."""
        request = urllib.request.Request(
            f"{self._desk.cloud.companion('crm')}/tickets/{ticket}",
            headers={"Authorization": f"Bearer {self._desk.crm_token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError:
            return {}

    def _requests(self) -> list[str]:
        return self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []

    @staticmethod
    def _of(line: str) -> tuple[str, ...]:
        said = json.loads(line)
        return tuple(str(said.get(name, "")) for name in ("model", "system", "schema"))


def _attempts(step: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for name, one in step.items() if name.startswith("attempt#")]
