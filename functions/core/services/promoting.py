"""What a version has to be before new runs may take it, beside being published."""

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.end_of_life import bars_promotion
from functions.core.domain.errors import TargetEnded
from functions.core.domain.policies import Policy
from functions.core.domain.policy_checks import promoting_problems
from functions.core.domain.targets import Models
from functions.core.ports import Clock
from functions.core.services.catalog import Catalog
from functions.core.services.publishing import live_parent, refused


def require_strict(catalog: Catalog, clock: Clock, name: str, version: str) -> None:
    """Refuse a policy that is weaker than the one above it, as that is live now.

    Raises
    ------
    DefinitionRefused
        With each rule, and why.
    UnknownDefinition
        There is no such version.
    """
    policy = catalog.pinned("policy", name, version, Policy)
    parent = live_parent(catalog, policy)
    problems = list(promoting_problems(policy, parent, clock.now().date()))
    if problems:
        raise refused(problems)


def require_served(catalog: Catalog, clock: Clock, name: str, version: str) -> None:
    """Refuse a task whose route, as it is live, leads to a target that is past its end.

    Raises
    ------
    TargetEnded
        With the target and its day.
    UnknownDefinition
        There is no such version.
    """
    task = catalog.pinned("ai_task", name, version, AiTask)
    _, models = catalog.live("models", "models", Models)
    end = bars_promotion(models, task.route, clock.now().date())
    if end is not None:
        raise TargetEnded(f"route {task.route!r} leads to a target that has ended: {end}")
