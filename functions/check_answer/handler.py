"""Check an answer: apply the whole schema, say what the machine does next.

Called by: statemachines/platform/run_ai_task.asl.json, state CheckAnswer.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

# At once, not at the first call: Lambda gives a function that starts more of a processor.
import functions.core.services.check_answer  # noqa: F401
from functions.core import bootstrap
from functions.core.domain.ai_step import Answered, Call, Step

logger = Logger()


class Request(Step):
    """What the state machine sends; Checked is what it gets back."""

    call: Call
    answered: Answered


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)
    logger.append_keys(run=request.run, step=request.step)

    checked = bootstrap.check_answer().check(request, request.call, request.answered)

    logger.info("checked", extra={"next": checked.next, "reason": checked.reason})
    return checked.model_dump()
