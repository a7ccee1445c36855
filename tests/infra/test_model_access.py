"""A stage's models: what its settings change, and what may be called without a key."""

import json
from typing import Any

import pytest
from aws_cdk import App, Stack

from functions.core.domain.targets import Models
from infra.model_access import at_stage, invocations
from infra.settings import STAGES, SettingsMismatch, load_settings
from tests.infra.assembly import Assembly

PRICES = {
    "input_usd_per_million": "1",
    "output_usd_per_million": "1",
    "as_of": "2026-11-22",
    "source": "test",
}
LIMITS = {"context_tokens": 1000, "output_tokens": 100}


def target(dialect: str, **more: Any) -> dict[str, Any]:
    """Return a target's document."""
    return {"dialect": dialect, "model": "m", "prices": PRICES, "limits": LIMITS, **more}


MODELS = Models.model_validate(
    {"targets": {"one": target("openai_chat")}, "routes": {"default": ["one"], "other": ["one"]}}
)


def said(**context: str) -> Any:
    """Return the settings of a stage with this context."""
    return load_settings(context.get)


def arns(resources: Any) -> list[str]:
    """Return a statement's resources with the partition put in."""
    listed = resources if isinstance(resources, list) else [resources]
    return [
        "".join(p if isinstance(p, str) else "aws" for p in each["Fn::Join"][1])
        if isinstance(each, dict)
        else each
        for each in listed
    ]


def test_a_stage_has_the_catalogs_models_if_it_says_nothing() -> None:
    """The laptop's stage leads where the catalog does."""
    assert at_stage(MODELS, STAGES["dev"]) == MODELS


def test_a_stages_routes_replace_the_catalogs_one_by_one() -> None:
    """The others stay."""
    models = Models.model_validate(
        {"targets": {**MODELS.targets, "two": target("openai_chat")}, "routes": MODELS.routes}
    )

    changed = at_stage(models, said(routes='{"default": ["two", "one"]}'))

    assert changed.routes == {"default": ("two", "one"), "other": ("one",)}


def test_a_stages_targets_are_held_to_what_the_catalogs_route_requires() -> None:
    """Other targets, the same conditions."""
    routes = {"default": {"targets": ["one"], "require": {"retention": "none"}}}
    models = Models.model_validate({"targets": MODELS.targets, "routes": routes})

    changed = at_stage(models, said(model="qwen3:8b")).route("default")

    assert changed is not None
    assert (changed.names, changed.require.retention) == (("endpoint",), "none")


def test_an_endpoint_of_ones_own_is_a_target_and_the_default_route() -> None:
    """With its key as a secret and its prices, where they are said."""
    changed = at_stage(MODELS, said(model="qwen3:8b", model_key="yes", model_prices="0.15,0.6"))

    made = changed.targets["endpoint"]
    assert (made.model, made.secret, made.dialect) == ("qwen3:8b", "endpoint", "openai_chat")
    assert made.prices.output_usd_per_million == "0.6"
    assert changed.routes == {"default": ("endpoint",), "other": ("one",)}


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"routes": '{"default": ["nobody"]}'}, "no target 'nobody'"),
        ({"routes": '{"default": "one"}'}, "takes a JSON object of routes"),
        ({"model_prices": "cheap"}, "takes two prices"),
    ],
)
def test_a_setting_that_does_not_fit_says_so(context: dict[str, str], sentence: str) -> None:
    """Before anything is synthesized."""
    with pytest.raises(SettingsMismatch, match=sentence):
        at_stage(MODELS, said(**context))


@pytest.mark.parametrize(
    ("told", "allowed"),
    [
        (target("openai_chat"), []),
        (
            target("bedrock_converse", model="amazon.nova-lite-v1:0"),
            ["arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"],
        ),
        (
            target("bedrock_converse", model="amazon.nova-lite-v1:0", region="us-east-1"),
            ["arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"],
        ),
        (
            target("bedrock_converse", model="eu.anthropic.claude-haiku-4-5-20251001-v1:0"),
            [
                "arn:aws:bedrock:*::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
                "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/"
                "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            ],
        ),
        (
            target(
                "bedrock_converse",
                model="arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x1",
            ),
            ["arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x1"],
        ),
        (
            target(
                "openai_chat",
                sigv4={
                    "service": "bedrock-agentcore",
                    "action": "bedrock-agentcore:InvokeGateway",
                    "resource": "arn:aws:bedrock-agentcore:eu-west-1:123456789012:gateway/g1",
                },
            ),
            ["arn:aws:bedrock-agentcore:eu-west-1:123456789012:gateway/g1"],
        ),
    ],
    ids=["key", "model", "region", "profile", "arn", "gateway"],
)
def test_only_the_declared_models_may_be_called(told: dict[str, Any], allowed: list[str]) -> None:
    """Each by name: a target that nobody declared is out of reach for the role too."""
    env = {"account": "123456789012", "region": "eu-west-1"}
    stack = Stack(App(), "S", env=env)
    documents = [{"kind": "models", "document": {"targets": {"t": told}}}]

    made = [s.to_json() for s in invocations(stack, json.loads(json.dumps(documents)))]

    assert [arn for s in made for arn in arns(stack.resolve(s["Resource"]))] == allowed


def test_call_model_alone_may_call_the_stages_models(dev: Assembly) -> None:
    """No other function, and no person."""
    policies = dev.stack("platform").of("AWS::IAM::Policy")
    holders = [id_ for id_, p in policies.items() if "bedrock:InvokeModel" in json.dumps(p)]

    assert len(holders) == 1
    assert holders[0].startswith("CallModel")
