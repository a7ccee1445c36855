"""Call a system: mark, ask the gate, send, attest.

Called by: statemachines/platform/call_system.asl.json, state CallSystem.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.core import bootstrap
from functions.core.services.system_step import SystemCall

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = SystemCall.model_validate(event)
    logger.append_keys(run=request.run, step=request.step)

    checked = bootstrap.system_step().call(
        request, bootstrap.invocation(context), bootstrap.system_client(), bootstrap.endpoints()
    )

    logger.info("called", extra={"operation": request.operation, "next": checked.next})
    return checked.model_dump()
