"""Cancel a run: nothing is sent from here on; it is CANCELLED when nobody can still send.

Called by: `interlock runs cancel`.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from functions.core import bootstrap

logger = Logger()


class Request(BaseModel):
    """What the caller sends; `by` is what the caller says of itself."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    run: str
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=500)


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)
    logger.append_keys(run=request.run)

    item = bootstrap.runs().cancel(request.run, request.by, request.why)

    logger.info("cancellation", extra={"status": item["status"]})
    return {"run": request.run, "status": item["status"]}
