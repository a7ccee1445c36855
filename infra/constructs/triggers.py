"""What starts functions: queue, stream, clock, lost executions, people's signed requests."""

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs

from infra.constructs.service_function import ServiceFunction
from infra.grants import allow
from infra.wiring import (
    DELIVERY_ATTEMPTS,
    DELIVERY_SECONDS,
    EVIDENCE_BATCH,
    EVIDENCE_RETRIES,
    INTAKE_BATCH,
    INTAKE_CONCURRENCY,
)

LOST = ("FAILED", "TIMED_OUT", "ABORTED")
"""How an execution ends that did not complete its run itself."""


def receive_from(function: ServiceFunction, queue: sqs.IQueue) -> None:
    """Feed *function* from *queue*; what it reports as failed stays on the queue."""
    lambda_.EventSourceMapping(
        function,
        "FromQueue",
        target=function.live,
        event_source_arn=queue.queue_arn,
        batch_size=INTAKE_BATCH,
        max_concurrency=INTAKE_CONCURRENCY,
        report_batch_item_failures=True,
    )


def signed_url(function: ServiceFunction) -> lambda_.FunctionUrl:
    """Let people call *function* over HTTPS; IAM verifies the signature and says whose it is."""
    return lambda_.FunctionUrl(
        function,
        "Url",
        function=function.live,
        auth_type=lambda_.FunctionUrlAuthType.AWS_IAM,
        invoke_mode=lambda_.InvokeMode.BUFFERED,
    )


def follow(function: ServiceFunction, table: dynamodb.ITable, undelivered: sqs.IQueue) -> None:
    """Feed *function* from the stream of *table*; records it can't handle go to *undelivered*."""
    lambda_.EventSourceMapping(
        function,
        "FromStream",
        target=function.live,
        event_source_arn=table.table_stream_arn,
        starting_position=lambda_.StartingPosition.TRIM_HORIZON,
        batch_size=EVIDENCE_BATCH,
        bisect_batch_on_error=True,
        report_batch_item_failures=True,
        retry_attempts=EVIDENCE_RETRIES,
        on_failure=sources.SqsDlq(undelivered),
    )


def every_minute(function: ServiceFunction, undelivered: sqs.IQueue) -> None:
    """Invoke *function* each minute with the scheduled time; a missed minute is not made up."""
    role = iam.Role(
        function, "ScheduleRole", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com")
    )
    policy = iam.Policy(
        role,
        "Policy",
        roles=[role],
        statements=[
            allow("lambda:InvokeFunction", on=[function.live.function_arn]),
            allow("sqs:SendMessage", on=[undelivered.queue_arn]),
        ],
    )
    schedule = scheduler.CfnSchedule(
        function,
        "EveryMinute",
        description="The one clock over everything with a due_at",
        schedule_expression="rate(1 minute)",
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=function.live.function_arn,
            role_arn=role.role_arn,
            input='{"at":"<aws.scheduler.scheduled-time>"}',
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_retry_attempts=0, maximum_event_age_in_seconds=60
            ),
            dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                arn=undelivered.queue_arn
            ),
        ),
    )
    schedule.node.add_dependency(policy)
    # Scheduler invokes asynchronously: Lambda would repeat a failed sweep beside the next one.
    function.live.configure_async_invoke(retry_attempts=0, max_event_age=Duration.seconds(60))


def on_lost_execution(function: ServiceFunction, machine_arn: str, undelivered: sqs.IQueue) -> None:
    """Invoke *function* when an execution of *machine_arn* ends without completing its run."""
    rule = events.CfnRule(
        function,
        "OnLostExecution",
        description="Executions of the supervisor that ended behind our back",
        event_pattern={
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [machine_arn], "status": list(LOST)},
        },
        targets=[
            events.CfnRule.TargetProperty(
                id="Function",
                arn=function.live.function_arn,
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_retry_attempts=DELIVERY_ATTEMPTS,
                    maximum_event_age_in_seconds=DELIVERY_SECONDS,
                ),
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                    arn=undelivered.queue_arn
                ),
            )
        ],
    )
    lambda_.CfnPermission(
        function,
        "LetRuleInvoke",
        action="lambda:InvokeFunction",
        function_name=function.live.function_arn,
        principal="events.amazonaws.com",
        source_arn=rule.attr_arn,
    )
    undelivered.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LetReconciliationRuleSend",
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[undelivered.queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
        )
    )
    # The rule invokes asynchronously: its dead letters are failed deliveries only, and the
    # function's own failures have to be caught here.
    function.live.configure_async_invoke(
        retry_attempts=2,
        max_event_age=Duration.seconds(DELIVERY_SECONDS),
        on_failure=destinations.SqsDestination(undelivered),
    )
