"""Raise or lower a budget's limit for its current period.

Called by: `interlock budgets raise` and `interlock budgets lower`.
"""

from decimal import Decimal
from typing import Any, Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from functions.core import bootstrap
from functions.core.domain.documents import Money
from functions.core.domain.ledger import Pool, text
from functions.core.services.limits import Limits, Reached, Wanted

logger = Logger()


class Request(BaseModel):
    """What the caller sends; a budget is `<scope>#<period>`.

    *id* names the decision, so that the same one sent again is the same one. Where another change
    than the one that the person *saw* was the last, the limit is left alone.
    """

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    action: Literal["raise", "lower"]
    budget: str = Field(
        pattern=r"^(organisation|(team|task):[a-z][a-z0-9_]{0,63})#(total|\d{4}-\d\d(-\d\d)?)$"
    )
    to_usd: Money
    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    saw: str = Field(default="", max_length=32)
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=500)


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)

    reached = change(bootstrap.limits(), request)

    logger.info("limit", extra={"budget": request.budget, "changed": reached.changed})
    return {
        "budget": request.budget,
        "before_usd": text(reached.before),
        "limit_usd": text(reached.limit),
        "changed": reached.changed,
    }


def change(limits: Limits, request: Request) -> Reached:
    """Do what *request* asks of the limits."""
    wanted = Wanted(
        to=Decimal(request.to_usd),
        id=request.id,
        saw=request.saw,
        by=request.by,
        why=request.why,
    )
    act = limits.raise_ if request.action == "raise" else limits.lower
    return act(Pool.named(request.budget), wanted)
