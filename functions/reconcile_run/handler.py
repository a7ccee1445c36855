"""Reconcile a run: its supervisor failed, timed out or was stopped.

Called by: the rule on Step Functions' Execution Status Change events.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from functions.core import bootstrap
from functions.core.domain.names import is_run_name
from functions.core.domain.run import Status
from functions.core.services.runs import Ended

logger = Logger()


class Detail(BaseModel):
    """What the event says of the execution; its other fields are not read."""

    model_config = ConfigDict(hide_input_in_errors=True)

    name: str
    status: str


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    detail = Detail.model_validate(event["detail"])
    logger.append_keys(run=detail.name)
    if not is_run_name(detail.name):
        logger.info("a call ended; its run, if it has one, goes on under its own name")
        return {"run": "", "status": detail.status}

    timed_out = detail.status == "TIMED_OUT"
    ended = Ended(Status.TIMED_OUT if timed_out else Status.FAILED, f"EXECUTION_{detail.status}")
    item, _ = bootstrap.runs().finish(detail.name, ended)

    logger.info("reconciled", extra={"status": item["status"]})
    return {"run": detail.name, "status": item["status"]}
