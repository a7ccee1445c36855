"""A child policy can only be stricter; what is not is named with its key."""

from datetime import date
from typing import Any

import pytest

from functions.core.domain.definitions import parse_as
from functions.core.domain.documents import Document
from functions.core.domain.inheritance import (
    effective,
    in_force,
    lineage,
    problems,
    team_problems,
)
from functions.core.domain.policies import ORDERS, DeclaredPolicy, Policy
from functions.core.domain.strictness import put, rules

TODAY = date(2026, 11, 23)
WEAKER: dict[str, tuple[Any, Any]] = {
    "max_prompt_bytes": (1000, 2000),
    "max_answer_bytes": (1000, 2000),
    "data_class": ("confidential", "internal"),
    "injection.mode": ("enforce", "log_only"),
    "injection.action": ("block", "fence"),
    "injection.threshold": (0.4, 0.6),
    "personal_data.action": ("redact", "allow"),
    "personal_data.restore": ("nowhere", "answer"),
    "secrets.mode": ("enforce", "log_only"),
    "secrets.action": ("block", "redact"),
    "guardrails.mode": ("enforce", "log_only"),
    "answer.texts.mode": ("enforce", "log_only"),
    "answer.links.mode": ("enforce", "log_only"),
    "answer.links.hosts": (["a.example"], ["a.example", "b.example"]),
    "answer.markup.mode": ("enforce", "log_only"),
    "answer.markup.action": ("block", "neutralise"),
    "answer.grounding.mode": ("enforce", "log_only"),
    "answer.grounding.quotes": (True, False),
    "answer.grounding.numbers": (True, False),
    "answer.language.mode": ("enforce", "log_only"),
    "answer.language.allowed": (["de"], ["de", "en"]),
    "answer.language.as_input": (True, False),
    "answer.business.mode": ("enforce", "log_only"),
}
"""A parent's value, and one that a child may not have."""
GROWS = {
    "answer.business.rules",
    "guardrails.apply",
    "answer.texts.forbidden",
    "answer.texts.required",
    "personal_data.kinds",
    "personal_data.regions",
}
"""Nothing that a child says here is weaker: it adds."""


def _policy(name: str, above: str | None = None, **more: Any) -> DeclaredPolicy:
    level = "team" if above == "top" else "task" if above else "organisation"
    table = {"name": name, "purpose": "A test.", "level": level, **more}
    if above:
        table["extends"] = above
    if level == "team":
        table.setdefault("team", "support")
    return parse_as(DeclaredPolicy, table)


def _found(*policies: DeclaredPolicy) -> list[tuple[str, str, str]]:
    return list(problems({one.name: one for one in policies}, TODAY))


def _effective(*policies: DeclaredPolicy) -> Policy:
    declared = {one.name: one for one in policies}
    assert not list(problems(declared, TODAY))
    return effective(lineage(policies[-1].name, declared))


def _setting(key: str, value: Any) -> dict[str, Any]:
    table: dict[str, Any] = {}
    put(table, key, value)
    return table


def test_every_rule_is_in_the_table_of_this_test() -> None:
    """A rule kind that is added needs a row, or nobody has seen that it is compared."""
    assert set(ORDERS) == set(WEAKER) | GROWS


def test_a_setting_without_an_order_is_no_rule() -> None:
    """It is refused when the module is read, not when two policies are compared."""

    class Loose(Document):
        size: int

    with pytest.raises(TypeError, match="size has no order"):
        list(rules(Loose))


@pytest.mark.parametrize("key", sorted(WEAKER))
def test_a_weaker_child_is_named_with_the_key(key: str) -> None:
    """Whatever the kind of rule; the parent's value is told."""
    strict, weak = WEAKER[key]

    found = _found(
        _policy("top", **_setting(key, strict)), _policy("a", "top", **_setting(key, weak))
    )

    assert [one[:2] for one in found] == [("a", key)]
    assert found[0][2].startswith("is weaker")
    assert "'top' says" in found[0][2]


@pytest.mark.parametrize("key", sorted(WEAKER))
def test_a_stricter_child_holds(key: str) -> None:
    """Its own value is in force, and said to be its own."""
    strict, weak = WEAKER[key]

    policy = _effective(
        _policy("top", **_setting(key, weak)), _policy("a", "top", **_setting(key, strict))
    )

    assert policy.origins == {key: "a"}
    assert policy == _effective(_policy("top"), _policy("a", "top", **_setting(key, strict)))


def test_a_grandchild_is_held_to_what_the_middle_does_not_say() -> None:
    """The organisation's value passes through."""
    found = _found(
        _policy("top", injection={"action": "block"}),
        _policy("team", "top"),
        _policy("task", "team", injection={"action": "strip"}),
    )

    assert [one[:2] for one in found] == [("task", "injection.action")]


def test_a_child_adds_to_what_is_looked_for() -> None:
    """The parent's entries stay."""
    policy = _effective(
        _policy("top", answer={"texts": {"forbidden": ["one"]}}),
        _policy("team", "top", answer={"texts": {"forbidden": ["two", "one"]}}),
    )

    assert policy.answer.texts.forbidden == ("one", "two")


def test_a_child_adds_rules_and_replaces_none() -> None:
    """One under a name that is taken is refused, be it stricter or not: nobody could tell."""
    top = _policy("top", answer={"business": {"rules": {"small": "answer.a < 2"}}})
    more = _policy("team", "top", answer={"business": {"rules": {"large": "answer.a > 0"}}})
    other = _policy("team", "top", answer={"business": {"rules": {"small": "answer.a < 1"}}})

    assert _effective(top, more).answer.business.rules == {
        "small": "answer.a < 2",
        "large": "answer.a > 0",
    }
    assert [one[:2] for one in _found(top, other)] == [("team", "answer.business.rules")]


def test_preambles_come_from_the_top_down() -> None:
    """Each with its level and owner; a level without one adds nothing."""
    policy = _effective(
        _policy("top", preamble="Be brief.", owner="risk@example.com"),
        _policy("team", "top"),
        _policy("task", "team", preamble="Be kind.", owner="help@example.com"),
    )

    assert [(one.level, one.owner, one.text) for one in policy.preambles] == [
        ("organisation", "risk@example.com", "Be brief."),
        ("task", "help@example.com", "Be kind."),
    ]
    assert policy.lineage == ("top", "team", "task")


WAIVER = {
    "rule": "injection.action",
    "owner": "ann@example.com",
    "reason": "The old form quotes prompts.",
    "ends": "2026-12-01",
}


def _excepted(**changed: Any) -> DeclaredPolicy:
    waiver = WAIVER | changed
    return _policy("team", "top", injection={"action": "fence"}, exceptions=[waiver])


STRICT_TOP = _policy("top", injection={"action": "block"})


def test_an_exception_lets_a_weaker_rule_hold_until_it_ends() -> None:
    """On its last day still; afterwards the parent's rule is back, without a new version."""
    policy = _effective(STRICT_TOP, _excepted())

    assert policy.injection.action == "fence"
    assert in_force(policy, date(2026, 12, 1)) is policy
    after = in_force(policy, date(2026, 12, 2))
    assert (after.injection.action, after.exceptions) == ("block", ())


def test_an_expired_exception_is_an_error() -> None:
    """The key of its end is named."""
    found = _found(STRICT_TOP, _excepted(ends="2026-11-22"))

    assert [one[:2] for one in found] == [("team", "exceptions.0.ends")]


def test_an_exception_from_nothing_is_an_error() -> None:
    """It would wait there for somebody to weaken the rule."""
    idle = _policy("team", "top", injection={"action": "block"}, exceptions=[WAIVER])
    unset = _policy("team", "top", exceptions=[WAIVER])

    assert [one[1] for one in _found(STRICT_TOP, idle)] == ["exceptions.0.rule"]
    assert [one[1] for one in _found(STRICT_TOP, unset)] == ["exceptions.0.rule"]


def test_a_child_of_an_exception_may_be_strict_again() -> None:
    """The exception's end does not loosen it."""
    policy = _effective(
        STRICT_TOP, _excepted(), _policy("task", "team", injection={"action": "block"})
    )

    assert (policy.injection.action, policy.exceptions) == ("block", ())


@pytest.mark.parametrize("rule", ["max_prompt_bytes", "nothing", "name"])
def test_what_cannot_be_excepted(rule: str) -> None:
    """Bounds of what is sent, and what is no rule."""
    with pytest.raises(ValueError, match="rule"):
        _excepted(rule=rule)


@pytest.mark.parametrize(
    ("policies", "where"),
    [
        ([_policy("top"), _policy("two")], ("two", "level")),
        ([_policy("top"), _policy("a", "gone")], ("a", "extends")),
        ([_policy("top"), _policy("a", "b"), _policy("b", "a")], ("a", "extends")),
        (
            [_policy("top"), _policy("a", "top"), _policy("b", "a", level="team", team="support")],
            ("b", "extends"),
        ),
        (
            [_policy("top"), _policy("a", "top"), _policy("b", "a", team="sales")],
            ("b", "extends"),
        ),
    ],
    ids=["two tops", "no such parent", "circle", "same level", "another team's"],
)
def test_a_line_that_leads_nowhere(policies: list[DeclaredPolicy], where: tuple[str, str]) -> None:
    """Every policy leads up to the organisation's one, level by level, within a team."""
    assert _found(*policies)[0][:2] == where


@pytest.mark.parametrize(
    "more",
    [
        {"level": "team", "extends": "top"},
        {"level": "task"},
        {"preamble": "Be brief."},
        {"level": "organisation", "exceptions": [WAIVER]},
        {"origins": {}},
    ],
    ids=["team without one", "task without parent", "no owner", "organisation's exception", "ours"],
)
def test_a_file_that_says_too_little_or_too_much(more: dict[str, Any]) -> None:
    """Refused where it is read."""
    with pytest.raises(ValueError):  # noqa: PT011  (each has its own sentence)
        parse_as(DeclaredPolicy, {"name": "a", "purpose": "A test.", **more})


def test_a_team_cannot_pass_over_its_policy() -> None:
    """Nor use another team's."""
    top, team = _policy("top"), _policy("team", "top")
    declared = {"top": top, "team": team}

    assert list(team_problems("support", _effective(top), declared))
    assert list(team_problems("sales", _effective(top, team), declared))
    assert not list(team_problems("support", _effective(top, team), declared))
    assert not list(team_problems("sales", _effective(top), declared))


def test_a_policy_of_an_older_release_is_read() -> None:
    """What it does not say has its default."""
    policy = Policy.model_validate({"name": "default", "purpose": "x", "max_prompt_bytes": 2048})

    assert (policy.max_prompt_bytes, policy.injection.action) == (2048, "fence")
