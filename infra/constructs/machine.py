"""One state machine from one ASL file, with its own role, versions and the alias `live`."""

from collections.abc import Mapping, Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.asl import Definition
from infra.grants import allow
from infra.names import LIVE, Arns

MANAGED_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
"""EventBridge rule that Step Functions manages to hear the end of a child (sync:2)."""


def invoke(function_arn: str) -> list[iam.PolicyStatement]:
    """Return what a Task needs to invoke a function's alias."""
    return [allow("lambda:InvokeFunction", on=[function_arn])]


def start_and_wait(arns: Arns, machine: str) -> list[iam.PolicyStatement]:
    """Return what a Task needs to run machine *machine* (a name, or a prefix with `*`)."""
    return [
        allow("states:StartExecution", on=[arns.machine(machine)]),
        allow("states:DescribeExecution", "states:StopExecution", on=[arns.executions(machine)]),
        allow(
            "events:PutTargets",
            "events:PutRule",
            "events:DescribeRule",
            on=[arns.default_rule(MANAGED_RULE)],
        ),
    ]


def watch() -> list[iam.PolicyStatement]:
    """Return what every machine needs to be logged and traced."""
    return [
        # The log delivery API takes no resources (Step Functions developer guide, "Logging").
        allow(
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
            on=["*"],
        ),
        # X-Ray knows no resources.
        allow(
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
            on=["*"],
        ),
    ]


class Machine(Construct):
    """A STANDARD machine; the ASL file stays readable in the template, its time limit inside."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        definition: Definition,
        name: str,
        substitutions: Mapping[str, str],
        statements: Sequence[iam.PolicyStatement],
        log_retention: logs.RetentionDays,
        log_removal: RemovalPolicy,
        boundary: iam.IManagedPolicy | None = None,
    ) -> None:
        """Build log group, role, machine, version and alias."""
        super().__init__(scope, id_)
        # Under this prefix a log group doesn't use up the account's few resource policies.
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=log_retention,
            removal_policy=log_removal,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
            permissions_boundary=boundary,
        )
        policy = iam.Policy(
            self, "Policy", roles=[self.role], statements=[*_once(statements), *watch()]
        )
        machine = sfn.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=name,
            state_machine_type="STANDARD",
            role_arn=self.role.role_arn,
            definition_string=definition.text,
            definition_substitutions={
                key: substitutions[key] for key in sorted(definition.placeholders)
            },
            logging_configuration=sfn.CfnStateMachine.LoggingConfigurationProperty(
                level="ALL",
                # Inputs and answers belong neither into logs nor into histories.
                include_execution_data=False,
                destinations=[
                    sfn.CfnStateMachine.LogDestinationProperty(
                        cloud_watch_logs_log_group=(
                            sfn.CfnStateMachine.CloudWatchLogsLogGroupProperty(
                                log_group_arn=log_group.log_group_arn
                            )
                        )
                    )
                ],
            ),
            tracing_configuration=sfn.CfnStateMachine.TracingConfigurationProperty(enabled=True),
        )
        # Without its permissions the first deployment ends "not authorized to create managed-rule".
        machine.node.add_dependency(policy)
        version = sfn.CfnStateMachineVersion(
            self,
            "Version",
            state_machine_arn=machine.attr_arn,
            state_machine_revision_id=machine.attr_state_machine_revision_id,
        )
        version.apply_removal_policy(RemovalPolicy.RETAIN)
        alias = sfn.CfnStateMachineAlias(
            self,
            "Live",
            name=LIVE,
            deployment_preference=sfn.CfnStateMachineAlias.DeploymentPreferenceProperty(
                state_machine_version_arn=version.ref, type="ALL_AT_ONCE"
            ),
        )
        self.arn = machine.attr_arn
        self.live_arn = alias.attr_arn
        self.log_group = log_group


def _once(statements: Sequence[iam.PolicyStatement]) -> list[iam.PolicyStatement]:
    found: list[iam.PolicyStatement] = []
    for statement in statements:
        if statement.to_json() not in [other.to_json() for other in found]:
            found.append(statement)
    return found
