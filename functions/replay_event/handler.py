"""Replay a refused event: as it was, or corrected.

Called by: `interlock events replay`.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from functions.core import bootstrap
from functions.core.services.replay import replay

logger = Logger()


class Request(BaseModel):
    """What the caller sends; `event` replaces the refused one where it is given."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    refused: str = Field(pattern=r"^[0-9a-f]{64}$")
    workflow: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,39}$")
    event: dict[str, Any] | None = None


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)

    workflow = replay(
        bootstrap.store(),
        bootstrap.blobs(),
        bootstrap.intake(),
        refused=request.refused,
        workflow=request.workflow,
        event=request.event,
    )

    logger.info("replayed", extra={"refused": request.refused})
    return {"refused": request.refused, "workflow": workflow}
