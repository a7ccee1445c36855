"""Guardrails that policies name: who may apply which."""

from typing import Any

from aws_cdk import App, Stack

from infra.guardrail_access import APPLY, applications
from tests.infra.assembly import Assembly

ARN = "arn:aws:bedrock:us-west-2:123456789012:guardrail/abc"
POLICIES = [
    {"kind": "ai_task", "document": {"name": "sort"}},
    {"kind": "policy", "document": {"name": "old"}},
    {
        "kind": "policy",
        "document": {
            "guardrails": {
                "mode": "enforce",
                "apply": [
                    {"id": "xyz", "version": "1", "source": "INPUT"},
                    {"id": ARN, "version": "2", "source": "OUTPUT"},
                    {"id": ARN, "version": "DRAFT", "source": "OUTPUT"},
                ],
            }
        },
    },
]


def granted(source: Any) -> list[Any]:
    """Return the statements of the function that looks at this side."""
    env = {"account": "123456789012", "region": "eu-central-1"}
    stack = Stack(App(), "test", env=env)
    found = [one.to_statement_json() for one in applications(stack, POLICIES, source)]
    return stack.resolve(found)


def test_each_side_may_apply_the_guardrails_that_are_named_for_it() -> None:
    """An id is one of the stage's own account and region; an ARN says where."""
    [asks] = granted("INPUT")
    [answers] = granted("OUTPUT")

    assert (asks["Action"], answers["Action"], answers["Resource"]) == (APPLY, APPLY, ARN)
    parts = asks["Resource"]["Fn::Join"][1]
    assert [part for part in parts if isinstance(part, str)] == [
        "arn:",
        ":bedrock:eu-central-1:123456789012:guardrail/xyz",
    ]


def test_a_stage_without_one_grants_nothing(dev: Assembly) -> None:
    """The shipped catalog names none, and no function may apply any."""
    assert APPLY not in str(dev.stack("platform").of("AWS::IAM::Policy"))
