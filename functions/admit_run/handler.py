"""Admit a run: pin its versions, mint its ticket, or hold it.

Called by: statemachines/platform/supervise_run.asl.json, state AdmitRun.
"""

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from functions.core import bootstrap
from functions.core.domain.run import Status

logger = Logger()


class Request(BaseModel):
    """What the state machine sends."""

    model_config = ConfigDict(hide_input_in_errors=True)

    run: str
    execution: str


class Response(BaseModel):
    """What the state machine gets back; `start` is the workflow's own input."""

    next: str
    status: str
    workflow: str = ""
    start: dict[str, Any] | None = None


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)
    logger.append_keys(run=request.run)

    admitted = bootstrap.runs().admit(request.run, request.execution)

    logger.info("admission", extra={"status": admitted.status})
    item = admitted.item
    if admitted.status is not Status.RUNNING or item is None:
        held = admitted.status is Status.HELD
        return Response(next="held" if held else "closed", status=admitted.status).model_dump()
    start = {
        "run": request.run,
        "ticket": admitted.ticket,
        "input": json.loads(item["input"]),
        "scheduled_time": item.get("scheduled_time"),
    }
    return Response(
        next="admitted", status=admitted.status, workflow=item["workflow"], start=start
    ).model_dump()
