"""Close an attempt: wait out its sender, then book or report what may have happened.

Called by: statemachines/platform/run_ai_task.asl.json and call_system.asl.json, state
CloseAttempt.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ConfigDict, TypeAdapter

# At once, not at the first call: Lambda gives a function that starts more of a processor.
import functions.core.services.close_attempt  # noqa: F401
from functions.core import bootstrap
from functions.core.domain.ai_step import Call, Step
from functions.core.services.system_step import SystemCall

logger = Logger()


class ModelRequest(Step):
    """What run_ai_task sends; `call` is null where not even PrepareCall came back."""

    call: Call | None = None
    error: str


class SystemRequest(SystemCall):
    """What call_system sends."""

    error: str


Request: TypeAdapter[ModelRequest | SystemRequest] = TypeAdapter(
    ModelRequest | SystemRequest,
    # the models' own setting doesn't hold for their union
    config=ConfigDict(hide_input_in_errors=True),
)


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.validate_python(event)
    logger.append_keys(run=request.run, step=request.step)

    if isinstance(request, ModelRequest):
        checked = bootstrap.close_attempt().close(request, request.call, request.error)
    else:
        checked = bootstrap.system_step().close(request, request.error)

    logger.info("closed", extra={"next": checked.next, "reason": checked.reason})
    return checked.model_dump()
