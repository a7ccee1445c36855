"""Park a step until a person decides, or answer at once where nobody is needed.

Called by: statemachines/platform/request_approval.asl.json, state Park.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.core import bootstrap
from functions.core.services.parking import Asked

logger = Logger()


class Request(Asked):
    """What the state machine sends; the answer goes to the token."""


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)
    logger.append_keys(run=request.run, step=request.step)

    became = bootstrap.parking().park(request)

    logger.info("parked", extra={"approval": request.approval, "became": became})
    return {"became": became}
