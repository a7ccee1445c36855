"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.resources.kind import Kind, Made, Put, Request, changed, fitting, text


class Topic(Kind):
    """``AWS::SNS::Topic``."""

    type = "AWS::SNS::Topic"
    properties = ("TopicName", "DisplayName", "KmsMasterKeyId", "Subscription")
    without_effect = ("Tags", "SignatureVersion", "TracingConfig")

    def create(self, request: Request) -> Made:
        """Make the topic."""
        client = request.site.client("sns")
        name = request.properties.get("TopicName") or fitting(request.name, 256)
        arn = client.create_topic(
            Name=name, Attributes=request.get("DisplayName", "KmsMasterKeyId")
        )["TopicArn"]
        for one in request.properties.get("Subscription", []):
            client.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    def delete(self, request: Request, made: Made) -> None:
        """Remove the topic."""
        request.site.client("sns").delete_topic(TopicArn=made.ref)


class TopicPolicy(Put):
    """``AWS::SNS::TopicPolicy``."""

    type = "AWS::SNS::TopicPolicy"
    properties = ("Topics", "PolicyDocument")
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Put the policy on each topic."""
        for arn in request.properties["Topics"]:
            request.site.client("sns").set_topic_attributes(
                TopicArn=arn,
                AttributeName="Policy",
                AttributeValue=text(request.properties["PolicyDocument"]),
            )
        return Made(request.name)


class Subscription(Kind):
    """``AWS::SNS::Subscription``."""

    type = "AWS::SNS::Subscription"
    properties = ("TopicArn", "Protocol", "Endpoint", "FilterPolicy", "RawMessageDelivery")
    without_effect = ("RedrivePolicy", "DeliveryPolicy", "Region")

    def create(self, request: Request) -> Made:
        """Subscribe."""
        attributes = {
            name: text(value) if isinstance(value, dict) else str(value).lower()
            for name, value in request.get("FilterPolicy", "RawMessageDelivery").items()
        }
        arn = request.site.client("sns").subscribe(
            **request.get("TopicArn", "Protocol", "Endpoint"),
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return Made(arn, {"Arn": arn})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Keep it where nothing that matters changed."""
        effective = set(self.properties)
        return None if changed(old, request.properties) & effective else made

    def delete(self, request: Request, made: Made) -> None:
        """Unsubscribe."""
        request.site.client("sns").unsubscribe(SubscriptionArn=made.ref)
