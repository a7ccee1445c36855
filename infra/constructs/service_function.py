"""One Lambda function with its own role, published as a version behind the alias `live`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import packaging
from infra.grants import allow
from infra.names import LIVE
from infra.wiring import Function


@dataclass(frozen=True)
class PrivateNetwork:
    """Where in a company's network a function runs."""

    subnets: Sequence[str]
    security_groups: Sequence[str]


class ServiceFunction(Construct):
    """The function of one row of the wiring; `live` is what everything else invokes."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        row: Function,
        function_name: str,
        code: lambda_.Code,
        layers: Sequence[lambda_.ILayerVersion],
        environment: Mapping[str, str],
        statements: Sequence[iam.PolicyStatement],
        log_retention: logs.RetentionDays,
        log_removal: RemovalPolicy,
        network: PrivateNetwork | None = None,
    ) -> None:
        """Build log group, role, function, version and alias."""
        super().__init__(scope, id_)
        log_group = logs.LogGroup(self, "Logs", retention=log_retention, removal_policy=log_removal)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        # Under the role, so that the function waits for its permissions.
        iam.Policy(
            role,
            "Policy",
            roles=[role],
            statements=[
                *statements,
                allow(
                    "logs:CreateLogStream",
                    "logs:PutLogEvents",
                    on=[f"{log_group.log_group_arn}"],
                ),
                # X-Ray knows no resources.
                allow("xray:PutTraceSegments", "xray:PutTelemetryRecords", on=["*"]),
                *([_interfaces()] if network else []),
            ],
        )
        self.role = role
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=function_name,
            runtime=packaging.RUNTIME,
            architecture=packaging.ARCHITECTURE,
            handler=f"functions.{row.name}.handler.handle",
            code=code,
            layers=list(layers),
            # What a function may do is its row, whole: nothing is added behind it.
            role=role.without_policy_updates(),
            environment=dict(environment),
            timeout=Duration.seconds(row.timeout_seconds),
            memory_size=row.memory_mb,
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=log_group,
            # Executions that began weeks ago still hold on to the version they resolved.
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )
        if network:
            self._place(network)
        self.live = lambda_.Alias(
            self, "Live", alias_name=LIVE, version=self.function.current_version
        )

    def _place(self, network: PrivateNetwork) -> None:
        # By ids: the CDK's own way would look the network up in the account.
        function = self.function.node.default_child
        assert isinstance(function, lambda_.CfnFunction)  # noqa: S101 - what a Function is made of
        function.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=list(network.subnets), security_group_ids=list(network.security_groups)
        )


def _interfaces() -> iam.PolicyStatement:
    """Return what Lambda needs of a function's role to put it into a network.

    Describing and deleting know no resource (Lambda developer guide, "Giving Lambda functions
    access to resources in an Amazon VPC").
    """
    return allow(
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
        on=["*"],
    )
