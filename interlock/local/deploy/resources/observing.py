"""Log groups, alarms and dashboards: kept so that they can be described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.resources.kind import Kind, Made, Put, Request, changed, text

_ALARM = (
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
    "ThresholdMetricId",
)


class LogGroup(Kind):
    """``AWS::Logs::LogGroup``."""

    type = "AWS::Logs::LogGroup"
    properties = ("LogGroupName", "RetentionInDays")
    without_effect = ("Tags", "KmsKeyId", "LogGroupClass", "DataProtectionPolicy")

    def create(self, request: Request) -> Made:
        """Make the group."""
        name = request.properties.get("LogGroupName", request.name)
        request.site.client("logs").create_log_group(logGroupName=name)
        _retain(request, name)
        return Made(name, {"Arn": request.site.arn("logs", f"log-group:{name}:*")})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Change the retention."""
        if "LogGroupName" in changed(old, request.properties):
            return None
        _retain(request, made.ref)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Remove the group."""
        request.site.client("logs").delete_log_group(logGroupName=made.ref)


class LogResourcePolicy(Put):
    """``AWS::Logs::ResourcePolicy``."""

    type = "AWS::Logs::ResourcePolicy"
    properties = ("PolicyName", "PolicyDocument")
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Put the policy."""
        name = request.properties["PolicyName"]
        request.site.client("logs").put_resource_policy(
            policyName=name, policyDocument=text(request.properties["PolicyDocument"])
        )
        return Made(name)

    def delete(self, request: Request, made: Made) -> None:
        """Remove the policy."""
        request.site.client("logs").delete_resource_policy(policyName=made.ref)


class MetricFilter(Put):
    """``AWS::Logs::MetricFilter``."""

    type = "AWS::Logs::MetricFilter"
    properties = ("FilterName", "FilterPattern", "LogGroupName", "MetricTransformations")
    without_effect = ("ApplyOnTransformedLogs",)

    def create(self, request: Request) -> Made:
        """Put the filter."""
        given = request.properties
        name = given.get("FilterName", request.name)
        request.site.client("logs").put_metric_filter(
            filterName=name,
            filterPattern=given["FilterPattern"],
            logGroupName=given["LogGroupName"],
            metricTransformations=[
                {key[0].lower() + key[1:]: value for key, value in one.items()}
                for one in given["MetricTransformations"]
            ],
        )
        return Made(name)

    def delete(self, request: Request, made: Made) -> None:
        """Remove the filter."""
        request.site.client("logs").delete_metric_filter(
            filterName=made.ref, logGroupName=request.properties["LogGroupName"]
        )


class Alarm(Put):
    """``AWS::CloudWatch::Alarm``."""

    type = "AWS::CloudWatch::Alarm"
    properties = ("AlarmName", *_ALARM)

    def create(self, request: Request) -> Made:
        """Put the alarm."""
        name = request.properties.get("AlarmName", request.name)
        request.site.client("cloudwatch").put_metric_alarm(AlarmName=name, **request.get(*_ALARM))
        return Made(name, {"Arn": request.site.arn("cloudwatch", f"alarm:{name}")})

    def delete(self, request: Request, made: Made) -> None:
        """Remove the alarm."""
        request.site.client("cloudwatch").delete_alarms(AlarmNames=[made.ref])


class Dashboard(Put):
    """``AWS::CloudWatch::Dashboard``."""

    type = "AWS::CloudWatch::Dashboard"
    properties = ("DashboardName", "DashboardBody")

    def create(self, request: Request) -> Made:
        """Put the dashboard."""
        name = request.properties.get("DashboardName", request.name)
        request.site.client("cloudwatch").put_dashboard(
            DashboardName=name, DashboardBody=request.properties["DashboardBody"]
        )
        return Made(name)

    def delete(self, request: Request, made: Made) -> None:
        """Remove the dashboard."""
        request.site.client("cloudwatch").delete_dashboards(DashboardNames=[made.ref])


class Metadata(Put):
    """``AWS::CDK::Metadata``: says which constructs a template was made of, does nothing."""

    type = "AWS::CDK::Metadata"
    properties = ("Analytics",)
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Note that it is there."""
        return Made(request.name)


def _retain(request: Request, name: str) -> None:
    if days := request.properties.get("RetentionInDays"):
        request.site.client("logs").put_retention_policy(
            logGroupName=name, retentionInDays=int(days)
        )
