"""A policy changes without a deployment: checked where it is kept, for runs from then on."""

from typing import Any

import pytest

from functions.core.domain.definitions import dump_document, parse_as
from functions.core.domain.errors import DefinitionRefused, UnknownDefinition
from functions.core.domain.inheritance import effective
from functions.core.domain.policies import DeclaredPolicy
from functions.core.services.labels import Mover
from functions.core.services.promoting import require_strict
from functions.core.services.publishing import publish_policy
from functions.move_label.handler import Request, require_fit
from tests.fakes import answered
from tests.stage import POLICY, Stage, step_of
from tests.unit.core.desk import Desk

TOP: dict[str, Any] = {
    "name": "top",
    "purpose": "All.",
    "owner": "risk@example.com",
    "preamble": "Be exact.",
    "max_prompt_bytes": 2048,
    "answer": {
        "links": {"hosts": ["a.example", "b.example"]},
        "texts": {"forbidden": ["lawsuit"]},
        "business": {"rules": {"one": "1 = 1"}},
    },
}
DESK: dict[str, Any] = {
    "name": "desk",
    "purpose": "A team.",
    "level": "team",
    "team": "desk",
    "extends": "top",
}
OWNER = {"owner": "ann@example.com", "reason": "A test."}


def held(*declared: dict[str, Any]) -> dict[str, Any]:
    """Return what holds under the last of *declared*, as it is stored."""
    return dump_document(effective([parse_as(DeclaredPolicy, one) for one in declared]))


def stage_of(*line: dict[str, Any]) -> Stage:
    """Return a stage on which each policy of *line* is live."""
    stage = Stage()
    for index in range(len(line)):
        document = held(*line[: index + 1])
        stage.catalog.publish("policy", document["name"], document, by="deployment")
    return stage


def publish(stage: Stage, document: dict[str, Any], name: str = "") -> str:
    said = {"by": "jo", "why": "stricter"}
    named = name or document["name"]
    return publish_policy(stage.catalog, stage.clock, named, document, **said).version


def promote(stage: Stage, name: str, version: str) -> None:
    """Do what the function that moves labels does."""
    stage.clock.forward(seconds=1)
    require_strict(stage.catalog, stage.clock, name, version)
    stage.labels.promote("policy", name, version, Mover(by="jo", why="stricter"))


def test_a_stricter_child_is_published_and_promoted() -> None:
    """By who and why, with the parent's rules in it."""
    stage = stage_of(TOP, DESK)
    stricter = held(TOP, DESK | {"answer": {"links": {"hosts": ["a.example"]}}})

    version = publish(stage, stricter)
    promote(stage, "desk", version)

    pinned = stage.catalog.pins([("policy", "desk")], "run")
    assert pinned.versions == {"policy#desk": version}


WEAKER: list[tuple[str, Any]] = [
    ("max_prompt_bytes", 4096),
    ("answer.links.hosts", ["a.example", "c.example"]),
    ("answer.texts.forbidden", []),
    ("answer.business.rules", {}),
    ("answer.business.rules", {"one": "1 = 2"}),
    ("injection.mode", "log_only"),
    ("preambles", []),
    ("team", None),
]


@pytest.mark.parametrize(("key", "value"), WEAKER, ids=str)
def test_a_weaker_child_is_refused_by_its_key(key: str, value: Any) -> None:
    """What was sent is a whole document: nobody's word is taken that it was worked out."""
    stage = stage_of(TOP | {"team": None}, DESK)
    document = held(TOP, DESK)
    if key == "team":  # the team's own task policy, under nobody's name
        document = held(TOP, DESK, {**DESK, "name": "sort", "level": "task", "extends": "desk"})
    *path, last = key.split(".")
    table = document
    for name in path:
        table = table[name]
    table[last] = value

    with pytest.raises(DefinitionRefused, match=key.replace(".", r"\.")):
        publish(stage, document)


STANDING: list[tuple[dict[str, Any], str]] = [
    ({"lineage": ["desk"]}, "lineage: is not that of what is live"),
    ({"lineage": ["top", "sort"]}, "lineage: does not end with 'desk'"),
    ({"lineage": ["none", "desk"]}, "lineage: no policy 'none' is live"),
    ({"name": "new", "lineage": ["new"]}, "lineage: begins here"),
    ({"name": "new", "lineage": ["top", "desk", "top", "new"]}, "is not that of 'top'"),
    ({"answer": {"business": {"rules": {"one": "1 = 1", "x": "$eval('1')"}}}}, "rules.x: $eval"),
    ({"max_prompt_bytes": "2000"}, "max_prompt_bytes: Input should be a valid integer"),
]


@pytest.mark.parametrize(("parts", "why"), STANDING, ids=[why for _, why in STANDING])
def test_a_policy_stands_where_a_deployment_put_it(parts: dict[str, Any], why: str) -> None:
    """Nobody gets out from under a parent by leaving it out."""
    stage = stage_of(TOP, DESK)

    with pytest.raises(DefinitionRefused) as caught:
        publish(stage, held(TOP, DESK) | parts)

    assert why in str(caught.value)


def test_an_exception_is_accepted_until_it_ends() -> None:
    """The stage's own day counts."""
    waiver = {"rule": "injection.mode", **OWNER, "ends": "2026-11-22"}
    excepted = DESK | {"injection": {"mode": "log_only"}, "exceptions": [waiver]}
    stage = stage_of(TOP, DESK)
    version = publish(stage, held(TOP, excepted))
    promote(stage, "desk", version)

    stage.clock.forward(days=1)

    with pytest.raises(DefinitionRefused, match="ended on 2026-11-22"):
        require_strict(stage.catalog, stage.clock, "desk", version)


def test_going_back_is_held_to_the_parent_that_is_live_by_now() -> None:
    """What was strict enough once may be weaker than what was promoted above it since."""
    stage = stage_of(TOP, DESK)
    stricter = TOP | {"max_prompt_bytes": 1024}
    promote(stage, "top", publish(stage, held(stricter)))
    promote(stage, "desk", publish(stage, held(stricter, DESK)))
    back = {"kind": "policy", "rollback": True, "by": "jo", "why": "-"}

    with pytest.raises(DefinitionRefused, match="max_prompt_bytes: is weaker than 'top'"):
        require_fit(stage.catalog, stage.clock, stage.labels, Request(name="desk", **back))
    require_fit(stage.catalog, stage.clock, stage.labels, Request(name="top", **back))


def test_there_is_nothing_to_go_back_to_before_a_move() -> None:
    """As of a task."""
    stage = stage_of(TOP, DESK)
    back = Request(kind="policy", name="desk", rollback=True, by="jo", why="-")

    with pytest.raises(UnknownDefinition):
        require_fit(stage.catalog, stage.clock, stage.labels, back)


def test_runs_under_way_keep_their_policy() -> None:
    """One that was admitted before the move is held to the old rules, the next one to the new."""
    desk = Desk()
    stricter = {**POLICY, "lineage": ["plain"], "answer": {"links": {"hosts": []}}}
    version = desk.stage.catalog.put("policy", "plain", stricter, by="jo", why="-")[0]
    promote(desk.stage, "plain", version)
    run, ticket = desk.stage.admitted("b")
    link = answered('{"label":"good","quote":"see https://a.example"}')

    old = desk.once(link)
    desk.step = step_of(run, ticket)
    new = desk.once(link)

    assert (old.outcome, new.outcome) == ("SUCCEEDED", "BLOCKED_BY_POLICY")
    assert new.reason == "answer.links"
