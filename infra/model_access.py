"""What a stage's model targets need: their permissions, and what its settings change in them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct
from pydantic import ValidationError

from functions.core.domain.routes import Route, Routes
from functions.core.domain.targets import Models, Target
from infra.settings import Settings, SettingsMismatch

INVOKE: Final = "bedrock:InvokeModel"
ENDPOINT: Final = "endpoint"
"""The target that the settings `model…` make, and the secret with its key."""
_PROFILE: Final = re.compile(r"(?:us|eu|apac|global|jp|au|ca|us-gov)\.(?P<model>.+)")


def at_stage(models: Models, settings: Settings) -> Models:
    """Return *models* as the stage has them: its own endpoint and its own routes.

    Raises
    ------
    SettingsMismatch
        A route names a target that there is not.
    """
    targets, leading = dict(models.targets), dict(settings.routes)
    if settings.model is not None:
        targets[ENDPOINT] = _endpoint(settings)
        leading = {"default": (ENDPOINT,), **leading}
    try:
        return Models(targets=targets, routes=models.routes | _led(models, leading))
    except ValidationError as error:
        raise SettingsMismatch(f"routes: {error.errors()[0]['msg']}") from None


def _led(models: Models, leading: Mapping[str, tuple[str, ...]]) -> Routes:
    """Return the routes of *leading* with their targets; what a route requires of each stays."""
    told = {name: models.routes.get(name) for name in leading}
    return {
        name: route.leading_to(leading[name]) if isinstance(route, Route) else leading[name]
        for name, route in told.items()
    }


def _endpoint(settings: Settings) -> Target:
    priced = settings.model_prices
    return Target.model_validate(
        {
            "dialect": "openai_chat",
            "model": settings.model,
            "secret": ENDPOINT if settings.model_key else None,
            "capabilities": ["json_schema"],
            "max_data_class": "personal",  # whoever gave the stage its model chose it for all
            "limits": {"context_tokens": 128_000, "output_tokens": 4_096},
            "prices": {
                "input_usd_per_million": priced[0] if priced else "0",
                "output_usd_per_million": priced[1] if priced else "0",
                "as_of": "2026-11-22",
                "source": "the stage's settings" if priced else "the stage's settings say none",
            },
        }
    )


def invocations(
    scope: Construct, documents: Iterable[Mapping[str, Any]]
) -> list[iam.PolicyStatement]:
    """Return what the function that calls models may call as its own role, without a key."""
    stack, allowed = Stack.of(scope), set[tuple[str, str]]()
    for entry in documents:
        if entry["kind"] == "models":
            for told in entry["document"]["targets"].values():
                allowed.update(_of_target(Target.model_validate(told), stack))
    by_action: dict[str, list[str]] = {}
    for action, resource in sorted(allowed):
        by_action.setdefault(action, []).append(resource)
    return [
        iam.PolicyStatement(actions=[action], resources=resources)
        for action, resources in by_action.items()
    ]


def _of_target(target: Target, stack: Stack) -> Iterator[tuple[str, str]]:
    signing = target.signing
    if signing is None:
        return
    if signing.action and signing.resource:
        yield signing.action, signing.resource
        return
    prefix, region = f"arn:{stack.partition}:bedrock", signing.region or stack.region
    profile = _PROFILE.fullmatch(target.model)
    if target.model.startswith("arn:"):
        yield INVOKE, target.model
    elif profile:
        # A profile sends to whichever of its regions has room.
        yield INVOKE, f"{prefix}:{region}:{stack.account}:inference-profile/{target.model}"
        yield INVOKE, f"{prefix}:*::foundation-model/{profile['model']}"
    else:
        yield INVOKE, f"{prefix}:{region}::foundation-model/{target.model}"
