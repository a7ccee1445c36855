"""Budgets, as `budgets.toml` declares them; what is left of one lies in the ledger."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from functions.core.domain.documents import Document, Money


class Budget(Document):
    """Money of one scope for one period, laid on a number of shards."""

    scope: Literal["organisation"]
    period: Literal["month"]
    limit_usd: Money
    shards: Annotated[int, Field(ge=1, le=32)] = 4


class Budgets(Document):
    """Every budget; one enforcing period a scope."""

    budgets: Annotated[tuple[Budget, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_period_a_scope(self) -> Self:
        scopes = [budget.scope for budget in self.budgets]
        if len(set(scopes)) != len(scopes):
            raise ValueError("budgets: a scope has one enforcing period, so it stands here once")
        return self
