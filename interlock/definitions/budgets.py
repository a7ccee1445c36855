"""What a budget and those around it say together: whom it is for, and what grants into it.

A stored document of an earlier release may say what is refused here: it goes on as it is.
"""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from functions.core.domain.budgets import Budget, Budgets
from functions.core.domain.ledger import ORGANISATION


def budget_problems(
    budgets: Budgets, team_of: Mapping[str, str], tasks: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield (key, reason) of each budget that nobody could spend, or not as it says.

    Parameters
    ----------
    team_of
        AI task -> the team that owns it, of those that could be read.
    tasks
        Every AI task that there is. Where one could not be read, no team is said to be nobody's.
    """
    whole = set(team_of) == set(tasks)
    for position, budget in enumerate(budgets.budgets):
        key = f"budgets.{position}"
        kind, _, name = budget.scope.partition(":")
        if kind == "task" and name not in tasks:
            yield f"{key}.scope", f"there is no AI task {name!r}"
        if kind == "team" and whole and name not in team_of.values():
            yield f"{key}.scope", f"no AI task belongs to a team {name!r}, so nobody could spend it"
        above = _above(budgets, budget, team_of)
        if above is None:
            continue
        if Decimal(budget.limit_usd) > Decimal(above.limit_usd):
            told = f"${above.limit_usd} of {above.scope}, which grants into it"
            yield f"{key}.limit_usd", f"${budget.limit_usd} is more than the {told}"
        if budget.period.rank > above.period.rank and above.scope != ORGANISATION:
            told = f"{above.period.value} of {above.scope}, which grants into it"
            yield f"{key}.period", f"a {budget.period.value} is longer than the {told}"


def _above(budgets: Budgets, budget: Budget, team_of: Mapping[str, str]) -> Budget | None:
    """Return the budget that grants into *budget*; None: it is the topmost."""
    kind, _, name = budget.scope.partition(":")
    if kind == "task" and name in team_of:
        team = budgets.declared(f"team:{team_of[name]}")
        if team is not None:
            return team
    return budgets.declared(ORGANISATION) if kind != ORGANISATION else None
