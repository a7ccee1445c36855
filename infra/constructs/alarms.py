"""What wakes somebody: dead letters, a silent or stuck sweep, touched evidence, a call too dear."""

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.wiring import HEARTBEAT_MINUTES

MINUTE = Duration.minutes(1)
METRICS = "Interlock"
"""Namespace of the metrics that functions report themselves."""
EVIDENCE_CHANGED = "EvidenceChanged"
DUE_FAILED = "DueItemsFailed"
COST_ABOVE_BOUND = "CostAboveBound"


class Alarms(Construct):
    """The alarms and their topic; the mail address, if any, has to confirm once."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        queues: Mapping[str, sqs.IQueue],
        sweep: lambda_.IFunction,
        stage: str,
        address: str | None,
    ) -> None:
        """Watch *queues* for any message, *sweep* for silence, the evidence for changes."""
        super().__init__(scope, id_)
        self._stage = stage
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        self._let_cloudwatch_publish()
        if address:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
        for name, queue in queues.items():
            self._alarm(
                name,
                queue.metric_approximate_number_of_messages_visible(
                    period=MINUTE, statistic="Maximum"
                ),
                f"Messages wait in {name}: work that was given up after its retries",
            )
        # Missing is the alarm: a scheduler that stopped sends no zeros.
        self._alarm(
            "SweepSilent",
            sweep.metric_invocations(period=MINUTE, statistic="Sum"),
            f"No sweep for {HEARTBEAT_MINUTES} minutes: nothing that is due happens",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            minutes=HEARTBEAT_MINUTES,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        self._alarm(
            "SweepFailing",
            sweep.metric_errors(period=MINUTE, statistic="Sum"),
            f"Each sweep of the last {HEARTBEAT_MINUTES} minutes failed",
            minutes=HEARTBEAT_MINUTES,
        )
        # One failure may pass; what fails at each sweep is due and does not happen.
        self._alarm(
            DUE_FAILED,
            self._reported(DUE_FAILED, by="sweep"),
            f"Each sweep of the last {HEARTBEAT_MINUTES} minutes had items that it could not do",
            minutes=HEARTBEAT_MINUTES,
        )
        self._alarm(
            EVIDENCE_CHANGED,
            self._reported(EVIDENCE_CHANGED, by="copy_evidence"),
            "An evidence record was changed or removed in the table",
        )
        self._alarm(
            COST_ABOVE_BOUND,
            self._reported(COST_ABOVE_BOUND, by="call_model"),
            "A call cost more than its worst case; its target's bound is raised from now on",
        )

    def _reported(self, name: str, *, by: str) -> cloudwatch.Metric:
        """Return a metric that a function of this stage reports; an account may hold several."""
        return cloudwatch.Metric(
            namespace=METRICS,
            metric_name=name,
            dimensions_map={"service": by, "stage": self._stage},
            period=MINUTE,
            statistic="Sum",
        )

    def _alarm(
        self,
        id_: str,
        metric: cloudwatch.IMetric,
        description: str,
        *,
        comparison: cloudwatch.ComparisonOperator = (
            cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        ),
        minutes: int = 1,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            id_,
            metric=metric,
            threshold=1,
            comparison_operator=comparison,
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            treat_missing_data=missing,
            alarm_description=description,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))

    def _let_cloudwatch_publish(self) -> None:
        # A policy of our own (TLS only) takes the place of the topic's default one.
        stack = Stack.of(self)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LetAlarmsPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "ArnLike": {
                        "aws:SourceArn": stack.format_arn(service="cloudwatch", resource="alarm:*")
                    }
                },
            )
        )
