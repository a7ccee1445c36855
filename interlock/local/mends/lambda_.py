"""Functions run in the laptop cloud's workers, whoever invokes them.

moto 5.2.5 runs functions in Docker; with `use_docker: False` it echoes, even for a function that
does not exist.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import LambdaBackend

from interlock.local.mends.patching import Wiring
from interlock.local.mends.stepfunctions.tasks import function_arn


def mend_invoke() -> None:
    """Hand each invocation to the workers, with the alias or version it names."""

    def invoke(
        self: Any,
        function_name: str,
        qualifier: str | None,
        body: Any,
        headers: Any,
        response_headers: Any,
    ) -> bytes:
        self.get_function(function_name, qualifier)  # raises as AWS does
        given: Mapping[str, str] = {k.lower(): v for k, v in dict(headers or {}).items()}
        kind = given.get("x-amz-invocation-type")
        if kind == "DryRun":
            return b""
        payload = body.encode() if isinstance(body, str) else bytes(body or b"{}")
        arn = function_arn(function_name, qualifier)
        failed, answer = Wiring.invoke(arn, payload or b"{}", asynchronous=kind == "Event")
        if failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer

    LambdaBackend.invoke = invoke


@functools.cache
def apply() -> None:
    """Install this module's mends, once."""
    mend_invoke()
