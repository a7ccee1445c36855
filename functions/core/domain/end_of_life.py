"""The dates on which vendors stop serving models: told before, and a bar to promotion after."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from functions.core.domain.targets import Models

WARNED_DAYS: Final = 90
"""How long before its end a target is warned about."""


@dataclass(frozen=True)
class Ending:
    """A target and its last day."""

    target: str
    day: date
    """The first on which its vendor does not serve it."""
    days_left: int

    @property
    def over(self) -> bool:
        """Whether its vendor may not serve it any more."""
        return self.days_left <= 0

    @property
    def near(self) -> bool:
        """Whether somebody should look for another target."""
        return self.days_left <= WARNED_DAYS

    def __str__(self) -> str:
        if self.over:
            return f"{self.target!r} is not served any more since {self.day}"
        days = "day" if self.days_left == 1 else "days"
        return f"{self.target!r} is served until {self.day}: {self.days_left} {days} left"


def ending(models: Models, target: str, today: date) -> Ending | None:
    """Return when *target* ends; None where nobody said so."""
    day = models.targets[target].end_of_life
    return None if day is None else Ending(target, day, (day - today).days)


def endings(models: Models, targets: Iterable[str], today: date) -> tuple[Ending, ...]:
    """Return those of *targets* whose end is near, or over."""
    found = (ending(models, target, today) for target in targets)
    return tuple(one for one in found if one is not None and one.near)


def bars_promotion(models: Models, route: str, today: date) -> Ending | None:
    """Return the target that keeps a task on *route* from being promoted; None: there is none."""
    told = models.route(route)
    ends = endings(models, told.names if told else (), today)
    return next((one for one in ends if one.over), None)
