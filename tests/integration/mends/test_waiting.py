"""Waits, retries and time-outs of machines pass on the clock."""

from __future__ import annotations

import json
import threading
import time

from interlock.local.clock import Clock, install
from tests.integration.mends.machines import SLEEP, caught, done, invoke, token_task, until
from tests.integration.mends.playground import jsonata


def test_a_heartbeat_keeps_a_token_alive_until_it_stops(cloud):
    clock = install(Clock.ticking())
    tokens = []
    arn = cloud.function(lambda event: tokens.append(event["token"]))
    state = token_task(arn, TimeoutSeconds=10_000, HeartbeatSeconds=60, **caught("States.Timeout"))
    execution = cloud.start(cloud.machine(jsonata(("Park", state), done())))
    client = cloud.client("stepfunctions")
    until(lambda: tokens)
    for _ in range(3):
        time.sleep(0.05)
        clock.tick(50)
        client.send_task_heartbeat(taskToken=tokens[0])
    time.sleep(0.05)
    assert client.describe_execution(executionArn=execution)["status"] == "RUNNING"

    clock.tick(61)

    assert json.loads(cloud.result(execution)["output"]) == "States.Timeout"


def test_a_wait_ends_when_the_clock_is_ticked(cloud):
    clock = install(Clock.ticking())
    machine = cloud.machine(jsonata(("Sleep", {"Type": "Wait", "Seconds": 3600})))
    execution = cloud.start(machine)
    client = cloud.client("stepfunctions")
    until(lambda: len(cloud.history(execution)) > 1)

    clock.tick(3599)
    time.sleep(0.05)
    assert client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    clock.tick(1)

    assert cloud.result(execution)["status"] == "SUCCEEDED"


def test_a_wait_for_a_timestamp_reads_the_clock(cloud):
    clock = install(Clock.ticking())
    wait = {"Type": "Wait", "Timestamp": "{% $fromMillis($millis() + 3600000) %}"}
    execution = cloud.start(cloud.machine(jsonata(("Sleep", wait))))
    until(lambda: len(cloud.history(execution)) > 1)
    time.sleep(0.05)

    clock.tick(3601)

    assert cloud.result(execution)["status"] == "SUCCEEDED"


def test_retries_wait_on_the_clock(cloud):
    """100 virtual seconds pass in one."""
    calls = []

    def flaky(_event):
        calls.append(1)
        if len(calls) < 3:
            raise ConnectionError
        return len(calls)

    retry = {"ErrorEquals": ["ConnectionError"], "IntervalSeconds": 20, "MaxAttempts": 3}
    began = time.monotonic()

    found = cloud.output(jsonata(("Call", invoke(cloud.function(flaky), Retry=[retry]))))

    assert found == 3
    assert 0.5 < time.monotonic() - began < 50


def test_a_task_times_out_by_the_clock(cloud):
    over = threading.Event()
    arn = cloud.function(lambda _event: over.wait(60))
    machine = jsonata(("Slow", invoke(arn, TimeoutSeconds=20, **caught("States.Timeout"))), done())

    try:
        assert cloud.output(machine) == "States.Timeout"
    finally:
        over.set()


def test_a_machine_times_out_with_its_last_event(cloud):
    execution = cloud.start(cloud.machine(jsonata(("Sleep", SLEEP), TimeoutSeconds=10)))

    found = cloud.result(execution)

    assert found["status"] == "TIMED_OUT"
    assert "stopDate" in found
    assert cloud.history(execution)[-1]["type"] == "ExecutionTimedOut"


def test_moments_are_the_clocks_in_aws_form(cloud):
    clock = install(Clock.ticking())
    clock.tick(86_400)
    output = {
        "entered": "{% $states.context.State.EnteredTime %}",
        "started": "{% $states.context.Execution.StartTime %}",
        "now": "{% $now() %}",
    }

    found = cloud.output(jsonata(("Say", {"Type": "Pass", "Output": output})))

    expected = (
        clock.utcnow().strftime("%Y-%m-%dT%H:%M:%S.") + f"{clock.utcnow().microsecond // 1000:03d}Z"
    )
    assert {expected} == {found["entered"], found["started"]}
    assert found["now"][:19] == expected[:19]
