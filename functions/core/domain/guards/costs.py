"""What each rule of a policy costs: microseconds, counted by whoever has a clock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Costs:
    """Microseconds a rule, added up over one answer.

    Parameters
    ----------
    ticks
        Microseconds since an instant of its own.
    """

    def __init__(self, ticks: Callable[[], int] = lambda: 0) -> None:
        self._ticks = ticks
        self.spent: dict[str, int] = {}

    @contextmanager
    def of(self, rule: str) -> Iterator[None]:
        """Count what is done inside for *rule*."""
        began = self._ticks()
        try:
            yield
        finally:
            self.spent[rule] = self.spent.get(rule, 0) + self._ticks() - began
