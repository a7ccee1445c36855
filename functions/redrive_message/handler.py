"""List and show dead letters; replay or discard one.

Called by: `interlock dlq`.
"""

from typing import Any, Literal, Self

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field, model_validator

from functions.core import bootstrap
from functions.core.domain.dead_letters import DeadQueue

logger = Logger()


class Request(BaseModel):
    """What the caller sends; `by` is what the caller says of itself."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    action: Literal["list", "show", "replay", "discard"]
    queue: DeadQueue = DeadQueue.INTAKE
    message: str = Field(default="", max_length=100)
    by: str = Field(default="", max_length=200)
    why: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _says_enough(self) -> Self:
        if self.action != "list" and not self.message:
            raise ValueError("message: say which")
        if self.action == "discard" and not (self.by and self.why):
            raise ValueError("why: who discards a letter says why")
        return self


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)
    office = bootstrap.dead_letter_office()

    if request.action == "list":
        return {"letters": office.listed()}
    if request.action == "show":
        return office.show(request.queue, request.message)
    if request.action == "replay":
        done = office.replay(request.queue, request.message)
    else:
        done = office.discard(request.queue, request.message, request.by, request.why)

    logger.info(request.action, extra={"queue": request.queue, "message_id": request.message})
    return done
