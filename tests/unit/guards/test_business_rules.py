"""Business rules: what can be said, what is refused, and that nothing runs on."""

from typing import Any

import pytest

from functions.core.domain.guards.answer.business import STEPS, rule_problem, ruled

ANSWER = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "refund": {"type": "string"},
        "note": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/note"}]},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
    },
    "$defs": {
        "note": {"type": "object", "properties": {"text": {"type": "string"}}},
        "line": {"type": "object", "properties": {"amount": {"type": "string"}}},
    },
}
GIVEN = {
    "type": "object",
    "properties": {
        "order": {"type": "object", "properties": {"total": {"type": "string"}}},
        "more": {},
    },
}
ORDER = {"order": {"total": "10.00"}}

RULES = [
    "$money_le(answer.refund, input.order.total)",
    "$exists(answer.refund) ? $money_gt(answer.refund, '0') : true",
    "$count(answer.lines[$money_gt(amount, '100')]) = 0",
    "($all := $money_sum(answer.lines.amount); $money_eq($all, answer.refund))",
    "answer.note.text in ['a', 'b'] and $not($contains($lowercase(answer.refund), 'x'))",
    "$$.answer.refund != input.more.anything.at.all",
]


@pytest.mark.parametrize("rule", RULES)
def test_what_compares_fields_that_exist_is_a_rule(rule: str) -> None:
    """Through references, alternatives and lists; what the schema leaves open may be anything."""
    assert rule_problem(rule, ANSWER, GIVEN) is None


REFUSED = [
    ("answer.refnd = '1'", "there is no field 'refnd'"),
    ("answer.lines.price = '1'", "there is no field 'price'"),
    ("answer.lines[price = '1']", "there is no field 'price'"),
    ("answer.refund.cents = 1", "there is no field 'cents'"),
    ("order.total = '1'", "'order' is neither answer nor input"),
    ("answer.refund =", "is no JSONata"),
    ("$contains(answer.refund, /a+/)", "a regular expression"),
    ("$eval('1')", "$eval is no function of rules"),
    ("$now() > '2026'", "$now is no function of rules"),
    ("$random() > 0.5", "$random is no function of rules"),
    ("$pad('x', 999999999) = ''", "$pad is no function of rules"),
    ("($f := $eval; $f('1'))", "$eval is not bound"),
    ("function($x){$x($x)}(1)", "only functions that have a name are called"),
    ("answer ~> $count", "apply is no part of a rule"),
    ("[1..9000000]", ".. is no part of a rule"),
    ("answer.**", "descendant is no part of a rule"),
    ("answer.*", "wildcard is no part of a rule"),
    ("answer.lines{amount: $}", "groups, joins and parents"),
    ("answer.lines^(amount)", "sort is no part of a rule"),
    ("|answer|{'refund': '0'}|", "transform is no part of a rule"),
    ("$money_le(answer.refund)", "$money_le takes 2 arguments"),
    ("($count := 1; $count)", "$count can't be bound"),
    ("1 = 1 or " * 200 + "true", "has over 1024 characters"),
    ("(" * 500, "is no JSONata"),
]


@pytest.mark.parametrize(("rule", "why"), REFUSED)
def test_what_is_no_rule_says_why(rule: str, why: str) -> None:
    """Unknown fields, other languages, and whatever could run on or differ."""
    assert why in (rule_problem(rule, ANSWER, GIVEN) or "")


MONEY: list[tuple[str, Any, bool | str]] = [
    ("$money_le(answer, '10.00')", "9.50", True),
    ("$money_le(answer, '9.50')", "10.00", False),
    ("$money_eq(answer, '1')", "1.000", True),
    ("$money_eq($money_add(answer, '0.2'), '0.3')", "0.1", True),
    ("$money_eq($money_sum(answer), '0.3')", [0.1, 0.2], True),
    ("$money_eq($money_sum(answer), '0.1')", ["0.1"], True),
    ("$money_lt($money_sub('999999999999999999', answer), '0')", "999999999999999999.1", True),
    ("$money_ge(answer, '0')", 12, True),
    ("$money_ge(answer, '0')", 0.1 + 0.2, "no amount"),
    ("$money_ge(answer, '0')", "1e3", "no amount"),
    ("$money_ge(answer, '0')", "NaN", "no amount"),
    ("$money_ge(answer, '0')", "", "no amount"),
    ("$money_ge(answer, '0')", "٣", "no amount"),
    ("$money_ge(answer, '0')", True, "no amount"),
    ("$money_ge(answer, '0')", None, "no amount"),
    ("$money_ge(answer.nothing, '0')", {}, "no amount"),
]


@pytest.mark.parametrize(("rule", "answer", "expected"), MONEY)
def test_money_is_exact_or_no_money(rule: str, answer: Any, expected: bool | str) -> None:
    """Decimals, as they are written; text comparison would say that 9.50 is over 10.00."""
    said = ruled(rule, answer, {})

    assert (said.failed or said.holds) == expected


@pytest.mark.parametrize(
    ("rule", "answer", "holds"),
    [
        ("answer.yes", {"yes": True}, True),
        ("answer.yes", {"yes": 1}, False),
        ("answer.yes", {"yes": "true"}, False),
        ("answer.yes", {}, False),
        ("answer.yes = null", {"yes": None}, True),
        ("$exists(answer.yes)", {"yes": None}, True),
        ("$money_le(answer.refund, input.order.total)", {"refund": "10.00"}, True),
    ],
)
def test_a_rule_holds_where_it_is_true_and_nowhere_else(
    rule: str, answer: Any, holds: bool
) -> None:
    """Neither for what only counts as true, nor for nothing."""
    assert ruled(rule, answer, ORDER).holds is holds


@pytest.mark.parametrize(
    ("rule", "answer", "failed"),
    [
        ("$count(answer[$ in $$.answer]) > 0", [str(n) for n in range(4000)], "too much: steps"),
        ("($a := answer & answer; $b := $a & $a; $b = $a)", "x" * 60_000, "too much: text"),
        ("$count(answer.($$.answer.($$.answer))) > 0", list(range(100)), "too much: items"),
        ("answer * answer * answer > 1", 2**50, "too much: number"),
        ("answer + 1 > 1", "secret", "T2001"),
        ("$length(answer) > 1", 5, "T0410"),
    ],
)
def test_a_rule_ends_at_its_bounds_and_says_no_value(rule: str, answer: Any, failed: str) -> None:
    """By its own count of steps, whatever the machine's speed."""
    said = ruled(rule, answer, {})

    assert (said.holds, said.failed) == (False, failed)
    assert said.steps <= STEPS + 1


def test_an_expression_that_is_no_rule_is_not_evaluated() -> None:
    """Even if it came into a stored policy: the check is made again where it would run."""
    said = ruled("$eval('true')", {}, {})

    assert (said.holds, said.failed) == (False, "$eval is no function of rules")
    assert said.steps == 0
