"""Publish one version of an AI task, checked again; move no label.

Called by: `interlock tasks publish`.
"""

from typing import Any, Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from functions.core import bootstrap
from functions.core.services.publishing import publish_task

logger = Logger()


class Request(BaseModel):
    """What the caller sends; the version's hash is not the caller's to say."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    kind: Literal["ai_task"]
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    document: dict[str, Any]
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=500)


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)

    published = publish_task(
        bootstrap.catalog(), request.name, request.document, by=request.by, why=request.why
    )

    logger.info("published", extra={"task": request.name, "version": published.version})
    return {"name": request.name, "version": published.version, "new": published.new}
