# ruff: noqa: E501 - a table reads best with a case a line
"""Each rule of the language: a machine that keeps it, and machines that break it in one place."""

from collections.abc import Callable
from typing import Any

import pytest

from interlock.lint import spec
from interlock.lint.findings import Severity
from tests.unit.lint.machines import (
    caught,
    choice,
    jsonata,
    judged,
    machine,
    map_,
    one,
    one_jsonata,
    task,
)

PASS = {"Type": "Pass", "End": True}
LONG = "L" * 81
DISTRIBUTED = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
READER = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
WAITING = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
MESSAGE = {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}
TEN_DEEP = "States.ArrayUnique(" * 10 + "$.a" + ")" * 10

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("the smallest", one()),
    (
        "everything at the top",
        machine({"Only": PASS}, Comment="c", Version="1.0", TimeoutSeconds=60),
    ),
    ("a name of 80", machine({"N" * 80: PASS})),
    (
        "End that is false beside Next",
        machine({"A": {"Type": "Pass", "End": False, "Next": "B"}, "B": {"Type": "Succeed"}}),
    ),
    (
        "a loop with a way out",
        machine(
            {
                "Wait": {"Type": "Wait", "Seconds": 0, "Next": "Route"},
                "Route": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.n", "IsNull": True, "Next": "Wait"}],
                    "Default": "Done",
                },
                "Done": {"Type": "Succeed"},
            }
        ),
    ),
    (
        "one state in JSONata",
        machine(
            {"A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}", "End": True}}
        ),
    ),
    ("null paths", one(InputPath=None, OutputPath=None, ResultPath=None)),
    (
        "paths of all kinds",
        one(InputPath="$.a['b c'][0].d[*]..e[?(@.x == ')')][1:3]", OutputPath="$$.Execution.Id"),
    ),
    ("a path in a variable", one(InputPath="$order.lines[-1]")),
    ("templates", one(Parameters={"a.$": "$.a", "b": [{"c.$": "States.UUID()"}], "d": "$.plain"})),
    (
        "intrinsic functions",
        one(
            Parameters={
                "a.$": r"States.Format('it\'s {} \{\}', States.MathAdd($.n, -1))",
                "b.$": "States.Array()",
                "c.$": "States.MathRandom(1, 9)",
            }
        ),
    ),
    ("ten functions deep", one(Parameters={"a.$": TEN_DEEP})),
    ("assigned", one(Assign={"size.$": "$.size", "n1": True})),
    (
        "a task by a URI",
        task(Resource="arn:aws:lambda:eu-central-1:123456789012:function:f", Parameters=...),
    ),
    (
        "an activity",
        task(Resource="arn:aws:states:eu-central-1:123456789012:activity:a", Parameters=...),
    ),
    ("an SDK integration", task(Resource="arn:aws:states:::aws-sdk:s3:headObject")),
    (
        "a task in time",
        task(TimeoutSeconds=20.0, HeartbeatSeconds=19, Credentials={"RoleArn": "r"}),
    ),
    ("times by paths", task(TimeoutSecondsPath="$.t", HeartbeatSecondsPath="$.h")),
    (
        "a retrier with everything",
        task(
            Retry=[
                {
                    "ErrorEquals": ["A"],
                    "IntervalSeconds": 1,
                    "MaxAttempts": 0,
                    "BackoffRate": 1.0,
                    "MaxDelaySeconds": 2,
                    "JitterStrategy": "NONE",
                    "Comment": "c",
                },
                {"ErrorEquals": ["States.ALL"]},
            ]
        ),
    ),
    ("a status of HTTP", task(Retry=[{"ErrorEquals": ["States.Http.StatusCode.429"]}])),
    ("a catcher", caught(ResultPath="$.error", Assign={"why.$": "$.Cause"}, Comment="c")),
    (
        "two comparisons",
        choice(
            {
                "And": [
                    {"Variable": "$.a", "StringMatches": r"a*\*\\"},
                    {"Not": {"Variable": "$$.b", "TimestampLessThanPath": "$.c"}},
                ]
            }
        ),
    ),
    (
        "comparisons by type",
        choice(
            {"Variable": "$.a", "NumericGreaterThanEquals": 1.5},
            {"Variable": "$.a", "BooleanEquals": False},
            {"Variable": "$.a", "TimestampEquals": "2030-01-31T08:00:00.5+01:00"},
        ),
    ),
    (
        "a condition",
        choice(
            {"Condition": "{% $states.input.a = 1 %}", "Assign": {"x": 1}, "Output": {"a": 1}},
            {"Condition": True},
            language="JSONata",
        ),
    ),
    (
        "a Map",
        map_(ItemsPath="$.items", MaxConcurrency=0, ItemSelector={"v.$": "$$.Map.Item.Value"}),
    ),
    ("an old Map", map_(ItemProcessor=..., Iterator=machine({"Item": PASS}), Parameters={"a": 1})),
    (
        "a distributed Map",
        map_(
            DISTRIBUTED,
            ItemReader=READER
            | {
                "ReaderConfig": {
                    "InputType": "CSV",
                    "CSVHeaderLocation": "FIRST_ROW",
                    "MaxItems": 5,
                }
            },
            ItemBatcher={"MaxItemsPerBatch": 10},
            ResultWriter={
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "b"},
            },
            Label="each",
            ToleratedFailurePercentage=12.5,
        ),
    ),
    (
        "results that are only formatted",
        map_(
            DISTRIBUTED,
            ResultWriter={"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}},
        ),
    ),
    ("a token that is passed", task(Resource=WAITING, Parameters=MESSAGE, HeartbeatSeconds=60)),
    (
        "branches",
        one(
            "Parallel",
            Branches=[
                machine({"L": PASS}),
                machine(
                    {
                        "R": {
                            "Type": "Fail",
                            "ErrorPath": "$.e",
                            "CausePath": "States.Format('{}', $.c)",
                        }
                    }
                ),
            ],
        ),
    ),
    (
        "a child that runs",
        task(
            Resource="arn:aws:states:::states:startExecution.sync:2",
            Parameters={"StateMachineArn": "${a}"},
        ),
    ),
    (
        "JSONata all over",
        jsonata(
            {
                "Ask": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Arguments": {"FunctionName": "${a}", "Payload": "{% $states.input %}"},
                    "TimeoutSeconds": "{% $states.input.s %}",
                    "Assign": {"got": "{% $states.result.Payload %}"},
                    "Catch": [
                        {
                            "ErrorEquals": ["States.ALL"],
                            "Output": "{% $states.errorOutput.Cause %}",
                            "Next": "Each",
                        }
                    ],
                    "Next": "Each",
                },
                "Each": {
                    "Type": "Map",
                    "Items": "{% $got.items[price > 1].{'id': id} %}",
                    "ItemProcessor": machine(
                        {
                            "Item": {
                                "Type": "Pass",
                                "Output": "{% ($f := function($n) { $n + $got.base }; $f($states.input.n)) %}",
                                "End": True,
                            }
                        }
                    ),
                    "End": True,
                },
            }
        ),
    ),
    (
        "states in a JSONata Parallel of a JSONPath machine",
        one(
            "Parallel",
            QueryLanguage="JSONata",
            Output="{% $states.result %}",
            Branches=[machine({"In": PASS | {"Parameters": {"a.$": "$.a"}}})],
        ),
    ),
    (
        "one name in two branches",
        one(
            "Parallel",
            Branches=[
                machine({"L": PASS | {"Assign": {"x": 1}}}),
                machine({"R": PASS | {"Assign": {"x": 2}}}),
            ],
        ),
    ),
    (
        "addresses that the language leaves open",
        task(Resource="arn:aws:states:eu-central-1:123456789012:task:Add", Parameters=...),
    ),
    (
        "reference paths with escapes",
        one("Wait", SecondsPath=r"$.store\.book.foo\@bar\[\?.&Ж中['a b'][0][22]"),
    ),
    ("an expression in a comment", one_jsonata(Comment="{% not closed")),
    (
        "functions of Step Functions",
        one_jsonata(Output="{% $hash($uuid(), 'MD5') & $string($partition($range(1, 9, 2), 2)) %}"),
    ),
]

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("ASL101", machine({}), "/States"),
    ("ASL101", {"States": {"A": PASS}}, "/StartAt"),
    ("ASL101", one("Parallel", Branches=[{"StartAt": "A"}]), "/States/Only/Branches/0/States"),
    ("ASL102", machine({"A": PASS}, start="B"), "/StartAt"),
    ("ASL102", machine({"A": {"Type": "Pass", "Next": "B"}, "C": PASS}), "/States/A/Next"),
    ("ASL102", caught(Next="Nowhere"), "/States/Only/Catch/0/Next"),
    ("ASL102", choice({"Variable": "$.a", "IsNull": True, "Next": "X"}), "/States/Route/Choices/0/Next"),
    ("ASL102", one("Parallel", Branches=[machine({"In": {"Type": "Pass", "Next": "Only"}, "X": PASS})]), "/States/Only/Branches/0/States/In/Next"),
    ("ASL103", machine({"A": PASS, "B": PASS}), "/States/B"),
    ("ASL103", machine({"A": PASS, "B": {"Type": "Pass", "Next": "B"}}), "/States/B"),
    ("ASL104", machine({"A": {"Type": "Pass", "Next": "A"}}), "/States"),
    ("ASL105", machine({"Route": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Done"}], "Default": "Loop"}, "Loop": {"Type": "Pass", "Next": "Loop"}, "Done": {"Type": "Succeed"}}), "/States/Loop"),
    ("ASL106", one("Pause"), "/States/Only/Type"),
    ("ASL106", machine({"A": PASS, "B": 1}), "/States/B"),
    ("ASL107", one(Results={}), "/States/Only/Results"),
    ("ASL107", machine({"A": PASS}, Timeout=1), "/Timeout"),
    ("ASL107", one("Fail", Next="Only"), "/States/Only/Next"),
    ("ASL108", one_jsonata(Parameters={}), "/States/Only/Parameters"),
    ("ASL108", one(Output={}), "/States/Only/Output"),
    ("ASL109", task(Resource=...), "/States/Only"),
    ("ASL109", one("Wait"), "/States/Only"),
    ("ASL110", one("Wait", Seconds=1, SecondsPath="$.s"), "/States/Only/SecondsPath"),
    ("ASL110", task(TimeoutSeconds=1, TimeoutSecondsPath="$.s"), "/States/Only/TimeoutSecondsPath"),
    ("ASL110", map_(Iterator=machine({"I": PASS})), "/States/Only/Iterator"),
    ("ASL111", machine({"A": {"Type": "Pass", "Next": "B", "End": True}, "B": PASS}), "/States/A/Next"),
    ("ASL111", machine({"A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "B"}], "Default": "C"}, "B": {"Type": "Pass"}, "C": PASS}), "/States/B"),
    ("ASL111", one(End="yes"), "/States/Only/End"),
    ("ASL112", machine({LONG: PASS}), f"/States/{LONG}"),
    ("ASL112", machine({"": PASS}, start=""), "/States/"),
    ("ASL112", one("Parallel", Branches=[machine({"Only": PASS})]), "/States/Only/Branches/0/States/Only"),
    ("ASL113", machine({"A": PASS}, QueryLanguage="JMESPath"), "/QueryLanguage"),
    ("ASL113", one_jsonata(QueryLanguage="JSONPath"), "/States/Only/QueryLanguage"),
    ("ASL114", machine({"A": PASS}, Version="2.0"), "/Version"),
    ("ASL201", task(TimeoutSeconds=0), "/States/Only/TimeoutSeconds"),
    ("ASL201", task(TimeoutSeconds=100_000_000), "/States/Only/TimeoutSeconds"),
    ("ASL201", task(TimeoutSeconds=True), "/States/Only/TimeoutSeconds"),
    ("ASL201", task(TimeoutSeconds="{% 5 %}"), "/States/Only/TimeoutSeconds"),
    ("ASL201", one("Wait", Timestamp="2030-13-01T00:00:00Z"), "/States/Only/Timestamp"),
    ("ASL201", one("Wait", Timestamp="2030-01-01 00:00:00Z"), "/States/Only/Timestamp"),
    ("ASL201", task(Resource="notify"), "/States/Only/Resource"),
    ("ASL201", map_(DISTRIBUTED, ToleratedFailurePercentage=101), "/States/Only/ToleratedFailurePercentage"),
    ("ASL201", map_(DISTRIBUTED, Label="a b"), "/States/Only/Label"),
    ("ASL113", jsonata({"Both": {"Type": "Parallel", "Branches": [machine({"In": PASS | {"QueryLanguage": "JSONPath"}})], "End": True}}), "/States/Both/Branches/0/States/In/QueryLanguage"),
    ("ASL203", one("Fail", ErrorPath="$.errors[*]"), "/States/Only/ErrorPath"),
    ("ASL501", one(Parameters={"a.$": "States.JsonToString('a')"}), "/States/Only/Parameters/a.$"),
    ("ASL907", jsonata({"Each": {"Type": "Map", "Assign": {"x": 1}, "ItemProcessor": machine({"In": {"Type": "Pass", "Assign": {"x": 2}, "End": True}}), "End": True}}), "/States/Each/ItemProcessor/States/In/Assign/x"),
    ("ASL907", machine({"Both": {"Type": "Parallel", "Assign": {"x.$": "$"}, "Branches": [machine({"In": PASS | {"Assign": {"x": 1}}})], "End": True}}), "/States/Both/Branches/0/States/In/Assign/x"),
    ("ASL201", one("Fail", Error=5), "/States/Only/Error"),
    ("ASL201", machine({"A": PASS}, TimeoutSeconds="60"), "/TimeoutSeconds"),
    ("ASL201", task(Retry=[{"ErrorEquals": ["A"], "BackoffRate": 0.9}]), "/States/Only/Retry/0/BackoffRate"),
    ("ASL201", task(Retry=[{"ErrorEquals": ["A"], "JitterStrategy": "HALF"}]), "/States/Only/Retry/0/JitterStrategy"),
    ("ASL201", task(Retry=[{"ErrorEquals": ["A"], "MaxAttempts": 1.5}]), "/States/Only/Retry/0/MaxAttempts"),
    ("ASL202", task(TimeoutSeconds=20, HeartbeatSeconds=20), "/States/Only/HeartbeatSeconds"),
    ("ASL203", one(InputPath="a"), "/States/Only/InputPath"),
    ("ASL203", one(InputPath="$.a b"), "/States/Only/InputPath"),
    ("ASL203", one(InputPath="$.a[?(@.b == 1"), "/States/Only/InputPath"),
    ("ASL203", one(ResultPath="$.a[*]"), "/States/Only/ResultPath"),
    ("ASL203", one("Wait", SecondsPath="$..s"), "/States/Only/SecondsPath"),
    ("ASL203", caught(ResultPath="error"), "/States/Only/Catch/0/ResultPath"),
    ("ASL203", choice({"Variable": "a", "IsNull": True}), "/States/Route/Choices/0/Variable"),
    ("ASL204", one(ResultPath="$$.a"), "/States/Only/ResultPath"),
    ("ASL204", one(ResultPath="$a"), "/States/Only/ResultPath"),
    ("ASL205", one(Assign={"1st": 1}), "/States/Only/Assign/1st"),
    ("ASL205", one_jsonata(Assign={"states": 1}), "/States/Only/Assign/states"),
    ("ASL205", one_jsonata(Assign=[1]), "/States/Only/Assign"),
    ("ASL206", task(Credentials={"Role": "r"}), "/States/Only/Credentials"),
    ("ASL301", one(Parameters={"a": 1, "a.$": "$.a"}), "/States/Only/Parameters/a.$"),
    ("ASL302", one(Parameters={"a.$": 1}), "/States/Only/Parameters/a.$"),
    ("ASL302", map_(ItemSelector={"l": [{"a.$": "a"}]}), "/States/Only/ItemSelector/l/0/a.$"),
    ("ASL401", choice({"Variable": "$.a", "IsNull": True, "Next": ...}), "/States/Route/Choices/0"),
    ("ASL401", choice({"Not": {"Variable": "$.a", "IsNull": True, "Next": "Done"}}), "/States/Route/Choices/0/Not/Next"),
    ("ASL402", choice({"Variable": "$.a", "IsNull": True, "End": True}), "/States/Route/Choices/0/End"),
    ("ASL402", choice({"Condition": True, "Variable": "$.a"}, language="JSONata"), "/States/Route/Choices/0/Variable"),
    ("ASL403", choice({"Variable": "$.a"}), "/States/Route/Choices/0"),
    ("ASL403", choice({"IsNull": True}), "/States/Route/Choices/0"),
    ("ASL403", choice({"And": []}), "/States/Route/Choices/0/And"),
    ("ASL403", choice({"Variable": "$.a", "IsNull": True, "IsString": True}), "/States/Route/Choices/0"),
    ("ASL404", choice({"Variable": "$.a", "NumericEquals": "1"}), "/States/Route/Choices/0/NumericEquals"),
    ("ASL404", choice({"Variable": "$.a", "StringEqualsPath": "b"}), "/States/Route/Choices/0/StringEqualsPath"),
    ("ASL404", choice({"Variable": "$.a", "StringMatches": "a\\b"}), "/States/Route/Choices/0/StringMatches"),
    ("ASL405", choice({"Condition": "true"}, language="JSONata"), "/States/Route/Choices/0/Condition"),
    ("ASL501", one(Parameters={"a.$": "States.Concat('a')"}), "/States/Only/Parameters/a.$"),
    ("ASL501", one(Parameters={"a.$": "States.Hash($.a)"}), "/States/Only/Parameters/a.$"),
    ("ASL501", one(Parameters={"a.$": "States.Format('{} {}', $.a)"}), "/States/Only/Parameters/a.$"),
    ("ASL501", one(Parameters={"a.$": "States.MathAdd('1', 2)"}), "/States/Only/Parameters/a.$"),
    ("ASL501", one(Parameters={"a.$": "States.Array($.a"}), "/States/Only/Parameters/a.$"),
    ("ASL501", one(Parameters={"a.$": f"States.Array({TEN_DEEP})"}), "/States/Only/Parameters/a.$"),
    ("ASL501", one("Fail", CausePath="States.Nothing()"), "/States/Only/CausePath"),
    ("ASL501", one("Fail", CausePath="States.MathAdd(1, 2)"), "/States/Only/CausePath"),
    ("ASL601", task(Retry=[{"ErrorEquals": []}]), "/States/Only/Retry/0/ErrorEquals"),
    ("ASL601", caught(Next=...), "/States/Only/Catch/0"),
    ("ASL602", task(Retry=[{"ErrorEquals": ["A"], "Next": "Only"}]), "/States/Only/Retry/0/Next"),
    ("ASL602", caught(Output={}), "/States/Only/Catch/0/Output"),
    ("ASL603", task(Retry=[{"ErrorEquals": ["States.ALL", "A"]}]), "/States/Only/Retry/0/ErrorEquals"),
    ("ASL603", task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}]), "/States/Only/Retry/0/ErrorEquals"),
    ("ASL604", task(Retry=[{"ErrorEquals": ["States.TimeOut"]}]), "/States/Only/Retry/0/ErrorEquals/0"),
    ("ASL605", task(Retry=[{"ErrorEquals": ["A"], "IntervalSeconds": 5, "MaxDelaySeconds": 5}]), "/States/Only/Retry/0/MaxDelaySeconds"),
    ("ASL606", task(Retry=[{"ErrorEquals": ["A", "B"]}, {"ErrorEquals": ["B"]}]), "/States/Only/Retry/1/ErrorEquals"),
    ("ASL701", map_({"Mode": "DISTRIBUTED"}), "/States/Only/ItemProcessor/ProcessorConfig"),
    ("ASL701", map_({"Mode": "REMOTE"}), "/States/Only/ItemProcessor/ProcessorConfig/Mode"),
    ("ASL701", map_(DISTRIBUTED | {"ExecutionType": "FAST"}), "/States/Only/ItemProcessor/ProcessorConfig/ExecutionType"),
    ("ASL702", map_({"Mode": "INLINE"}, ItemReader=READER), "/States/Only/ItemReader"),
    ("ASL703", map_(Label="each"), "/States/Only/Label"),
    ("ASL704", map_(DISTRIBUTED, ItemReader=READER | {"Arguments": {}}), "/States/Only/ItemReader/Arguments"),
    ("ASL704", map_(DISTRIBUTED, ItemBatcher={"MaxItemsPerBatch": 1, "MaxItemsPerBatchPath": "$.n"}), "/States/Only/ItemBatcher/MaxItemsPerBatchPath"),
    ("ASL704", map_(DISTRIBUTED, ItemReader=READER | {"ReaderConfig": {"Type": "CSV"}}), "/States/Only/ItemReader/ReaderConfig/Type"),
    ("ASL705", map_(DISTRIBUTED, ItemReader={"Parameters": {}}), "/States/Only/ItemReader"),
    ("ASL705", map_(DISTRIBUTED, ItemBatcher={"BatchInput": {}}), "/States/Only/ItemBatcher"),
    ("ASL706", one("Parallel", Branches=["A"]), "/States/Only/Branches/0"),
    ("ASL806", task(Resource="arn:aws:states:::lamda:invoke"), "/States/Only/Resource"),
    ("ASL801", task(Resource="arn:aws:states:::lambda:call"), "/States/Only/Resource"),
    ("ASL801", task(Resource="arn:aws:states:::aws-sdk:S3:GetObject"), "/States/Only/Resource"),
    ("ASL802", task(Resource="arn:aws:states:::lambda:invoke.sync"), "/States/Only/Resource"),
    ("ASL802", task(Resource="arn:aws:states:::glue:startJobRun.sync:2"), "/States/Only/Resource"),
    ("ASL802", task(Resource="arn:aws:states:::lambda:invoke.async"), "/States/Only/Resource"),
    ("ASL803", task(Parameters={"Payload": 1}), "/States/Only/Parameters"),
    ("ASL804", task(Resource=WAITING, Parameters=MESSAGE | {"MessageBody": "m"}, TimeoutSeconds=9), "/States/Only"),
    ("ASL805", task(Resource=WAITING, Parameters=MESSAGE), "/States/Only"),
    ("ASL901", one_jsonata(Output="{% 1"), "/States/Only/Output"),
    ("ASL901", one_jsonata(Output={"a": ["1 %}"]}), "/States/Only/Output/a/0"),
    ("ASL901", one_jsonata(Output=" {% 1 %}"), "/States/Only/Output"),
    ("ASL902", one_jsonata(Output="{% $sum( %}"), "/States/Only/Output"),
    ("ASL902", one_jsonata(Output="{% %}"), "/States/Only/Output"),
    ("ASL903", one_jsonata(Output="{% $eval('1') %}"), "/States/Only/Output"),
    ("ASL904", one_jsonata(Output="{% $states.inputs.a %}"), "/States/Only/Output"),
    ("ASL904", one_jsonata(Output="{% $states.result %}"), "/States/Only/Output"),
    ("ASL904", one_jsonata("Task", Resource="arn:aws:states:::lambda:invoke", Arguments={"FunctionName": "{% $states.result %}"}), "/States/Only/Arguments/FunctionName"),
    ("ASL904", one_jsonata("Task", Resource="arn:x:y", Output="{% $states.errorOutput %}"), "/States/Only/Output"),
    ("ASL904", choice({"Condition": "{% $states.result %}"}, language="JSONata"), "/States/Route/Choices/0/Condition"),
    ("ASL905", one_jsonata(Output="{% order.id %}"), "/States/Only/Output"),
    ("ASL905", one_jsonata(Output="{% $.id %}"), "/States/Only/Output"),
    ("ASL905", one_jsonata(Output="{% $$.id %}"), "/States/Only/Output"),
    ("ASL906", one_jsonata(Output="{% $oder.id %}"), "/States/Only/Output"),
    ("ASL906", one_jsonata(Output="{% $shout('a') %}"), "/States/Only/Output"),
    ("ASL906", jsonata({"Each": {"Type": "Map", "ItemProcessor": machine({"In": {"Type": "Pass", "Assign": {"x": 1}, "End": True}}), "Output": "{% $x %}", "End": True}}), "/States/Each/Output"),
]  # fmt: skip


@pytest.mark.parametrize("definition", [pytest.param(d, id=name) for name, d in GOOD])
def test_a_machine_that_keeps_the_rules_passes(definition: dict[str, Any]) -> None:
    """Nothing is found: no error, and no warning."""
    assert list(map(str, judged(definition))) == []


@pytest.mark.parametrize(("rule", "definition", "place"), BAD, ids=lambda value: str(value)[:40])
def test_a_broken_rule_is_named_where_it_is_broken(
    rule: str, definition: dict[str, Any], place: str
) -> None:
    """By its id, at the pointer of the part to mend."""
    found = {(finding.rule.id, finding.place) for finding in judged(definition)}

    assert (rule, place) in found


def test_each_rule_of_the_language_has_a_broken_machine() -> None:
    """So that no rule can go without a test that fails."""
    broken = {rule for rule, _, _ in BAD} | {spec.NO_JSON.id}

    assert {rule.id for rule in spec.RULES} == broken


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"StartAt": "A", "StartAt": "B"}', "\ufeff{}", '{"a": NaN}']
)
def test_what_is_no_strict_json_object_is_refused(text: str) -> None:
    """One finding, and no guess at the rest."""
    [finding] = spec.check_text(text, "x")

    assert finding.rule is spec.NO_JSON


STATE_FIELDS = (
    *("Type", "Next", "End", "Retry", "Catch", "Assign", "Parameters", "Branches", "Choices"),
    *("ItemProcessor", "Resource", "ItemReader", "ItemBatcher", "ResultWriter", "TimeoutSeconds"),
    *("HeartbeatSeconds", "ResultPath", "Credentials"),
)


@pytest.mark.parametrize("build", [one, one_jsonata])
@pytest.mark.parametrize("type_", ["Task", "Parallel", "Map", "Choice"])
def test_nothing_that_is_json_throws_it_off(
    type_: str, build: Callable[..., dict[str, Any]]
) -> None:
    """Whatever stands in a field, and in a list or an object there, findings come back."""
    for value in (None, 1, "text", [], [1], [None], {}, {"a": 1}, True, [{"a": [1]}]):
        for key in STATE_FIELDS:
            assert all(f.rule in spec.RULES for f in judged(build(type_, **{key: value})))
        for key in ("States", "StartAt", "QueryLanguage", "TimeoutSeconds"):
            assert all(f.rule in spec.RULES for f in judged({**build(type_), key: value}))
        assert all(f.rule in spec.RULES for f in judged(machine({"Only": value})))


def test_errors_and_warnings_are_told_apart() -> None:
    """A warning is about what the service takes and nobody wants."""
    warnings = {rule.id for rule in spec.RULES if rule.severity is Severity.WARNING}

    assert warnings == {
        "ASL105",
        "ASL206",
        "ASL605",
        "ASL606",
        "ASL703",
        "ASL804",
        "ASL805",
        "ASL806",
        "ASL906",
    }
