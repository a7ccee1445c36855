"""Prepare a call: render the prompt, bound and reserve its cost, name the attempt.

Called by: statemachines/platform/run_ai_task.asl.json, state PrepareCall.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

# At once, not at the first call: Lambda gives a function that starts more of a processor.
import functions.core.services.prepare_call  # noqa: F401
from functions.core import bootstrap
from functions.core.domain.ai_step import Step

logger = Logger()


class Request(Step):
    """What the state machine sends; Call is what it gets back."""

    variables: dict[str, Any]
    number: int = 1
    target_index: int = 0
    repair: dict[str, Any] | None = None
    repairs: int = 0
    spent_seconds: float = 0
    waited_seconds: int = 0
    budget_waits: int | None = None
    """None: sent by a machine that knows no waiting for money."""
    part: int | None = None
    """Which part of an input is asked about, from 1 on; None: the whole."""


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)
    logger.append_keys(run=request.run, step=request.step)

    call = bootstrap.prepare_call().prepare(
        request,
        request.variables,
        request.number,
        request.target_index,
        request.repair,
        request.repairs,
        spent_seconds=request.spent_seconds,
        waited_seconds=request.waited_seconds,
        budget_waits=request.budget_waits,
        part=request.part,
    )

    logger.info("prepared", extra={"attempt": call.attempt, "target": call.target})
    return call.model_dump()
