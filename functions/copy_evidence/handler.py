"""Copy evidence: each new record to the bucket at once; a change or removal is an alarm.

Called by: the evidence table's stream.
"""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.core import bootstrap
from functions.core.services.evidence_copy import copy

logger = Logger()
metrics = Metrics(namespace="Interlock")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    failed = []
    for record in event["Records"]:
        change = record["dynamodb"]
        try:
            found = copy(bootstrap.evidence_blobs(), record["eventName"], change.get("NewImage"))
        except Exception as error:  # noqa: BLE001  (the others of the batch go on)
            logger.error("not copied", extra={"error": type(error).__name__})  # noqa: TRY400  (no message)
            failed.append({"itemIdentifier": change["SequenceNumber"]})
            break
        if found:
            metrics.add_dimension(name="stage", value=bootstrap.settings().stage)
            metrics.add_metric(name="EvidenceChanged", unit=MetricUnit.Count, value=1)
            logger.error("evidence changed", extra={"keys": change["Keys"], "what": found})
    return {"batchItemFailures": failed}
