"""What guardrails a stage's policies name: the permission to apply those, and no others."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from functions.core.domain.guards.outside import Guardrail, Source

APPLY: Final = "bedrock:ApplyGuardrail"


def applications(
    scope: Construct, documents: Iterable[Mapping[str, Any]], source: Source
) -> list[iam.PolicyStatement]:
    """Return what the function may ask that looks at the *source* side of calls; often nothing."""
    stack = Stack.of(scope)
    arns = {
        _arn(Guardrail.model_validate(told), stack)
        for entry in documents
        if entry["kind"] == "policy"
        for told in entry["document"].get("guardrails", {}).get("apply", ())
        if told["source"] == source
    }
    return [iam.PolicyStatement(actions=[APPLY], resources=sorted(arns))] if arns else []


def _arn(guardrail: Guardrail, stack: Stack) -> str:
    if guardrail.region:
        return guardrail.id
    here = f"{stack.partition}:bedrock:{stack.region}:{stack.account}"
    return f"arn:{here}:guardrail/{guardrail.id}"
