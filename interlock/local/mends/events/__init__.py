"""Mends of moto's EventBridge: patterns, inputs, delivery, rules."""

import functools


@functools.cache
def apply() -> None:
    """Install all of them, once."""
    from interlock.local.mends.events import rules

    rules.apply()
