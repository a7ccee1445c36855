"""A team with state machines of its own, which call external workflows."""

import json
from typing import Any

from tests.clouds import EXAMPLES, Desk, wait_for

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
START = "arn:aws:states:::states:startExecution.sync:2"
"""How anybody's machine starts another and waits for it."""

CALL = json.dumps(
    {
        "QueryLanguage": "JSONata",
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": START,
                "Arguments": {
                    "StateMachineArn": "${supervise_run_arn}",
                    "Input": "{% $states.input %}",
                },
                "Output": "{% $states.result.Output %}",
                "End": True,
            }
        },
    }
)
"""A machine that makes one call and does nothing else."""


class Outsider:
    """A team's own queue, role and machines; of ours it has one managed policy."""

    def __init__(
        self, desk: Desk, *, name: str = "outsider", may_call: bool = True, may_send: bool = True
    ) -> None:
        self._desk = desk
        self._machines = desk.client("stepfunctions")
        queue = desk.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        self.queue = queue
        roles = desk.client("iam")
        role = roles.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        arn = f"arn:aws:sqs:us-east-1:{desk.cloud.described['account']}:{name}"
        send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
        statements = [send] if may_send else []
        statements += [] if may_call else [_start_rule(role["Arn"])]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            roles.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        if may_call:
            roles.attach_role_policy(RoleName=name, PolicyArn=desk.names["CallerPolicyArn"])
        self._role = role["Arn"]
        self._made: dict[str, str] = {}

    def runs_example(self, example: str, given: dict[str, Any]) -> dict[str, Any]:
        """Run the governed machine of an example to its end; return its description."""
        file = EXAMPLES / example / "governed.asl.json"
        return self.runs(example, file.read_text(encoding="utf-8"), given)

    def calls(self, workflow: str, given: Any, **more: Any) -> dict[str, Any]:
        """Make one call from a machine that does nothing else; return what came back as data."""
        found = self.runs("calls", CALL, {"workflow": workflow, "input": given, **more})
        assert found["status"] == "SUCCEEDED", found
        return json.loads(found["output"])

    def starts(self, name: str, definition: str, given: Any) -> str:
        """Start a machine of this team; return the execution."""
        if name not in self._made:
            text = definition.replace("${queue_url}", self.queue)
            text = text.replace("${supervise_run_arn}", self._desk.names["SuperviseRunArn"])
            made = self._machines.create_state_machine(
                name=name, definition=text, roleArn=self._role
            )
            self._made[name] = made["stateMachineArn"]
        started = self._machines.start_execution(
            stateMachineArn=self._made[name], input=json.dumps(given)
        )
        return started["executionArn"]

    def runs(self, name: str, definition: str, given: Any) -> dict[str, Any]:
        """Run a machine of this team to its end; return its description."""
        return self.ends(self.starts(name, definition, given))

    def ends(self, execution: str) -> dict[str, Any]:
        """Wait for the end of an execution; return its description."""

        def over() -> dict[str, Any] | None:
            found = self._machines.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return wait_for(over, execution)

    def told(self) -> list[str]:
        """Return what its machines put on its queue since it was asked last."""
        client, found = self._desk.client("sqs"), []
        while answer := client.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in answer:
                found.append(message["Body"])
                client.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


def _start_rule(role: str) -> dict[str, Any]:
    """Return what it takes to wait for any machine, and to start none."""
    return {
        "Effect": "Allow",
        "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
        "Resource": f"arn:aws:events:us-east-1:{role.split(':')[4]}:rule/*",
    }
