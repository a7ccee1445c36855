"""Complete a run: write how it ended, emit what it declares, seal its evidence.

Called by: statemachines/platform/supervise_run.asl.json, state CompleteRun.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from functions.core import bootstrap
from functions.core.domain.run import OPEN
from functions.core.services.runs import result_of

logger = Logger()


class Request(BaseModel):
    """What the state machine sends: the workflow's output, or the error it ended with."""

    model_config = ConfigDict(hide_input_in_errors=True)

    run: str
    output: dict[str, Any] | None = None
    error: str = ""


class Response(BaseModel):
    """What the state machine gets back; `wait` while somebody may still send for the run."""

    next: str
    run: str
    status: str
    reason: str
    seconds: int = 0


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)
    logger.append_keys(run=request.run)

    item, until = bootstrap.runs().finish(request.run, result_of(request.output, request.error))

    open_ = item["status"] in OPEN
    seconds = 0
    if until is not None:
        seconds = max(1, round((until - bootstrap.clock().now()).total_seconds()) + 1)
    logger.info("completion", extra={"status": item["status"]})
    return Response(
        next="wait" if open_ else "closed",
        run=request.run,
        status=item["status"],
        reason=str(item.get("reason", "")),
        seconds=seconds or 1,
    ).model_dump()
