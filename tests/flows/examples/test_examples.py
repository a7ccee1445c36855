"""The three examples, governed: machines that stay their owners', with one call of ours in each."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.clouds import SCANNED, Desk, model_goes_wrong
from tests.flows.outsiders import Outsider
from tests.kills.campaign import uneven
from tests.unit.inputs.files import locked, pdf, sent

PAN = {"product_id": "P-1", "title": "Cast iron pan", "description": "For the stove."}
REVIEW = {"review_id": "R-1", "text": "Works well, I would buy it again."}
FOLDER = {
    "documents": [
        {"document_id": f"F-{n}", "text": f"Invoice {n}, due in 14 days."} for n in range(7)
    ]
}


def run_of(desk: Desk, workflow: str, key: str) -> dict[str, Any]:
    """Return the one run of a workflow whose input holds *key*."""
    [run] = [r for r in desk.runs() if r["workflow"] == workflow and f'"{key}"' in r["input"]]
    return run


def shards(desk: Desk) -> list[dict[str, Any]]:
    """Return what lies on the budget's shards."""
    return [item for item in desk.items("LedgerTable") if item["sk"].startswith("shard#")]


def settled(desk: Desk) -> Decimal:
    """Return what was paid this month."""
    return sum((Decimal(shard["settled"]) for shard in shards(desk)), Decimal(0))


def output(found: dict[str, Any]) -> Any:
    assert found["status"] == "SUCCEEDED", found
    return json.loads(found["output"])


def test_a_direct_call_of_bedrock_is_governed(desk: Desk, outsider: Outsider):
    """The machine goes on with the answer; record, evidence and money are those of any run."""
    before = settled(desk)

    found = output(outsider.runs_example("direct_bedrock", PAN))

    run = run_of(desk, "sort_product", "P-1")
    assert found == {"product_id": "P-1", "category": "kitchen"}
    assert (run["status"], run["source"]) == ("SUCCEEDED", "call")
    assert desk.outcomes(run["pk"]) == {"RunStep": ("SUCCEEDED", "")}
    assert desk.evidence(run["pk"]).ok
    assert Decimal(run["totals"]["usd"]) > 0
    assert settled(desk) - before == Decimal(run["totals"]["usd"])
    assert [shard["open"] for shard in shards(desk) if shard["open"]] == []
    assert uneven(desk) == []


def test_a_lambda_that_asks_openai_is_replaced(desk: Desk, outsider: Outsider):
    """In JSONPath too."""
    found = output(outsider.runs_example("lambda_openai", REVIEW))

    assert found["judged"] == {"outcome": "SUCCEEDED", "reason": "", "answer": {"verdict": "good"}}
    assert outsider.told() == []
    assert desk.evidence(run_of(desk, "judge_review", "R-1")["pk"]).ok


def test_each_document_of_a_map_is_a_run(desk: Desk, outsider: Outsider):
    """Named by the document, not by its place in the list."""
    found = output(outsider.runs_example("map_documents", FOLDER))

    expected = [{"document_id": d["document_id"], "kind": "invoice"} for d in FOLDER["documents"]]
    assert found == {"documents": expected}
    runs = [run for run in desk.runs() if run["workflow"] == "sort_document"]
    assert len(runs) == len(FOLDER["documents"])
    assert all(desk.evidence(run["pk"]).ok for run in runs)


def test_the_same_folder_again_asks_no_model(desk: Desk, outsider: Outsider):
    """Each document is a duplicate of its run, and its answer is that run's."""
    first = output(outsider.runs_example("map_documents", FOLDER))
    before, money = len(desk.runs()), shards(desk)

    again = output(outsider.runs_example("map_documents", FOLDER))

    assert again == first
    assert len(desk.runs()) == before
    assert shards(desk) == money


@pytest.mark.parametrize(
    ("example", "given", "went_on"),
    [
        ("direct_bedrock", {**PAN, "product_id": "P-2"}, "P-2"),
        ("lambda_openai", {**REVIEW, "review_id": "R-2"}, "R-2"),
    ],
)
def test_a_call_that_fails_ends_as_data(
    desk: Desk, outsider: Outsider, model: str, example: str, given: dict[str, str], went_on: str
):
    """No answer fits the schema: the machine is told so, and leaves the matter to a person."""
    model_goes_wrong(model, *[{"text": '{"neither": true}'}] * 6)

    found = output(outsider.runs_example(example, given))

    model_goes_wrong(model)
    assert outsider.told() == [went_on]
    assert found.get("judged", {"outcome": "REJECTED_OUTPUT"})["outcome"] == "REJECTED_OUTPUT"
    [run] = [r for r in desk.runs() if f'"{went_on}"' in r["input"]]
    assert run["status"] == "FAILED"
    assert desk.evidence(run["pk"]).ok


def test_a_scan_is_read_in_its_step(desk: Desk, outsider: Outsider):
    """A PDF that a call brings, in a function that runs a second process for it."""
    scan = sent(pdf("Invoice 7, due in 14 days.", "Total: 90.00."))

    told = outsider.calls(SCANNED, {"document_id": "S-1", "text": scan})

    assert (told["outcome"], told["answer"]) == ("SUCCEEDED", {"kind": "invoice"})
    assert desk.evidence(told["run"]).ok


def test_a_long_scan_is_told_in_parts(desk: Desk, outsider: Outsider):
    """Their numbers come back as data, for a Map over them."""
    scan = sent(pdf(*(f"Invoice {n}, due in 14 days. Total: 90.00." for n in range(3))))

    told = outsider.calls(SCANNED, {"document_id": "S-3", "text": scan})

    assert (told["outcome"], told["reason"]) == ("FAILED", "InputInParts")
    assert told["answer"] == {"parts": [1, 2, 3]}
    assert desk.evidence(told["run"]).ok


def test_a_locked_scan_ends_its_step_by_name(desk: Desk, outsider: Outsider):
    """Nothing was sent or held, and the evidence says which file it was and why."""
    before = settled(desk)

    told = outsider.calls(SCANNED, {"document_id": "S-2", "text": sent(locked())})

    assert (told["outcome"], told["reason"]) == ("FAILED", "FileRefused")
    records = desk.items("EvidenceTable")
    closed = [
        r["body"] for r in records if r["pk"].startswith(told["run"]) and "guards" in r["body"]
    ]
    assert [json.loads(body)["guards"] for body in closed] == [
        [{"rule": "input", "at": "/text", "kind": "pdf", "why": "ENCRYPTED"}]
    ]
    assert settled(desk) == before
    assert desk.evidence(told["run"]).ok
