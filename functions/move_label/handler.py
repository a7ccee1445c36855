"""Move a label to another version, on record.

Called by: `interlock tasks promote` and `interlock local reload`.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from functions.core import bootstrap
from functions.core.domain.errors import BusUnavailable
from functions.core.services import outbox
from functions.core.services.catalog import label_ref

logger = Logger()


class Request(BaseModel):
    """What the caller sends."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    kind: str = Field(pattern=r"^(ai_task|policy)$")
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    version: str = Field(pattern=r"^[0-9a-f]{64}$")
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=500)


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)

    before = bootstrap.catalog().move(**request.model_dump())
    ref = label_ref(request.kind, request.name)
    pending = outbox.pending(bootstrap.store().get(ref))
    if outbox.deliver(bootstrap.store(), bootstrap.bus(), ref, pending) < len(pending):
        raise BusUnavailable("the label was moved; announce it by moving it again")

    logger.info("label moved", extra={"task": request.name, "version": request.version})
    return {"name": request.name, "version": request.version, "before": before}
