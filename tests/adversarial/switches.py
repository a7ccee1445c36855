"""How a defence is switched off in the real code, and on again."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from typing import Any, Final

from functions.core.domain.policies import ORDERS
from functions.core.domain.strictness import Order
from tests.simulation.mutations import Mutation

DOMAIN: Final = "functions.core.domain"
GUARDS: Final = f"{DOMAIN}.guards"
SERVICES: Final = "functions.core.services"

Off = Callable[[], AbstractContextManager[None]]
_CHANGED: Final = ("functions.core.domain.prompts", "functions.core.domain.schemas")
"""Modules whose caches hold what a defence has gone into."""


@dataclass(frozen=True)
class Defence:
    """One thing that keeps attacks from ending otherwise.

    Attributes
    ----------
    keeps
        What holds while it is on, as a sentence.
    where
        `module:function` of what it is switched off in.
    """

    name: str
    keeps: str
    where: str
    _off: tuple[Off, ...]

    @contextmanager
    def switched_off(self) -> Iterator[None]:
        """Let the code run without it, and without what it remembered while it was on."""
        with ExitStack() as stack:
            for off in self._off:
                stack.enter_context(off())
            _forget()
            try:
                yield
            finally:
                stack.close()
                _forget()


def defence(name: str, keeps: str, first: tuple[str, Off], *more: tuple[str, Off]) -> Defence:
    """Return the defence that is off while *first* and *more* are."""
    return Defence(name, keeps, first[0], (first[1], *(off for _, off in more)))


def edited(where: str, *edits: tuple[str, str]) -> tuple[str, Off]:
    """Return where and how: a function with other lines."""
    return where, lambda: Mutation(where, "adversarial", where, edits).made()


def swapped(where: str, value: Any) -> tuple[str, Off]:
    """Return where and how: another *value* under the name that `module:name` says."""

    @contextmanager
    def off() -> Iterator[None]:
        module, _, path = where.partition(":")
        *way, name = path.split(".")
        place: Any = importlib.import_module(module)
        for part in way:
            place = getattr(place, part)
        kept = getattr(place, name)
        setattr(place, name, value)
        try:
            yield
        finally:
            setattr(place, name, kept)

    return where, off


def slackened(phrase: str, **changed: Any) -> tuple[str, Off]:
    """Return where and how: the orders of policies that say *phrase*, with parts *changed*."""

    @contextmanager
    def off() -> Iterator[None]:
        found: list[Order] = [one for one in ORDERS.values() if one.phrase.split(":")[0] == phrase]
        kept = [(order, dict(vars(order))) for order in found]
        for order in found:
            vars(order).update(changed)
        try:
            yield
        finally:
            for order, parts in kept:
                vars(order).update(parts)

    return f"functions.core.domain.strictness:{phrase}", off


def _forget() -> None:
    """Empty the caches of the code that was changed; what it reads of vendors' tables stays."""
    for name, module in list(sys.modules.items()):
        if name.startswith(_CHANGED):
            for found in vars(module).values():
                if isinstance(found, _lru_cache_wrapper):
                    found.cache_clear()
