"""Who listens on a stage's bus."""

import json
from collections.abc import Callable
from typing import Any

from tests.clouds import Desk, wait_for


class Listener:
    """Hears the events on the stage's bus, by a rule and a queue of its own."""

    def __init__(self, desk: Desk, name: str, pattern: dict[str, Any]) -> None:
        self._sqs = desk.client("sqs")
        events, bus = desk.events, desk.names["EventBusName"]
        rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        arn = attributes["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule["RuleArn"]}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])
        self.heard: list[dict[str, Any]] = []

    def hear(self, matches: Callable[[dict[str, Any]], bool], seconds: float = 30) -> Any:
        """Wait for an event that *matches*; return it."""

        def found() -> Any:
            answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                self.heard.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            return next((event for event in self.heard if matches(event)), None)

        return wait_for(found, "an event", seconds)
