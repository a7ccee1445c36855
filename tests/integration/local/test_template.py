"""The walker's expressions and order, without a cloud."""

from __future__ import annotations

import base64
from typing import Any, ClassVar

import pytest

from interlock.local.deploy.intrinsics import Resolver, references
from interlock.local.deploy.problems import DeployFailed, UnknownIntrinsic
from interlock.local.deploy.stack import in_order, unknown_types


class Surroundings:
    parameters: ClassVar = {"Stage": "dev", "Zones": ["a", "b"]}
    pseudo: ClassVar = {"AWS::Region": "us-east-1", "AWS::StackName": "shop"}
    conditions: ClassVar = {
        "IsDev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
        "IsProd": {"Fn::Not": [{"Condition": "IsDev"}]},
        "Both": {"Fn::And": [{"Condition": "IsDev"}, {"Condition": "IsProd"}]},
        "Any": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
    }
    mappings: ClassVar = {"Sizes": {"dev": {"memory": 256}}}

    def ref(self, logical_id: str) -> str:
        return f"physical-{logical_id}"

    def attribute(self, logical_id: str, name: str) -> Any:
        return f"{logical_id}!{name}"

    def exported(self, name: str) -> str:
        return f"exported-{name}"

    def output_of(self, stack: str, name: str) -> str:
        return f"{stack}/{name}"


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "Queue"}, "physical-Queue"),
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "Queue!Arn"),
        ({"Fn::GetAtt": "Queue.Nested.Arn"}, "Queue!Nested.Arn"),
        ({"Fn::Sub": "${Stage}-${Queue.Arn}-${!Literal}"}, "dev-Queue!Arn-${Literal}"),
        ({"Fn::Sub": ["${x}${Stage}", {"x": {"Ref": "AWS::Region"}}]}, "us-east-1dev"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}, 3]]}, "a-dev-3"),
        ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b/c"]}]}, "b"),
        ({"Fn::Select": [0, {"Ref": "Zones"}]}, "a"),
        ({"Fn::If": ["IsDev", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Both", "yes", "no"]}, "no"),
        ({"Fn::If": ["Any", "yes", "no"]}, "yes"),
        ({"a": {"Fn::If": ["IsProd", 1, {"Ref": "AWS::NoValue"}]}, "b": 2}, {"b": 2}),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "memory"]}, 256),
        ({"Fn::ImportValue": {"Fn::Sub": "${Stage}:x"}}, "exported-dev:x"),
        ({"Fn::GetStackOutput": {"StackName": "data", "OutputName": "T"}}, "data/T"),
        ({"Fn::Base64": "hé"}, base64.b64encode("hé".encode()).decode()),
        ({"Ref": "Queue", "other": 1}, {"Ref": "Queue", "other": 1}),
    ],
)
def test_it_evaluates_each_function_that_it_knows(node: Any, expected: Any):
    """Every intrinsic, nested ones and removed values among them."""
    assert Resolver(Surroundings()).value(node) == expected


@pytest.mark.parametrize(
    ("node", "named"),
    [
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, "Fn::Cidr"),
        ({"Fn::GetAZs": ""}, "Fn::GetAZs"),
        ({"Ref": "AWS::NotificationARNs"}, "AWS::NotificationARNs"),
        ({"Fn::If": ["Missing", 1, 2]}, "Missing"),
        ({"Fn::FindInMap": ["Sizes", "prod", "memory"]}, "Sizes.prod.memory"),
        ("{{resolve:ssm:/a/b}}", "{{resolve:ssm:/a/b}}"),
    ],
)
def test_what_it_does_not_know_is_an_error_that_names_it(node: Any, named: str):
    """No guess, no dropped property."""
    with pytest.raises(UnknownIntrinsic, match=named.replace("{", r"\{")):
        Resolver(Surroundings()).value(node)


def test_an_unknown_condition_function_is_named():
    """`Fn::Contains` belongs to rules, not to conditions."""
    with pytest.raises(UnknownIntrinsic, match="Fn::Contains"):
        Resolver(Surroundings()).condition({"Fn::Contains": [["a"], "a"]})


def test_it_sees_references_inside_substitutions():
    """A resource named only in a text still comes first."""
    node = {"a": [{"Fn::Sub": ["${Own}${Bus}${Table.Arn}", {"Own": {"Ref": "Queue"}}]}]}

    assert set(references(node)) == {"Bus", "Table", "Queue"}


def test_resources_come_after_what_they_need():
    """References and DependsOn both count, whatever the order in the file."""
    resources = {
        "Alias": {"Properties": {"V": {"Ref": "Version"}}},
        "Version": {"Properties": {"F": {"Fn::GetAtt": ["Function", "Arn"]}}},
        "Function": {"DependsOn": ["Policy"], "Properties": {}},
        "Policy": {"Properties": {"R": {"Fn::Sub": "${Role.Arn}"}}},
        "Role": {},
    }

    assert in_order("s", resources) == ["Role", "Policy", "Function", "Version", "Alias"]


def test_a_circle_is_named():
    """CloudFormation would refuse it too."""
    resources = {"A": {"Properties": {"x": {"Ref": "B"}}}, "B": {"DependsOn": "A"}}

    with pytest.raises(DeployFailed, match="A -> B -> A"):
        in_order("s", resources)


def test_unknown_types_are_named_with_stack_and_id():
    """All of them at once, before anything is deployed."""
    body = {
        "Resources": {
            "Odd": {"Type": "AWS::Kinesis::Stream"},
            "Own": {"Type": "Custom::Thing"},
            "Queue": {"Type": "AWS::SQS::Queue"},
        }
    }

    assert list(unknown_types("shop", body)) == ["shop/Odd (AWS::Kinesis::Stream)"]
