"""Mends of moto's Step Functions interpreter, one module a matter."""

import functools

from interlock.local.mends.stepfunctions import (
    definitions,
    executions,
    jsonata,
    tasks,
    tokens,
    waiting,
)


@functools.cache
def apply() -> None:
    """Install all of them, once."""
    waiting.apply()
    jsonata.apply()
    executions.apply()
    tokens.apply()
    tasks.apply()
    definitions.apply()
