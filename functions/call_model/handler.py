"""Call a model: mark, ask the gate, send, attest, settle.

Called by: statemachines/platform/run_ai_task.asl.json, state CallModel.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

# At once, not at the first call: Lambda gives a function that starts more of a processor.
import functions.core.services.call_model  # noqa: F401
from functions.core import bootstrap
from functions.core.domain.ai_step import Answered, Call, Step
from functions.core.domain.health import NO_MORE

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
    if request.call.cost_percent(answered) > NO_MORE:
        _alarm(request.call, answered)
    return answered.model_dump()


def _alarm(call: Call, answered: Answered) -> None:
    """Report a call that cost more than its worst case: its budget may be overdrawn by that."""
    from aws_lambda_powertools.metrics import (  # noqa: PLC0415 - few workers ever need it
        MetricUnit,
        single_metric,
    )

    told = {"target": call.target, "worst_usd": call.worst_usd, "usd": answered.usd}
    logger.warning("cost above its bound", extra=told)
    stage = {"stage": bootstrap.settings().stage}
    with single_metric(
        name="CostAboveBound",
        unit=MetricUnit.Count,
        value=1,
        namespace="Interlock",
        default_dimensions=stage,
    ) as metric:
        metric.add_dimension(name="service", value="call_model")
