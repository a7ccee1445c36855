"""One moto server in process, mended, whose functions are Python callables."""

from __future__ import annotations

import io
import itertools
import json
import threading
import time
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from interlock.local.clock import Clock
from interlock.local.mends import apply, iam
from interlock.local.mends.place import ACCOUNT, REGION

ANY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DEVELOPER = {"aws_access_key_id": "dev", "aws_secret_access_key": "dev"}
_NAMES = itertools.count()


def trust(*services: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": services}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", "")
    return packed.getvalue()


class Playground:
    """A mended moto with boto3 clients, roles, functions and machines in one line each."""

    def __init__(self, endpoint: str, clock: Clock) -> None:
        self.endpoint, self.functions = endpoint, {}
        self.invoked: list[tuple[str, Any]] = []
        apply(endpoint=endpoint, clock=clock, invoke=self._invoke)

    def _invoke(self, arn: str, payload: bytes, *, asynchronous: bool = False):
        event = json.loads(payload)
        self.invoked.append((arn, event))
        function = self.functions[arn.split(":")[6]]
        if asynchronous:
            threading.Thread(target=function, args=(event,), daemon=True).start()
            return False, b""
        try:
            return False, json.dumps(function(event)).encode()
        except Exception as error:
            return True, json.dumps(
                {"errorType": type(error).__name__, "errorMessage": str(error)}
            ).encode()

    def client(self, service: str, **keys: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=64),
            **(keys or DEVELOPER),
        )

    def client_as(self, role: str, service: str) -> Any:
        return self.client(service, **iam.credentials(role))

    def name(self, stem: str = "x") -> str:
        return f"{stem}-{next(_NAMES)}"

    def role(
        self, *statements: dict[str, Any], service: str = "states.amazonaws.com", **more
    ) -> str:
        client, name = self.client("iam"), self.name("role")
        made = client.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service), **more)[
            "Role"
        ]["Arn"]
        document = {"Version": "2012-10-17", "Statement": list(statements)} if statements else ANY
        client.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))
        return made

    def function(self, call: Callable[[Any], Any], *, alias: str | None = None) -> str:
        client, name = self.client("lambda"), self.name("fn")
        arn = client.create_function(
            FunctionName=name,
            Role=self.role(service="lambda.amazonaws.com"),
            Runtime="python3.13",
            Handler="handler.handle",
            Code={"ZipFile": _zip()},
            Publish=True,
        )["FunctionArn"].split(":")[:7]
        self.functions[name] = call
        if alias:
            client.create_alias(FunctionName=name, Name=alias, FunctionVersion="1")
        return ":".join([*arn, alias] if alias else arn)

    def machine(self, definition: dict[str, Any], role: str | None = None, **more: Any) -> str:
        return self.client("stepfunctions").create_state_machine(
            name=self.name("machine"),
            definition=json.dumps(definition),
            roleArn=role or self.role(),
            **more,
        )["stateMachineArn"]

    def start(self, machine: str, given: Any = None, **more: Any) -> str:
        return self.client("stepfunctions").start_execution(
            stateMachineArn=machine, input=json.dumps(given or {}), **more
        )["executionArn"]

    def result(self, execution: str, seconds: float = 5) -> dict[str, Any]:
        client, end = self.client("stepfunctions"), time.monotonic() + seconds
        while time.monotonic() < end:
            found = client.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.005)
        raise TimeoutError(execution)

    def run(self, definition: dict[str, Any], given: Any = None, **more: Any) -> dict[str, Any]:
        return self.result(self.start(self.machine(definition, **more), given))

    def output(self, definition: dict[str, Any], given: Any = None, **more: Any) -> Any:
        found = self.run(definition, given, **more)
        assert found["status"] == "SUCCEEDED", found
        return json.loads(found["output"])

    def history(self, execution: str) -> list[dict[str, Any]]:
        client = self.client("stepfunctions")
        pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
        return [event for page in pages for event in page["events"]]

    def queue(self, policy: dict[str, Any] | None = None, **attributes: str) -> tuple[str, str]:
        client, name = self.client("sqs"), self.name("queue")
        if policy:
            attributes["Policy"] = json.dumps(policy)
        url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def messages(self, url: str) -> list[str]:
        found = self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [message["Body"] for message in found.get("Messages", [])]

    def table(self, **more: Any) -> str:
        name = self.name("table")
        given = {
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        }
        self.client("dynamodb").create_table(TableName=name, **(given | more))
        return name


def jsonata(*states: tuple[str, dict[str, Any]], **top: Any) -> dict[str, Any]:
    """Build a JSONata machine from states in order; each goes to the next, the last ends."""
    names = [name for name, _ in states]
    built = {}
    for (name, state), following in zip(states, [*names[1:], None], strict=True):
        way = {"Next": following} if following else {"End": True}
        built[name] = state if state["Type"] in {"Succeed", "Fail", "Choice"} else state | way
    return {"QueryLanguage": "JSONata", "StartAt": names[0], "States": built, **top}
