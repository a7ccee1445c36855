"""JSONata as Step Functions has it; where the local evaluator differs, a row says so."""

from __future__ import annotations

import concurrent.futures

import pytest

from interlock.local.mends.stepfunctions.jsonata import QueryFailed, check, evaluate
from tests.clouds import wait_for
from tests.integration.mends.playground import jsonata


@pytest.mark.parametrize(
    ("expression", "variables", "expected"),
    [
        ("$a & ' and ' & $b", {"a": 'quo"te\\', "b": "line\n"}, 'quo"te\\ and line\n'),
        ("$states.input.a", {"states": {"input": {"a": None}}}, None),
        ("$exists($a.missing)", {"a": {}}, False),
        ("$exists($a.none)", {"a": {"none": None}}, True),
        ("[1, null]", {}, [1, None]),
        ("4 / 2", {}, 2),
        (
            "$hash('a', 'SHA-256')",
            {},
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        ),
        ("$hash('a', 'MD5')", {}, "0cc175b9c0f1b6a831c399e269772661"),
        ("$parse('{\"a\": [1, null]}')", {}, {"a": [1, None]}),
        ("$partition([1,2,3,4,5], 2)", {}, [[1, 2], [3, 4], [5]]),
        ("$range(0, 6, 2)", {}, [0, 2, 4, 6]),
        ("$range(3, 1, -1)", {}, [3, 2, 1]),
        ("$random(7) = $random(7)", {}, True),
        ("$length($uuid())", {}, 36),
        ("$merge([{'a': 1}, $b])", {"b": {"c": None}}, {"a": 1, "c": None}),
    ],
)
def test_an_expression_gives_what_step_functions_gives(expression, variables, expected):
    assert expected == evaluate(expression, variables)


@pytest.mark.parametrize(
    "expression",
    [
        "$missing",
        "1 + 'a'",
        "$nothing()",
        "$eval('1')",
        "function($x){$x}",
        "$parse('{')",
        "$error('x')",
        "$hash('a', 'CRC')",
    ],
)
def test_what_fails_or_gives_nothing_is_a_query_failure(expression):
    with pytest.raises(QueryFailed):
        evaluate(expression, {})


# Where jsonata-python differs from JSONata in AWS. A row that changes is news: mend or delete it.
DIFFERENCES = [
    # expression, here, on AWS
    ("$string(1234567890123456)", "1.23456789012346e+15", "1234567890123456"),
]


@pytest.mark.parametrize(("expression", "here", "there"), DIFFERENCES)
def test_a_known_difference_is_still_one(expression, here, there):
    assert here == evaluate(expression, {})
    assert here != there


def test_syntax_and_eval_are_refused_but_not_inside_strings():
    check("$a & 'call $eval here'")
    check("/* $eval */ 1")

    with pytest.raises(ValueError, match=r"\$eval"):
        check("$eval($a)")
    with pytest.raises(ValueError, match="JSONata"):
        check("1 +")


def test_an_error_is_catchable_by_its_name(cloud):
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "{% $states.input.missing %}"},
        "Catch": [
            {
                "ErrorEquals": ["States.QueryEvaluationError"],
                "Output": "{% $states.errorOutput.Error %}",
                "Next": "Done",
            }
        ],
    }
    machine = jsonata(("Call", call), ("Done", {"Type": "Succeed"}))

    assert cloud.output(machine) == "States.QueryEvaluationError"


def test_variables_survive_with_quotes_and_nulls(cloud):
    given = {"text": 'a "quoted" \\ line\n', "none": None, "big": 12345678901234567}
    machine = jsonata(
        ("Keep", {"Type": "Pass", "Assign": {"kept": "{% $states.input %}"}}),
        ("Say", {"Type": "Pass", "Output": "{% $kept %}"}),
    )

    assert given == cloud.output(machine, given)


def test_each_evaluation_has_its_own_time():
    """A shared parsed expression answers with another's time."""
    first = evaluate("$millis()", {})

    assert wait_for(lambda: evaluate("$millis()", {}) > first, "another time", seconds=5)


def test_threads_do_not_mix():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(
                lambda n: evaluate("$sum($map($l, function($x){$x + $n}))", {"l": [1, 2], "n": n}),
                range(200),
            )
        )

    assert [3 + 2 * n for n in range(200)] == found
