"""Admit a run: pin its versions, mint its ticket, or hold it; let a call in as the door does.

Called by: statemachines/platform/supervise_run.asl.json, states AdmitRun and FollowRun.
"""

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from functions.core import bootstrap
from functions.core.domain.names import is_run_name
from functions.core.domain.run import Status

logger = Logger()


class Request(BaseModel):
    """What the state machine sends.

    An execution that bears a run's name is that run's; every other one is a call, which
    *asked* its own input, and was let in as the run it is *of*.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    run: str
    execution: str
    asked: Any = None
    started_ms: int = 0
    of: str = ""


class Response(BaseModel):
    """What the state machine gets back; `start` is the workflow's own input."""

    next: str
    status: str
    workflow: str = ""
    start: dict[str, Any] | None = None
    run: str = ""
    seconds: int = 0
    told: dict[str, Any] | None = None
    """How a call ended."""


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)
    logger.append_keys(run=request.run)
    if not is_run_name(request.run):
        return _called(request)

    admitted = bootstrap.runs().admit(request.run, request.execution)

    logger.info("admission", extra={"status": admitted.status})
    item = admitted.item
    if admitted.status is not Status.RUNNING or item is None:
        held = admitted.status is Status.HELD
        return Response(next="held" if held else "closed", status=admitted.status).model_dump()
    start = {
        "run": request.run,
        "ticket": admitted.ticket,
        "input": json.loads(item["input"]),
        "scheduled_time": item.get("scheduled_time"),
    }
    return Response(
        next="admitted", status=admitted.status, workflow=item["workflow"], start=start
    ).model_dump()


def _called(request: Request) -> dict[str, Any]:
    calls = bootstrap.calls()
    said = calls.follow(request.of) if request.of else calls.ask(request.asked, request.started_ms)
    told = said.told or {}
    logger.info("call", extra={"next": said.next, "of": said.run, "reason": told.get("reason", "")})
    return Response(
        next=said.next,
        status=told.get("status", ""),
        workflow=said.workflow,
        run=said.run,
        seconds=said.seconds,
        told=said.told,
    ).model_dump()
