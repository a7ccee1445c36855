"""What histories tell, and the estimate that is made of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from interlock.cli.cost import OnRecord, estimate
from interlock.cli.histories import Execution, Histories, Invoked, Waited, understand
from interlock.prices import list_prices

BEGAN = datetime(2026, 11, 22, 8, tzinfo=UTC)


class Writing:
    """Writes a history as Step Functions does."""

    def __init__(self) -> None:
        self.events = []

    def add(self, kind, at, before=None, **details):
        number = len(self.events) + 1
        self.events.append(
            {
                "id": number,
                "previousEventId": number - 1 if before is None else before,
                "type": kind,
                "timestamp": BEGAN + timedelta(seconds=at),
                **details,
            }
        )
        return number

    def enter(self, kind, name, at):
        return self.add(f"{kind}StateEntered", at, stateEnteredEventDetails={"name": name})

    def scheduled(self, function, at):
        parameters = f'{{"FunctionName": "arn:aws:lambda:r:1:function:{function}:live"}}'
        details = {"resourceType": "lambda", "parameters": parameters}
        return self.add("TaskScheduled", at, taskScheduledEventDetails=details)


def test_it_counts_states_functions_and_waits():
    """One transition a state, one more a retry; times are those of the function's run."""
    told = Writing()
    told.add("ExecutionStarted", 0)
    told.enter("Task", "Call", 0)
    told.scheduled("f", 0)
    told.add("TaskStarted", 1)
    told.add("TaskFailed", 1.5)
    told.scheduled("f", 2)
    told.add("TaskStarted", 3)
    told.add("TaskSucceeded", 3.25)
    told.enter("Wait", "WaitForTurn", 4)
    told.add("WaitStateExited", 14, stateExitedEventDetails={"name": "WaitForTurn"})
    told.enter("Succeed", "End", 14)

    found = understand("arn:x", told.events)

    assert found.transitions == 4
    assert found.invoked == [Invoked("f", 500), Invoked("f", 250)]
    assert found.waits == [Waited("WaitForTurn", 10.0)]
    assert found.state == "End"


def test_a_wait_that_goes_on_has_no_end():
    """An open execution shows what it waits in."""
    told = Writing()
    told.enter("Wait", "WaitForTurn", 0)

    found = understand("arn:x", told.events)

    assert found.waits == [Waited("WaitForTurn", None)]
    assert found.state == "WaitForTurn"


def test_branches_do_not_mix():
    """Events of a Parallel are told apart by what came before each."""
    told = Writing()
    first, second = told.scheduled("a", 0), told.scheduled("b", 0)
    a, b = told.add("TaskStarted", 1, first), told.add("TaskStarted", 2, second)
    told.add("TaskSucceeded", 5, a)
    told.add("TaskSucceeded", 9, b)

    assert understand("arn:x", told.events).invoked == [Invoked("a", 4000), Invoked("b", 7000)]


def test_it_finds_the_nested_executions():
    """A child is known by what its start answered."""
    told = Writing()
    details = {"resourceType": "states", "output": '{"ExecutionArn": "arn:child"}'}
    told.add("TaskSubmitted", 0, taskSubmittedEventDetails=details)
    told.add("ExecutionSucceeded", 1)

    found = understand("arn:x", told.events)

    assert found.children == ["arn:child"]
    assert found.state == ""


def test_the_estimate_adds_up():
    """A million transitions and a thousand GB-seconds cost what the list says."""
    execution = Execution("arn:x", transitions=1_000_000, invoked=[Invoked("f", 1_000_000)] * 2)
    on_record = OnRecord({"input": "{}"}, [], 0)

    found = estimate(Histories(execution, None, {}), on_record, list_prices(), {"f": 1024})

    told = found.as_json()
    assert told["step_functions_usd"] == "25"
    # two seen at 1 GB, and the door and the copying of evidence at half of it
    assert found.compute == Decimal("0.0000133334") * 3000 + 4 * Decimal("0.0000002")
    assert found.total == sum(
        Decimal(told[f"{part}_usd"])
        for part in ("step_functions", "lambda", "dynamodb", "s3", "events_and_queues")
    )


def test_a_priced_attempt_costs_more_writes():
    """Reserve and settle are writes too."""
    step = {"sk": "step#A.1", "kind": "ai_task", "attempt#1/x": {"mark": "answered", "usd": "0"}}
    paid = {**step, "attempt#1/x": {"mark": "answered", "usd": "0.5"}}
    nothing = Histories(None, None, {})

    free_, paid_ = (
        estimate(nothing, OnRecord({}, [item], 3), list_prices(), {}) for item in (step, paid)
    )

    assert paid_.stores - free_.stores == 4 * Decimal("0.000000625")


def test_prices_say_where_they_are_from():
    """Region, date and source stand beside the numbers."""
    prices = list_prices()

    assert prices.region == "us-east-1"
    assert prices.as_of.year >= 2025
    assert "step-functions" in prices.source


def test_money_is_text(tmp_path):
    """A price that is no text is refused: a float would be inexact."""
    file = tmp_path / "prices.toml"
    file.write_text(
        'region = "r"\nas_of = 2025-01-01\nsource = "s"\n[per_request]\nx = 0.1\n'
        '[lambda]\ngb_second = "1"\n[per_month]\n'
    )

    with pytest.raises(ValueError, match="decimal text"):
        list_prices(file)
