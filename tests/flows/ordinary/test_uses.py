"""What a workflow did not declare is not used, though the system has it."""

from tests.clouds import Desk, wait_for
from tests.flows.backdoors import a_step, asked, outcome, ticket_of
from tests.flows.people import cancel


def test_an_operation_that_is_not_declared_is_not_called(desk: Desk):
    """The CRM can read tickets; this workflow never said that it would."""
    desk.crm_goes_wrong("status", count=4, status=429, retry_after="60")
    desk.open("U-1")
    run = desk.run_name("U-1")
    wait_for(lambda: desk.crm_requests(run), "the first request to the CRM")
    read = {"operation": "crm.get_ticket", "fields": {}}

    found = outcome(desk, "call_system", asked(run, ticket_of(desk, run), a_step(), read))

    cancel(desk, run)
    desk.closed("U-1")
    desk.crm_behaves()
    assert found == ("FAILED", "UseNotDeclared")
