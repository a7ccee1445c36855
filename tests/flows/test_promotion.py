"""Sixty runs wait for a person while a task is promoted, rolled back and promoted again."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from interlock.local.synth import synthesize
from tests.clouds import PROJECT, STATE, Desk, wait_for
from tests.flows.approvers import LEADS, Person
from tests.flows.people import live, promote, publish, roll_back

RUNS = 60
TASK = "draft_reply"


def assembly() -> Path:
    """Return an assembly whose workflow asks a person first, and a model then."""
    folder = PROJECT / "build" / "asks-first"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PROJECT / "statemachines" / "workflows", folder)
    file = folder / "triage_ticket" / "triage_ticket.asl.json"
    machine = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(_asking_first(machine), indent=2), encoding="utf-8")
    context = {"workflows_dir": str(folder.relative_to(PROJECT))}
    return synthesize(PROJECT, context=context)


def _asking_first(machine: dict[str, Any]) -> dict[str, Any]:
    """Return *machine* with the approval before the draft, and nothing else left to wait for."""
    states = machine["States"]
    known = {"category": "billing", "urgency": "high", "language": "en", "sentiment": "neutral"}
    first = "{% $states.input.input.text %}"
    ask, draft = states["AskPerson"], states["DraftReply"]
    ask["Arguments"]["Name"] = ask["Arguments"]["Name"].replace("$run", "$states.input.run")
    asked = ask["Arguments"]["Input"]
    asked |= {name: f"{{% $states.input.{name} %}}" for name in ("run", "ticket")}
    asked |= {"fields": {**known, "reply": "You get it back."}, "confidence": 1}
    given = {name: asked[name] for name in ("run", "ticket")}
    ask["Assign"] |= {**given, "text": first, "ticket_id": "{% $states.input.input.ticket_id %}"}
    states["CheckApproval"]["Choices"][0]["Next"] = "DraftReply"
    said = draft["Arguments"]["Input"]["variables"]
    said |= {"category": known["category"], "language": known["language"]}
    states["CheckDraft"]["Choices"] = states["CheckDraft"]["Choices"][:1]
    states["CheckDraft"]["Default"] = "Drafted"
    states["Drafted"] = {"Type": "Succeed", "Output": {"outcome": "SUCCEEDED"}}
    kept = ("AskPerson", "CheckApproval", "DraftReply", "CheckDraft", "Drafted")
    kept += ("EndWithOutcome", "ReportFailure")
    return {**machine, "StartAt": "AskPerson", "States": {name: states[name] for name in kept}}


@pytest.fixture(scope="module")
def desk() -> Any:
    """Stand before a cloud of that assembly."""
    with Cloud.start(assembly(), STATE, clock=Clock.ticking()) as cloud:
        yield Desk(cloud)
    shutil.rmtree(cloud.folder, ignore_errors=True)


def open_tickets(desk: Desk, names: list[str]) -> list[dict[str, Any]]:
    """Open tickets; return what is parked for them once all wait."""
    for name in names:
        desk.open(name, sample="refund_ticket")
    runs = {desk.run_name(name) for name in names}

    def waiting() -> list[dict[str, Any]] | None:
        told = {run["pk"] for run in desk.runs() if run["status"] == "WAITING"}
        return None if runs - told else desk.items("ParkedTable")

    parked = wait_for(waiting, f"{len(names)} runs to wait", 300)
    return [item for item in parked if item["run"] in runs]


def used(desk: Desk, names: list[str]) -> set[tuple[str, str]]:
    """Wait for the end of the tickets' runs; return (pinned, used) versions of the task."""
    runs = {desk.run_name(name) for name in names}

    def over() -> dict[str, Any] | None:
        found = {run["pk"]: run for run in desk.runs() if run["pk"] in runs and run.get("sealed")}
        return found if len(found) == len(runs) else None

    ended = wait_for(over, "the runs to end", 300)
    assert {run["status"] for run in ended.values()} == {"SUCCEEDED"}
    steps = [i for i in desk.items("RunsTable") if i["sk"].startswith("step#DraftReply")]
    of = {step["pk"]: step["version"] for step in steps if step["pk"] in runs}
    return {(run["pins"][f"ai_task#{TASK}"], of[name]) for name, run in ended.items()}


def test_runs_that_wait_keep_the_version_they_were_admitted_with(desk: Desk):
    """Whatever becomes of the label meanwhile; new ones take what is live when they are."""
    first = [f"P-{n}" for n in range(RUNS // 2)]
    second = [f"P-{n}" for n in range(RUNS // 2, RUNS)]
    old = live(desk, TASK)
    parked = open_tickets(desk, first)
    new = publish(desk, TASK)["version"]

    assert promote(desk, TASK, new)["changed"]
    parked += open_tickets(desk, second)
    assert roll_back(desk, TASK)["version"] == old
    assert promote(desk, TASK, new)["before"] == old

    lead = Person(desk, "ana", *LEADS)
    assert {lead.says(item)[0] for item in parked} == {200}
    assert len(parked) == RUNS
    assert used(desk, first) == {(old, old)}
    assert used(desk, second) == {(new, new)}
    late = open_tickets(desk, ["P-late"])
    assert lead.says(late[0])[0] == 200
    assert used(desk, ["P-late"]) == {(new, new)}
