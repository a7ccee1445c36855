"""Call a model: mark, ask the gate, send, attest, settle.

Called by: statemachines/platform/run_ai_task.asl.json, state CallModel.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

# At once, not at the first call: Lambda gives a function that starts more of a processor.
import functions.core.services.call_model  # noqa: F401
from functions.core import bootstrap
from functions.core.domain.ai_step import Call, Step

logger = Logger()


class Request(Step):
    """What the state machine sends; Answered is what it gets back."""

    call: Call


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)
    logger.append_keys(run=request.run, step=request.step)

    answered = bootstrap.call_model().call(
        request, request.call, bootstrap.invocation(context), bootstrap.model_clients()
    )

    logger.info("called", extra={"attempt": request.call.attempt, "status": answered.status})
    return answered.model_dump()
