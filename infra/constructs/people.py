"""Ready-made roles for people: operator, approver, auditor, author, treasurer.

Each is a managed policy (to attach to a permission set or group) and a role that carries it.
The roles demand a source identity, so that an action can be laid at one person's door.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.grants import Places, allow

SESSION = Duration.hours(4)
READ = ("dynamodb:GetItem", "dynamodb:Query")
LISTED = ("runs", "refused")
"""Tables that people list by day."""
BY_DAY = "by_day"
BY_DUE = "by_due"
DECIDE = "decide"


@dataclass(frozen=True, kw_only=True)
class Person:
    """One row: what a kind of person reads, and which functions they invoke."""

    purpose: str
    reads: Sequence[str]
    invokes: Sequence[str] = ()
    decides: bool = False
    puts_events: bool = False
    sees_executions: bool = False
    sees_evidence: bool = False
    sees_logs: bool = False


PEOPLE: Mapping[str, Person] = {
    "operator": Person(
        purpose="Watches runs, cancels them, stops everything, replays what was refused or stuck",
        reads=("runs", "parked", "catalog", "ledger", "evidence", "refused"),
        invokes=("cancel_run", "set_stop", "replay_event", "redrive_message"),
        puts_events=True,
        sees_executions=True,
        sees_logs=True,
    ),
    "approver": Person(
        purpose="Sees what waits for a decision, and the run around it; decides",
        reads=("runs", "parked"),
        decides=True,
    ),
    "auditor": Person(
        purpose="Verifies the evidence; reads everything but prompts and answers, changes nothing",
        reads=("runs", "parked", "catalog", "ledger", "evidence", "refused"),
        sees_executions=True,
        sees_evidence=True,
    ),
    "author": Person(
        purpose="Writes workflows, AI tasks and policies, tries them, publishes and promotes",
        reads=("runs", "catalog", "refused"),
        invokes=("publish_version", "move_label"),
        puts_events=True,
        sees_executions=True,
    ),
    # whoever runs the platform does not grant its money
    "treasurer": Person(
        purpose="Answers for the money: raises and lowers limits, books bills, reports costs",
        reads=("runs", "catalog", "ledger", "evidence"),
        invokes=("set_limit", "settle_call"),
    ),
}


class People(Construct):
    """The managed policies with their roles."""

    def __init__(
        self, scope: Construct, id_: str, *, places: Places, functions: Mapping[str, lambda_.IAlias]
    ) -> None:
        """Build them over *places*; *functions* are the live aliases by name."""
        super().__init__(scope, id_)
        for name, person in PEOPLE.items():
            policy = iam.ManagedPolicy(
                self,
                name.title(),
                managed_policy_name=places.names.of(name),
                description=person.purpose,
                statements=_statements(person, places, functions),
            )
            iam.Role(
                self,
                f"{name.title()}Role",
                role_name=places.names.of(name),
                description=person.purpose,
                assumed_by=_identified_people(),
                managed_policies=[policy],
                max_session_duration=SESSION,
            )


def _identified_people() -> iam.IPrincipal:
    # A session's name is chosen by its caller; a source identity is set once and stays.
    return iam.SessionTagsPrincipal(iam.AccountRootPrincipal()).with_conditions(
        {"StringLike": {"sts:SourceIdentity": "?*"}}
    )


def _statements(
    person: Person, places: Places, functions: Mapping[str, lambda_.IAlias]
) -> list[iam.PolicyStatement]:
    stack = Stack.of(places.scope)
    found = [
        allow(*READ, on=[places.tables[name].table_arn for name in person.reads]),
        allow(
            "dynamodb:Query",
            on=[
                f"{places.tables[name].table_arn}/index/{BY_DAY}"
                for name in person.reads
                if name in LISTED
            ],
        ),
        # Where everything is, the command line reads from the stack's outputs.
        allow(
            "cloudformation:DescribeStacks",
            on=[
                stack.format_arn(
                    service="cloudformation",
                    resource="stack",
                    resource_name=f"{places.names.prefix}-*",
                )
            ],
        ),
    ]
    if person.invokes:
        aliases = [functions[name].function_arn for name in person.invokes]
        found.append(allow("lambda:InvokeFunction", on=aliases))
    if "parked" in person.reads:
        parked = places.tables["parked"].table_arn
        found.append(allow("dynamodb:Query", on=[f"{parked}/index/{BY_DUE}"]))
    if person.decides:
        found += _decisions(functions[DECIDE])
    if person.puts_events:
        found.append(allow("events:PutEvents", on=[places.bus.event_bus_arn]))
    if person.sees_executions:
        found += _executions(places)
    if person.sees_evidence:
        found.append(allow("s3:ListBucket", on=[places.evidence.bucket_arn]))
        found.append(allow("s3:GetObject", on=[places.evidence.arn_for_objects("*")]))
    if person.sees_logs:
        found += _logs(stack, places)
    return found


def _decisions(decide: lambda_.IAlias) -> list[iam.PolicyStatement]:
    """Return what it takes to call the signed URL, and what keeps the function shut otherwise.

    A function that is invoked directly is not told who calls, and would have to believe what
    the payload says of it (AWS Lambda developer guide, "Control access to function URLs").
    """
    return [
        iam.PolicyStatement(
            actions=["lambda:InvokeFunctionUrl"],
            resources=[decide.function_arn],
            conditions={"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
        ),
        iam.PolicyStatement(
            actions=["lambda:InvokeFunction"],
            resources=[decide.function_arn],
            conditions={"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
        ),
    ]


def _executions(places: Places) -> list[iam.PolicyStatement]:
    everything = f"{places.names.prefix}-*"
    return [
        allow(
            "states:DescribeStateMachine",
            "states:ListExecutions",
            on=[places.arns.machine(everything)],
        ),
        allow(
            "states:DescribeExecution",
            "states:GetExecutionHistory",
            on=[places.arns.executions(everything)],
        ),
    ]


def _logs(stack: Stack, places: Places) -> list[iam.PolicyStatement]:
    groups = (f"{stack.stack_name}-*", f"/aws/vendedlogs/states/{places.names.prefix}-*")
    every = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group"
    return [
        allow(
            "logs:FilterLogEvents",
            "logs:GetLogEvents",
            on=[f"{every}:{group}:*" for group in groups],
        ),
        # Which log groups there are can only be asked of all of them.
        allow("logs:DescribeLogGroups", on=[f"{every}:*"]),
    ]
