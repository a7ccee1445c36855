"""Which targets of a route may serve a task, and why the others may not.

One rule, asked three times: when a catalog is published, when a call is prepared, and right before
it is sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.policies import Policy
from functions.core.domain.routes import DATA_CLASSES, Conditions, DataClass, Entry, Route
from functions.core.domain.schemas import has_personal
from functions.core.domain.targets import EMBEDDED, Models, Target


@dataclass(frozen=True)
class Objection:
    """Why a target may not serve: the condition that is not met, and what stands instead."""

    target: str
    condition: str
    why: str

    def __str__(self) -> str:
        return f"{self.target!r}: {self.condition}: {self.why}"


def data_class(task: AiTask, policy: Policy) -> DataClass:
    """Return the class of what *task* is given: by its variables' schema, and by its policy."""
    return "personal" if has_personal(task.variables_schema) else policy.data_class


def objection(
    models: Models, route: Route, entry: Entry, data: DataClass, worst: Decimal | None = None
) -> Objection | None:
    """Return why the target of *entry* may not serve data of this class; None if it may.

    Parameters
    ----------
    worst
        The call's worst case in dollars; None: not known yet, so its ceilings are not asked.
    """
    target = models.targets[entry.target]
    for condition, why in _unmet(target, data, (entry, route.require), worst):
        return Objection(entry.target, condition, why)
    return None


def servers(models: Models, route: Route, data: DataClass) -> tuple[Entry, ...]:
    """Return the entries of *route* whose targets may serve data of this class, in order."""
    return tuple(e for e in route.entries if objection(models, route, e, data) is None)


def objections(models: Models, route: Route, data: DataClass) -> tuple[Objection, ...]:
    """Return why each target of *route* that may not serve data of this class may not."""
    found = (objection(models, route, entry, data) for entry in route.entries)
    return tuple(one for one in found if one is not None)


def _unmet(
    target: Target, data: DataClass, asked: tuple[Conditions, ...], worst: Decimal | None
) -> Iterator[tuple[str, str]]:
    if target.max_data_class is not None and _above(data, target.max_data_class):
        yield "max_data_class", f"may be given {target.max_data_class} data, this is {data}"
    for conditions in asked:
        yield from _facts(target, data, conditions)
        yield from _prices(target, conditions, worst)


def _facts(target: Target, data: DataClass, asked: Conditions) -> Iterator[tuple[str, str]]:
    if asked.max_data_class is not None and _above(data, asked.max_data_class):
        yield "max_data_class", f"serves {asked.max_data_class} data here, this is {data}"
    if asked.capability is not None and asked.capability not in target.capabilities:
        yield "capability", f"{asked.capability} is not among its capabilities"
    if target.dialect == EMBEDDED:
        return  # what it is given stays in the function
    place = target.residency or target.region
    if asked.residency is not None and not _within(place, asked.residency):
        yield "residency", f"{asked.residency} is asked, it says {place or 'nothing'}"
    if asked.retention is not None and _days(target.retention) > _days(asked.retention):
        yield "retention", f"{asked.retention} is asked, it says {target.retention or 'nothing'}"


def _prices(target: Target, asked: Conditions, worst: Decimal | None) -> Iterator[tuple[str, str]]:
    prices = target.prices
    dearest = max(Decimal(prices.input_usd_per_million), Decimal(prices.output_usd_per_million))
    if asked.max_usd_per_million is not None and dearest > Decimal(asked.max_usd_per_million):
        yield "max_usd_per_million", f"{asked.max_usd_per_million} at most, it costs {dearest}"
    if asked.max_usd_per_call is not None and (worst or 0) > Decimal(asked.max_usd_per_call):
        yield "max_usd_per_call", f"{asked.max_usd_per_call} at most, it may cost {worst}"


def _above(data: DataClass, most: DataClass) -> bool:
    return DATA_CLASSES.index(data) > DATA_CLASSES.index(most)


def _within(place: str | None, wide: str) -> bool:
    return place is not None and (place == wide or place.startswith(f"{wide}-"))


def _days(retention: str | None) -> float:
    if retention is None:
        return float("inf")
    return 0 if retention == "none" else int(retention.split()[0])
