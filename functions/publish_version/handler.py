"""Publish one version of an AI task or a policy, checked again; move no label.

Called by: `interlock tasks publish`, `interlock policies publish`.
"""

from typing import Any, Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

# At once, not at the first call: Lambda gives a function that starts more of a processor.
import functions.core.domain.task_checks  # noqa: F401
from functions.core import bootstrap
from functions.core.ports import Clock
from functions.core.services.catalog import Catalog
from functions.core.services.publishing import Published, publish_policy, publish_task

logger = Logger()


class Request(BaseModel):
    """What the caller sends; the version's hash is not the caller's to say."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    kind: Literal["ai_task", "policy"]
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    document: dict[str, Any]
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=500)


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)

    published = publish(bootstrap.catalog(), bootstrap.clock(), request)

    logger.info("published", extra={request.kind: request.name, "version": published.version})
    return {"name": request.name, "version": published.version, "new": published.new}


def publish(catalog: Catalog, clock: Clock, request: Request) -> Published:
    """Do what *request* asks of the catalog."""
    said = {"by": request.by, "why": request.why}
    if request.kind == "policy":
        return publish_policy(catalog, clock, request.name, request.document, **said)
    return publish_task(catalog, request.name, request.document, **said)
