"""Receive events: admit, recognise or refuse each message of a batch.

Called by: the intake queue.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.core import bootstrap
from functions.core.domain.timestamps import iso_of_milliseconds

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    failed = []
    for record in event["Records"]:
        sent_at = iso_of_milliseconds(int(record["attributes"]["SentTimestamp"]))
        try:
            received = bootstrap.door().receive(record["body"], sent_at)
        except Exception as error:  # noqa: BLE001  (the others of the batch go on)
            # the type alone: a message could quote the event
            logger.error("not received", extra={"error": type(error).__name__})  # noqa: TRY400  (no message)
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            told = {"what": received.what, "run": received.run, "reason": received.reason}
            logger.info("received", extra=told)
    return {"batchItemFailures": failed}
