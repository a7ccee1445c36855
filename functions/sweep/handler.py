"""Sweep: the one clock over everything with a `due_at`, every minute.

Called by: EventBridge Scheduler.
"""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.core import bootstrap

logger = Logger()
metrics = Metrics(namespace="Interlock")


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    done = bootstrap.sweep().run(lambda: context.get_remaining_time_in_millis() / 1000)

    logger.info("swept", extra=done)
    if done["failed"]:
        metrics.add_dimension(name="stage", value=bootstrap.settings().stage)
        metrics.add_metric(name="DueItemsFailed", unit=MetricUnit.Count, value=done["failed"])
        metrics.flush_metrics()
    return done
