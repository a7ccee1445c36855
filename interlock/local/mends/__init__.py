"""What moto 5.2.5 lacks or gets wrong: one module a service, one small function a mend."""

from __future__ import annotations

from collections.abc import Callable

from interlock.local.clock import Clock, install


def apply(*, endpoint: str, clock: Clock, invoke: Callable[..., tuple[bool, bytes]]) -> None:
    """Install every mend, before anything is deployed; a second call only renews the wiring.

    Parameters
    ----------
    endpoint
        Where this process serves moto, for the clients of state machines.
    clock
        What everything waits on.
    invoke
        ``invoke(function_arn, payload, *, asynchronous=False) -> (failed, body)``: the workers.
    """
    from interlock.local.mends import (
        answers,
        authorization,
        clocks,
        dynamodb,
        events,
        lambda_,
        s3,
        scheduler,
        speed,
        sqs,
        stepfunctions,
    )
    from interlock.local.mends.patching import Wiring

    install(clock)
    Wiring.endpoint, Wiring.invoke = endpoint, staticmethod(invoke)
    modules = (
        clocks,
        authorization,
        answers,
        s3,
        dynamodb,
        sqs,
        stepfunctions,
        events,
        scheduler,
        lambda_,
        speed,
    )
    for module in modules:
        module.apply()
