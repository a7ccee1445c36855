"""What a version has to be before new runs may take it, beside being published."""

from functions.core.domain.definitions import AiTask
from functions.core.domain.end_of_life import bars_promotion
from functions.core.domain.errors import TargetEnded
from functions.core.domain.targets import Models
from functions.core.ports import Clock
from functions.core.services.catalog import Catalog


def require_served(catalog: Catalog, clock: Clock, kind: str, name: str, version: str) -> None:
    """Refuse a task whose route, as it is live, leads to a target that is past its end.

    Raises
    ------
    TargetEnded
        With the target and its day.
    UnknownDefinition
        There is no such version.
    """
    if kind != "ai_task":
        return
    task = catalog.pinned(kind, name, version, AiTask)
    _, models = catalog.live("models", "models", Models)
    end = bars_promotion(models, task.route, clock.now().date())
    if end is not None:
        raise TargetEnded(f"route {task.route!r} leads to a target that has ended: {end}")
