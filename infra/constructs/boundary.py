"""The permissions boundary of teams' machines: they start platform machines, nothing else."""

from collections.abc import Iterable

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.machine import start_and_wait, watch
from infra.names import Arns, Names

MODELS = ("bedrock:*", "sagemaker:InvokeEndpoint*")
DOORS = (
    "dynamodb:*",
    "events:PutEvents",
    "lambda:Invoke*",
    "s3:*",
    "secretsmanager:*",
    "sqs:*",
    "ssm:GetParameter*",
    "states:InvokeHTTPEndpoint",
    "states:SendTask*",
    "sts:AssumeRole",
)


class WorkflowBoundary(iam.ManagedPolicy):
    """What no workflow machine's role exceeds, whatever is attached to it."""

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, machines: Iterable[str]
    ) -> None:
        """Let through the starting of *machines* (platform names), logs and traces."""
        arns = Arns(scope)
        start, watch_children, rule = zip(
            *(start_and_wait(arns, names.of(machine)) for machine in sorted(machines)), strict=True
        )
        super().__init__(
            scope,
            id_,
            managed_policy_name=names.workflow_boundary,
            description="What a workflow's machine may do at most",
            statements=[
                _merged(start),
                _merged(watch_children),
                rule[0],
                *watch(),
                # Said although nothing above allows them: widening the list opens no such door.
                iam.PolicyStatement(
                    sid="NoDoorsPastThePlatform",
                    effect=iam.Effect.DENY,
                    actions=[*MODELS, *DOORS],
                    resources=["*"],
                ),
            ],
        )


def _merged(statements: Iterable[iam.PolicyStatement]) -> iam.PolicyStatement:
    first, *others = statements
    for other in others:
        first.add_resources(*other.resources)
    return first
