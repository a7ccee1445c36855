"""Book what the provider's bill says of a call that was booked at worst case.

Called by: `interlock budgets settle`.
"""

from decimal import Decimal
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from functions.core import bootstrap
from functions.core.domain.ledger import Pool, text
from functions.core.services.invoices import Bill

logger = Logger()


class Request(BaseModel):
    """What the caller sends; a budget is `<scope>#<period>`, the one that the call counts in."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    budget: str = Field(min_length=1, max_length=120)
    attempt: str = Field(pattern=r"^[^/]+/[^/]+/[0-9]+/[0-9a-f]+$", max_length=300)
    usd: str = Field(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?$")
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=500)


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)

    settled = bootstrap.invoices().settle(
        Pool.named(request.budget),
        request.attempt,
        Bill(usd=Decimal(request.usd), by=request.by, why=request.why),
    )

    logger.info("settled", extra={"attempt": request.attempt})
    return {
        "attempt": request.attempt,
        "worst_usd": text(settled.worst),
        "usd": text(settled.usd),
    }
