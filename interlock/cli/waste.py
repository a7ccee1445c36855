"""What was paid and brought nothing, or not what it could have; an attempt may count twice."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

from functions.core.domain.canonical import digest
from functions.core.domain.expressions import Ref, Table
from functions.core.domain.run import Outcome
from interlock.cli.spent import ZERO, Spent
from interlock.cli.stage import Stage

ASKED = ("system", "user", "variables_schema", "output_schema", "examples")
"""What of an AI task a model is shown, or held to."""


@dataclass(frozen=True)
class Waste:
    """One line: why, how many attempts, what they cost, and what it is about."""

    kind: str
    calls: int
    usd: Decimal
    what: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return its JSON."""
        return {**vars(self), "usd": format(self.usd, "f")}


def wasted(stage: Stage, spent: Sequence[Spent]) -> list[Waste]:
    """Return every kind of waste that there was."""
    kinds: Mapping[str, Callable[[Spent], bool]] = {
        "repairs": lambda one: one.repair,
        "fallbacks": lambda one: one.fallback,
        "samples": lambda one: one.sample,
        "rejected outputs": lambda one: one.outcome == Outcome.REJECTED_OUTPUT,
        "unconfirmed": lambda one: bool(one.unconfirmed),
    }
    lines = [_line(kind, filter(is_it, spent)) for kind, is_it in kinds.items()]
    lines += [*_asked_again(spent), *_twins(stage, spent)]
    return [line for line in lines if line.calls]


def _line(kind: str, spent: Iterable[Spent], what: str = "") -> Waste:
    found = list(spent)
    return Waste(kind, len(found), sum((one.usd for one in found), ZERO), what)


def _asked_again(spent: Sequence[Spent]) -> list[Waste]:
    """Return what a cache would have saved: a team's question that had a good answer already.

    A repair repeats nothing: it shows the model its error. Nor do samples: a step that asks
    several times means to.
    """
    answered: dict[tuple[str, ...], str] = {}
    again: dict[tuple[str, str], list[Spent]] = defaultdict(list)
    for one in sorted(spent, key=lambda one: one.attempt.rpartition("/")[2]):
        asked = (one.team, *one.question)
        elsewhere = answered.get(asked, one.step) != one.step
        if elsewhere and one.sent and not one.repair:
            again[one.team, one.task].append(one)
        elif one.good:
            answered.setdefault(asked, one.step)
    return [
        _line("identical calls", found, f"{team}: {task}")
        for (team, task), found in sorted(again.items())
    ]


def _twins(stage: Stage, spent: Sequence[Spent]) -> list[Waste]:
    """Return tasks that ask the same under several names."""
    named: dict[str, dict[str, list[Spent]]] = defaultdict(lambda: defaultdict(list))
    effective: dict[tuple[str, str], str] = {}
    for one in spent:
        key = (one.task, one.task_version)
        if key not in effective:
            effective[key] = _effective(stage, *key)
        named[effective[key]][one.task].append(one)
    return [
        _line("one task, several names", chain(*by_name.values()), ", ".join(sorted(by_name)))
        for asked, by_name in sorted(named.items())
        if asked and len(by_name) > 1
    ]


def _effective(stage: Stage, task: str, version: str) -> str:
    """Return a hash over what a version of a task asks, whatever it is called."""
    import json

    item = stage.store.get(Ref(Table.CATALOG, f"ai_task#{task}", f"v#{version}"))
    if item is None:
        return ""
    document = json.loads(str(item["document"]))
    return digest({name: document.get(name) for name in ASKED})
