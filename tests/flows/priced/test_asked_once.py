"""One question, two answers that agree, and no third: the provider's own log says so."""

import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

from interlock.cli.run_view import look
from tests.clouds import SETTLED, Desk, model_goes_wrong
from tests.flows.backdoors import execute

PAN = {"title": "Cast iron pan", "description": "For the stove."}


def settled(desk: Desk, **changed: str) -> dict[str, Any]:
    """Make a call, as a machine of another team would; return what it is told."""
    asked = {"workflow": SETTLED, "input": {"product_id": uuid.uuid4().hex, **PAN, **changed}}
    return json.loads(execute(desk, "supervise_run", asked, name=uuid.uuid4().hex)["output"])


def requests(log: Path) -> int:
    """Return how many requests the provider has seen."""
    return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0


def shards(desk: Desk) -> list[dict[str, Any]]:
    """Return where the money lies."""
    return [item for item in desk.items("LedgerTable") if item["sk"].startswith("shard#")]


def test_a_second_run_is_served_the_first_one_s_answer(desk: Desk, provider_log: Path):
    """No request, no dollar; what it saved is in the run's totals, and whose answer it was."""
    first = settled(desk)
    before, ledger = requests(provider_log), shards(desk)

    second = settled(desk)

    run, step = desk.item("RunsTable", second["run"], "run"), desk.steps(second["run"])[0]
    [attempt] = (entry for name, entry in step.items() if name.startswith("attempt#"))
    assert (first["outcome"], second["outcome"]) == ("SUCCEEDED", "CACHED")
    assert second["answer"] == first["answer"]
    assert requests(provider_log) == before
    assert shards(desk) == ledger
    assert (run["status"], run["totals"]["usd"], run["totals"]["cached"]) == ("SUCCEEDED", "0", 1)
    assert (
        run["totals"]["saved_usd"] == desk.item("RunsTable", first["run"], "run")["totals"]["usd"]
    )
    shown = look(desk.stage, second["run"], accounts=False).as_json()
    assert (shown["totals"]["cached"], shown["totals"]["model_usd"]) == (1, "0")
    assert shown["totals"]["saved_usd"] == run["totals"]["saved_usd"]
    assert attempt["cached_from"].startswith(f"{first['run']}/")
    assert desk.evidence(second["run"]).ok


def test_another_question_is_asked(desk: Desk, provider_log: Path):
    """One word is enough."""
    settled(desk)
    before = requests(provider_log)

    told = settled(desk, title="Cast iron pans")

    assert told["outcome"] == "SUCCEEDED"
    assert requests(provider_log) > before


def test_two_answers_of_three_decide(desk: Desk, model: str, provider_log: Path):
    """The one that says otherwise is outvoted; each sample is an attempt, paid and on record."""
    model_goes_wrong(model, {"text": '{"category":"garden"}'})
    before = requests(provider_log)

    told = settled(desk, title="Outvoted")

    [step] = desk.steps(told["run"])
    tried = [step[name] for name in sorted(step) if name.startswith("attempt#")]
    assert (told["outcome"], told["answer"]) == ("SUCCEEDED", {"category": "kitchen"})
    assert requests(provider_log) - before == len(tried) == 3
    assert [entry["mark"] for entry in tried] == ["answered"] * 3
    assert tried[0]["vote"] != tried[1]["vote"] == tried[2]["vote"]
    assert all(Decimal(entry["usd"]) > 0 for entry in tried)
    assert desk.evidence(told["run"]).ok


def test_no_agreement_is_an_outcome_that_a_workflow_routes(desk: Desk, model: str):
    """Three say three things: no answer, and the reason that sends it to a person."""
    said = ("garden", "office", "other")
    model_goes_wrong(model, *({"text": json.dumps({"category": each})} for each in said))

    told = settled(desk, title="Split")

    assert (told["outcome"], told["reason"]) == ("REJECTED_OUTPUT", "NO_AGREEMENT")
    assert told["answer"] is None
    assert settled(desk, title="Split")["outcome"] == "SUCCEEDED", "and nothing was kept of it"
