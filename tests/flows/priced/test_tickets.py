"""Nobody works for a run without its ticket, and nobody uses what the workflow did not declare."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.core.domain.names import idempotency_key
from functions.core.domain.ticket import Ticket
from functions.core.domain.timestamps import parse
from tests.clouds import Desk, model_goes_wrong, wait_for
from tests.flows.backdoors import TASK, UPDATE, a_step, asked, execute, outcome, ticket_of
from tests.flows.people import cancel

CLOSE = {"operation": "crm.delete_ticket", "fields": {}}
OTHER_TASK = {"task": "write_a_poem", "variables": {}}
MACHINES = ("run_ai_task", "call_system")
REFUSED = ("FAILED", "TicketRefused")


@pytest.fixture(scope="module")
def run(desk: Desk, model: str) -> Iterator[str]:
    """Keep a run under way: its first call waits for hours."""
    model_goes_wrong(model, {"status": 429, "retry_after": "36000"})
    desk.open("F-1")
    run = desk.run_name("F-1")
    wait_for(lambda: any(_throttled(step) for step in desk.steps(run)), "the throttled call")
    desk.forget_throttle()
    yield run
    cancel(desk, run)
    desk.closed("F-1")


def _throttled(step: dict[str, Any]) -> bool:
    return any("throttled" in str(step[name]) for name in step if name.startswith("attempt#"))


@pytest.fixture(scope="module")
def other(desk: Desk) -> str:
    return desk.triaged("F-2")["pk"]


def what(machine: str) -> dict[str, Any]:
    return TASK if machine == "run_ai_task" else UPDATE


def forged(desk: Desk, run: str) -> str:
    """Return a ticket of the right form, signed with another key."""
    until = parse("2999-01-01T00:00:00.000Z")
    return Ticket(run, "triage_ticket", "support", until).mint(b"guessed")


@pytest.mark.parametrize("machine", MACHINES)
def test_a_forged_ticket_opens_nothing(desk: Desk, other: str, machine: str):
    """No attempt, no request, no record: a forger leaves no trace in the run."""
    steps, writes = desk.steps(other), desk.crm_writes("F-2")

    for ticket in ("", "x|y", forged(desk, other)):
        given = asked(other, ticket, a_step("Forged"), what(machine))
        assert outcome(desk, machine, given) == REFUSED

    assert desk.steps(other) == steps
    assert desk.crm_writes("F-2") == writes
    assert desk.evidence(other).findings == []


@pytest.mark.parametrize("machine", MACHINES)
def test_a_second_runs_ticket_opens_nothing(desk: Desk, run: str, other: str, machine: str):
    """A genuine ticket is good for its own run only."""
    steps = len(desk.steps(run))
    given = asked(run, ticket_of(desk, other), a_step("Stolen"), what(machine))

    assert outcome(desk, machine, given) == REFUSED
    assert len(desk.steps(run)) == steps


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"fields": "text"}, "ValidationError"), ({}, "States.QueryEvaluationError")],
    ids=["a text for the fields", "no fields"],
)
def test_a_request_that_can_not_be_read_sent_nothing(
    desk: Desk, run: str, fields: dict[str, Any], reason: str
):
    """The step failed, and nobody has to find out what the system made of it."""
    what = {"operation": UPDATE["operation"], **fields}
    given = asked(run, ticket_of(desk, run), a_step("Malformed"), what)

    assert outcome(desk, "call_system", given) == ("FAILED", reason)


@pytest.mark.parametrize("machine", MACHINES)
def test_an_execution_is_named_by_its_step(desk: Desk, run: str, machine: str):
    """So a workflow can't do a step's work twice under two names."""
    step = a_step()
    given = asked(run, ticket_of(desk, run), step, what(machine))

    ended = outcome(desk, machine, given, name=f"another-{step}")

    assert ended == ("FAILED", "StepRefused")


@pytest.mark.parametrize(("machine", "use"), [("run_ai_task", OTHER_TASK), ("call_system", CLOSE)])
def test_what_is_not_declared_is_not_used(desk: Desk, run: str, machine: str, use: dict[str, Any]):
    """A genuine ticket opens what `uses` names, and nothing else."""
    given = asked(run, ticket_of(desk, run), a_step("Undeclared"), use)

    assert outcome(desk, machine, given) == ("FAILED", "UseNotDeclared")


@pytest.mark.parametrize(("machine", "use"), [("run_ai_task", TASK), ("call_system", UPDATE)])
def test_a_run_that_is_over_does_no_more(desk: Desk, other: str, machine: str, use: dict[str, Any]):
    """Its own ticket opens nothing once it is closed; the attempt is on record behind the seal."""
    writes = desk.crm_writes("F-2")
    given = asked(other, ticket_of(desk, other), a_step("TooLate"), use)

    assert outcome(desk, machine, given) == ("FAILED", "RunNotOpen")
    assert desk.crm_writes("F-2") == writes


@pytest.mark.parametrize(("says_a_run", "error"), [(True, "CompletionFailed"), (False, "CallNot")])
def test_a_run_that_nobody_received_is_not_admitted(desk: Desk, says_a_run: bool, error: str):
    """Whoever starts the supervisor under a made-up name gets a failed execution."""
    name = "triage_ticket-" + ("b" if says_a_run else "c") * 26
    given = {"run": name, "workflow": "triage_ticket"} if says_a_run else {}
    found = execute(desk, "supervise_run", given, name=name)

    assert found["status"] == "FAILED"
    assert found["error"].startswith(error)


def test_fields_that_a_workflow_may_not_say_are_taken_from_the_input(desk: Desk, run: str):
    """What the machine passes for them is ignored."""
    more = {**UPDATE, "fields": {**UPDATE["fields"], "ticket_id": "F-2"}}
    writes = len(desk.crm_writes("F-2"))
    given = asked(run, ticket_of(desk, run), a_step("Redirected"), more)

    assert outcome(desk, "call_system", given) == ("SUCCEEDED", "")
    assert len(desk.crm_writes("F-2")) == writes
    assert desk.crm_writes("F-1")


def test_a_key_that_belongs_to_another_request_is_a_conflict(desk: Desk, run: str):
    """The CRM keeps what came first, and says 409: the step ends with that, untried again."""
    step = a_step("Clash")
    desk.crm_writes_under(idempotency_key(run, step), "F-1", reply="what came first")
    writes = desk.crm_writes("F-1")
    given = asked(run, ticket_of(desk, run), step, UPDATE)

    assert outcome(desk, "call_system", given) == ("FAILED", "CONFLICT 409")
    assert desk.crm_writes("F-1") == writes
    assert len(desk.crm_requests(idempotency_key(run, step))) == 2
