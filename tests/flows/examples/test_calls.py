"""What a direct start may ask for, who may make it, and what becomes of one that is made twice."""

import json
from typing import Any

import pytest

from tests.clouds import Desk, model_goes_wrong, wait_for
from tests.flows.outsiders import CALL, Outsider

PAN = {"product_id": "C-1", "title": "Cast iron pan", "description": "For the stove."}
REFUSED = {"status": "REJECTED", "outcome": "FAILED", "run": "", "step": "", "answer": None}


def product(key: str, **changes: Any) -> dict[str, Any]:
    """Return the input of a call."""
    return {**PAN, "product_id": key, **changes}


@pytest.mark.parametrize(
    ("workflow", "given", "reason", "detail"),
    [
        ("no_such_workflow", product("C-2"), "NO_SUCH_WORKFLOW", ""),
        ("triage_ticket", product("C-3"), "NOT_EXTERNAL", "external = true"),
        ("sort_product", {"product_id": "C-4"}, "SCHEMA", "required title"),
        ("sort_product", product("C-5", price=3), "SCHEMA", "additionalProperties"),
        ("sort_product", "a pan", "SCHEMA", "(root) type"),
        (None, product("C-6"), "ENVELOPE", "/workflow"),
    ],
)
def test_what_does_not_fit_is_refused_as_data(
    desk: Desk, outsider: Outsider, workflow: Any, given: Any, reason: str, detail: str
):
    """By name and place; kept as what the door refuses is kept; no run is made."""
    before = {item["pk"] for item in desk.refused()}

    told = outsider.calls(workflow, given)

    [kept] = [item for item in desk.refused() if item["pk"] not in before]
    assert {name: told[name] for name in REFUSED} == REFUSED
    assert told["reason"] == kept["reason"] == reason
    assert detail in told["detail"]
    assert told["detail"] == kept["detail"]
    raw = desk.client("s3").get_object(
        Bucket=desk.names["ArtifactsBucket"], Key=f"refused/{kept['pk']}"
    )
    assert json.load(raw["Body"])["event"] == given


def test_the_same_call_while_the_first_is_answered_is_one_run(
    desk: Desk, outsider: Outsider, model: str
):
    """Both are told the one answer; the model was asked once, and paid for once."""
    model_goes_wrong(model, {"status": 429, "retry_after": "20"})
    given = {"workflow": "sort_product", "input": product("C-10")}
    calls = _calls(outsider, given, 3)

    told = [json.loads(outsider.ends(call)["output"]) for call in calls]

    assert told[0] == told[1] == told[2]
    assert told[0]["answer"] == {"category": "kitchen"}
    [run] = [r for r in desk.runs() if r["pk"] == told[0]["run"]]
    assert run["status"] == "SUCCEEDED"
    assert len(desk.steps(run["pk"])) == 1
    assert desk.evidence(run["pk"]).ok


def _calls(outsider: Outsider, given: dict[str, Any], count: int) -> list[str]:
    return [outsider.starts("calls", CALL, given) for _ in range(count)]


def test_other_content_under_the_same_key_is_refused(outsider: Outsider):
    """The first one's answer is not given for another question."""
    outsider.calls("sort_product", product("C-20"))

    told = outsider.calls("sort_product", product("C-20", title="Spade"))

    assert (told["outcome"], told["reason"]) == ("FAILED", "OTHER_CONTENT")


def test_a_call_whose_admission_dies_is_answered(desk: Desk, outsider: Outsider):
    """Killed after the run was put, before anybody was told: the repeat finds it."""
    order = {"function": "interlock-dev-admit_run", "call": "dynamodb.PutItem#1", "when": "after"}
    desk.cloud.post("kills", {"orders": [order]})

    told = outsider.calls("sort_product", product("C-30"))

    assert told["outcome"] == "SUCCEEDED"
    assert desk.cloud.get("kills")["left"] == 0


def test_a_stopped_call_leaves_nothing_open(desk: Desk, outsider: Outsider, model: str):
    """Stopping the other machine ends the run; the call's own end is nothing to mend."""
    model_goes_wrong(model, {"status": 429, "retry_after": "36000"})
    given = {"workflow": "sort_product", "input": product("C-40")}
    call = outsider.starts("calls", CALL, given)
    [run] = wait_for(
        lambda: [r["pk"] for r in desk.runs() if '"C-40"' in r["input"] and desk.steps(r["pk"])],
        "its step",
    )
    desk.forget_throttle()

    desk.client("stepfunctions").stop_execution(executionArn=call)

    ended = wait_for(lambda: _sealed(desk, run), "the run's end")
    call_ended = {"name": call.rpartition(":")[2], "status": "ABORTED"}
    assert ended["status"] == "FAILED"
    assert desk.invoke("reconcile_run", detail=call_ended) == {"run": "", "status": "ABORTED"}


def _sealed(desk: Desk, run: str) -> dict[str, Any] | None:
    item = desk.item("RunsTable", run, "run")
    return item if item and item.get("sealed") else None


def test_only_who_has_the_policy_may_call(desk: Desk):
    """A machine without it is denied the start, whatever it passes."""
    stranger = Outsider(desk, name="stranger", may_call=False)

    found = stranger.runs("stranger", CALL, {"workflow": "sort_product", "input": PAN})

    assert found["status"] == "FAILED"
    assert "not authorized to perform: states:StartExecution" in found["cause"]
