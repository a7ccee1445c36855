"""A step's item: its attempts and their marks, and how it ended.

Each attempt is an attribute of its own, `attempt#<n>/<nonce>`, so that the first mark of a
step needs no earlier write that makes a map for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from functions.core.domain.ledger import text

ATTEMPT = "attempt#"
_OWN = ("mark", "nonce", "until", "facts")


class Mark(StrEnum):
    """What is known of an attempt."""

    MARKED = "marked"
    """Its sender may have sent, or be about to."""
    ANSWERED = "answered"
    """Its answer was read; the step's outcome write says so."""
    UNSENT = "unsent"
    """Nothing was and nothing will be sent under its name."""
    UNCONFIRMED = "unconfirmed"
    """Its sender died after the mark; booked at worst case."""


@dataclass(frozen=True)
class Invocation:
    """One run of a function: what tells it apart, and how long it can live."""

    nonce: str
    until: str


@dataclass(frozen=True)
class Attempt:
    """One attempt as the step's item shows it."""

    key: str
    mark: Mark
    nonce: str
    until: str
    facts: Mapping[str, Any]
    """What it was for and, once answered, what it used."""


def attempts(item: Mapping[str, Any] | None) -> Iterator[Attempt]:
    """Yield the attempts of a step's item, oldest first."""
    for name in sorted(item or ()):
        if name.startswith(ATTEMPT):
            entry = (item or {})[name]
            yield Attempt(
                name,
                Mark(entry["mark"]),
                entry.get("nonce", ""),
                entry.get("until", ""),
                {**entry.get("facts", {}), **{k: v for k, v in entry.items() if k not in _OWN}},
            )


def may_still_send(item: Mapping[str, Any] | None, now: str) -> str | None:
    """Return until when somebody may still send for this step; None: nobody can."""
    open_until = [a.until for a in attempts(item) if a.mark is Mark.MARKED and a.until >= now]
    return max(open_until, default=None)


def totals(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up what a run's steps used, every attempt of them; dollars as text."""
    used = [attempt.facts for step in steps for attempt in attempts(step)]
    return {
        "steps": len(steps),
        "attempts": len(used),
        "input_tokens": sum(int(facts.get("input_tokens", 0)) for facts in used),
        "output_tokens": sum(int(facts.get("output_tokens", 0)) for facts in used),
        "usd": text(sum((Decimal(facts.get("usd", "0")) for facts in used), Decimal(0))),
        **_saved([facts for facts in used if "cached_from" in facts]),
    }


def _saved(used: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up what the exact cache saved; nothing where it was not used."""
    if not used:
        return {}
    tokens = ("saved_input_tokens", "saved_output_tokens")
    return {
        "cached": len(used),
        "saved_usd": text(sum((Decimal(facts["saved_usd"]) for facts in used), Decimal(0))),
        **{name: sum(int(facts[name]) for facts in used) for name in tokens},
    }
