"""Budgets, as `budgets.toml` declares them; what is left of one lies in the ledger."""

from decimal import Decimal
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, field_validator, model_validator

from functions.core.domain.documents import UNSAID, Document, Money
from functions.core.domain.grants import Grant
from functions.core.domain.ledger import ORGANISATION
from functions.core.domain.periods import DEFAULT_ZONE, Period

Scope = Annotated[
    str, StringConstraints(pattern=r"^(organisation|(team|task):[a-z][a-z0-9_]{0,63})$")
]
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$")]
Share = Annotated[float, Field(gt=0, le=1)]


class Budget(Document):
    """Money of one scope for one period, laid on a number of shards."""

    scope: Scope
    period: Period
    time_zone: Annotated[Zone | None, UNSAID] = None
    """Whose calendar its days and months are; None: UTC."""
    limit_usd: Money
    thresholds: Annotated[tuple[Share, ...] | None, UNSAID] = None
    """Shares of the limit that are announced when they are spent, once each."""
    shards: Annotated[int, Field(ge=1, le=32)] = 4

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str | None) -> str | None:
        if name is not None and name != DEFAULT_ZONE:
            try:
                ZoneInfo(name)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError(f"no time zone is called {name}") from error
        return name

    def grant(self, above: Grant | None) -> Grant:
        """Return it as the ledger keeps it, with what grants into it."""
        return Grant(
            scope=self.scope,
            limit=Decimal(self.limit_usd),
            shards=self.shards,
            period=self.period,
            zone=self.time_zone or DEFAULT_ZONE,
            thresholds=tuple(
                str(Decimal(str(share)).normalize()) for share in self.thresholds or ()
            ),
            above=above,
        )


class Budgets(Document):
    """Every budget; one enforcing period a scope, and one budget above all."""

    budgets: Annotated[tuple[Budget, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_period_a_scope(self) -> Self:
        scopes = [budget.scope for budget in self.budgets]
        if len(set(scopes)) != len(scopes):
            raise ValueError("budgets: a scope has one enforcing period, so it stands here once")
        if ORGANISATION not in scopes:
            raise ValueError(f"budgets: {ORGANISATION} is missing, which all others are part of")
        longest = next(b.period for b in self.budgets if b.scope == ORGANISATION)
        for budget in self.budgets:
            if budget.period.rank > longest.rank:
                raise ValueError(
                    f"budgets: {budget.scope} lasts a {budget.period.value}, longer than the "
                    f"{longest.value} of {ORGANISATION}, which grants into it"
                )
        return self

    def declared(self, scope: str) -> Budget | None:
        """Return the budget of *scope*, where there is one."""
        return next((budget for budget in self.budgets if budget.scope == scope), None)

    def for_call(self, *, team: str, task: str) -> Grant:
        """Return the lowest budget that a call of *task*, which *team* owns, is booked in."""
        grant = None
        for scope in (ORGANISATION, f"team:{team}", f"task:{task}"):
            budget = self.declared(scope)
            grant = budget.grant(grant) if budget else grant
        assert grant is not None  # noqa: S101  (the organisation always has one)
        return grant
