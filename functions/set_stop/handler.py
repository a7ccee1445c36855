"""Set or clear an emergency stop; the gate of every send reads it.

Called by: `interlock stop set` and `interlock stop clear`.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from functions.core import bootstrap
from functions.core.services.stops import set_stop

logger = Logger()


class Request(BaseModel):
    """What the caller sends; a scope is `everything`, `workflow:<name>` or `target:<name>`."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    scope: str = Field(pattern=r"^(everything|(workflow|target):[a-z][a-z0-9_]{0,63})$")
    stopped: bool
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=500)


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)

    changed = set_stop(
        bootstrap.store(),
        bootstrap.bus(),
        bootstrap.clock(),
        scope=request.scope,
        stopped=request.stopped,
        by=request.by,
        why=request.why,
    )

    logger.info("stop", extra={"scope": request.scope, "stopped": request.stopped})
    return {"scope": request.scope, "stopped": request.stopped, "changed": changed}
