"""The interpreter as AWS runs it: what each mend of mends/stepfunctions is for."""

from __future__ import annotations

from tests.integration.mends.playground import jsonata


def invoke(arn: str, payload: object = "{% $states.input %}", **more: object) -> dict:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": arn, "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        **more,
    }


def child(arn: str, **more: object) -> dict:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": arn, "Input": "{% $states.input %}"},
        "Output": "{% $states.result.Output %}",
        **more,
    }


def test_a_machine_invokes_a_function(cloud):
    arn = cloud.function(lambda event: {"twice": event["n"] * 2}, alias="live")

    assert {"twice": 42} == cloud.output(jsonata(("Double", invoke(arn))), {"n": 21})


def test_a_machine_waits_for_a_child(cloud):
    inner = cloud.machine(
        jsonata(
            ("Add", {"Type": "Pass", "Output": {"sum": "{% $states.input.a + $states.input.b %}"}})
        )
    )

    assert {"sum": 3} == cloud.output(jsonata(("Child", child(inner))), {"a": 1, "b": 2})
