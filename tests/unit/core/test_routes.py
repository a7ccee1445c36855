"""Routes: who may serve what, and that nobody else is ever sent it."""

from decimal import Decimal
from typing import Any

import pytest

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.errors import NoTargetAllowed, PromptTooLarge
from functions.core.domain.policies import Policy
from functions.core.domain.routes import Fallback
from functions.core.domain.serving import data_class, objection, servers
from functions.core.domain.step import Mark
from functions.core.domain.targets import Models
from tests.stage import MODELS, POLICY, TASK
from tests.unit.core.desk import Desk

PERSONAL: dict[str, Any] = {
    "type": "object",
    "required": ["note"],
    "additionalProperties": False,
    "properties": {"note": {"type": "string", "x-data-class": "personal"}},
}
PRIVATE = TASK | {"variables_schema": PERSONAL}


def models(route: Any, **facts: Any) -> dict[str, Any]:
    """Return the stage's models with another default route and more facts of `paid`."""
    targets = {**MODELS["targets"], "paid": MODELS["targets"]["paid"] | facts}
    return {"targets": targets, "routes": {"default": route}}


def only(**conditions: Any) -> list[dict[str, Any]]:
    """Return a route to `paid` on *conditions*."""
    return [{"target": "paid", **conditions}]


# fmt: off
RULES = [
    # facts of the target, the entry's conditions, the data -> the condition that is not met
    ({}, {}, "personal", ""),
    ({"max_data_class": "personal"}, {}, "personal", ""),
    ({"max_data_class": "internal"}, {}, "personal", "max_data_class"),
    ({"max_data_class": "internal"}, {}, "internal", ""),
    ({"max_data_class": "internal"}, {}, "public", ""),
    ({"max_data_class": "public"}, {}, "internal", "max_data_class"),
    ({}, {"max_data_class": "confidential"}, "personal", "max_data_class"),
    ({}, {"max_data_class": "confidential"}, "confidential", ""),
    ({}, {"capability": "json_schema"}, "public", ""),
    ({}, {"capability": "tool"}, "public", "capability"),
    ({}, {"residency": "eu"}, "public", "residency"),
    ({"residency": "eu"}, {"residency": "eu"}, "public", ""),
    ({"residency": "eu-central-1"}, {"residency": "eu"}, "public", ""),
    ({"residency": "eu"}, {"residency": "eu-central-1"}, "public", "residency"),
    ({"residency": "europe"}, {"residency": "eu"}, "public", "residency"),
    ({}, {"retention": "none"}, "public", "retention"),
    ({"retention": "none"}, {"retention": "none"}, "public", ""),
    ({"retention": "30 days"}, {"retention": "none"}, "public", "retention"),
    ({"retention": "30 days"}, {"retention": "30 days"}, "public", ""),
    ({"retention": "9 days"}, {"retention": "30 days"}, "public", ""),
    ({}, {"max_usd_per_million": "1000000"}, "public", ""),
    ({}, {"max_usd_per_million": "999999.99"}, "public", "max_usd_per_million"),
    ({}, {"max_usd_per_call": "4"}, "public", ""),
    ({}, {"max_usd_per_call": "3.99"}, "public", "max_usd_per_call"),
]
# fmt: on


@pytest.mark.parametrize(("facts", "conditions", "data", "missed"), RULES)
def test_a_target_serves_on_its_conditions(facts, conditions, data, missed) -> None:
    """Each is held against what the target declares; the same of an entry and of the route."""
    asked = [only(**conditions), {"targets": ["paid"], "require": conditions}]
    for route in asked:
        declared = Models.model_validate(models(route, **facts))
        default = declared.route("default")
        assert default is not None

        found = objection(declared, default, default.entries[0], data, Decimal(4))

        assert (found.condition if found else "") == missed


def test_what_answers_inside_the_function_stays_there() -> None:
    """Residency and retention are asked of those who are sent something."""
    inside = {
        "dialect": "embedded",
        "base_url": None,
        "prices": MODELS["targets"]["free"]["prices"],
    }
    told = models(only(residency="eu", retention="none"), **inside)
    declared = Models.model_validate(told)
    default = declared.route("default")
    assert default is not None

    assert servers(declared, default, "personal") == default.entries


@pytest.mark.parametrize(
    ("schema", "said", "expected"),
    [
        (TASK["variables_schema"], {}, "internal"),
        (TASK["variables_schema"], {"data_class": "public"}, "public"),
        (TASK["variables_schema"], {"data_class": "confidential"}, "confidential"),
        (PERSONAL, {"data_class": "public"}, "personal"),
    ],
)
def test_a_task_s_data_is_what_its_variables_and_its_policy_say(schema, said, expected) -> None:
    """The higher of the two."""
    task = AiTask.model_validate(TASK | {"variables_schema": schema})

    assert data_class(task, Policy.model_validate(POLICY | said)) == expected


def test_a_list_and_a_table_are_one_route() -> None:
    """The short form asks for nothing, and falls on after whatever went wrong."""
    declared = Models.model_validate(models(["paid", "free"]))
    short = declared.route("default")
    long = Models.model_validate(models({"targets": ["paid", {"target": "free"}]})).route("default")

    assert short is not None
    assert long is not None
    assert short.entries == long.entries
    assert set(short.fallback_on) == set(Fallback)
    assert declared.model_dump(mode="json")["routes"] == {"default": ["paid", "free"]}


def test_a_forbidden_target_is_no_place_on_the_route() -> None:
    """What is counted is who may serve: around again comes the first of those."""
    told = models(["paid", "free"], max_data_class="internal")
    desk = Desk(ai_task=PRIVATE, models=told)

    assert [desk.prepare(target=n).target for n in range(2)] == ["free", "free"]
    assert desk.prepare().targets == 1


def test_a_task_that_nobody_may_serve_ends_with_its_outcome() -> None:
    """Nothing is rendered, reserved or sent; the conditions are told, no value is."""
    told = models(["paid"], max_data_class="internal")
    desk = Desk(ai_task=PRIVATE, models=told)

    with pytest.raises(NoTargetAllowed, match="'paid': max_data_class: may be given internal"):
        desk.prepare()

    assert (desk.item["outcome"], desk.item["reason"]) == ("BLOCKED_BY_POLICY", "NoTargetAllowed")
    assert desk.money() == (0, 0, 0)


def test_a_call_that_costs_too_much_here_goes_to_the_next() -> None:
    """The worst case is known once the prompt is: each target's is asked for itself."""
    desk = Desk(models=models([{"target": "paid", "max_usd_per_call": "3"}, "free"]))

    assert desk.prepare().target == "free"


def test_a_call_that_costs_too_much_everywhere_is_not_sent() -> None:
    """The ceiling is a condition like the others."""
    desk = Desk(models=models(only(max_usd_per_call="3")))

    with pytest.raises(NoTargetAllowed, match="max_usd_per_call: 3 at most, it may cost 4"):
        desk.prepare()


def test_the_gate_asks_again() -> None:
    """Whoever prepared it otherwise, or a target that is not on the route: nothing is sent."""
    told = models(["free", "paid"], max_data_class="internal")
    desk = Desk(ai_task=PRIVATE, models=told)
    call = desk.prepare().model_copy(update={"target": "paid"})

    found = desk.call(call)
    checked = desk.check(call, found)

    assert (found.status, desk.mark(call), desk.model.asked) == (
        "TARGET_FORBIDDEN", Mark.UNSENT, [],
    )  # fmt: skip
    assert (checked.outcome, checked.reason) == ("FAILED", "TARGET_FORBIDDEN")


def test_a_target_off_the_route_is_not_called() -> None:
    """A call names a target of its task's own route."""
    desk = Desk()
    call = desk.prepare().model_copy(update={"target": "free"})

    assert desk.call(call).status == "TARGET_FORBIDDEN"
    assert desk.money() == (0, 0, 0)


def test_a_prompt_that_is_too_large_here_goes_to_the_next() -> None:
    """A target with a larger context may stand behind a smaller one, where the route falls on."""
    small = MODELS["targets"]["paid"]["limits"] | {"context_tokens": 8}
    told = models(["paid", "free"], limits=small)
    stays = models({"targets": ["paid", "free"], "fallback_on": []}, limits=small)

    assert Desk(models=told).prepare().target == "free"
    with pytest.raises(PromptTooLarge):
        Desk(models=stays).prepare()
