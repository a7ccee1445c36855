"""Event patterns match exactly what EventBridge matches."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from interlock.local.mends.events.patterns import InvalidPattern, compiled
from interlock.local.mends.refusal import NotPlayedHere


def matches(pattern: object, event: dict) -> bool:
    return compiled(json.dumps(pattern)).matches(event)


CASES = [
    ({"a": ["x"]}, {"a": "x"}, True),
    ({"a": ["x"]}, {"a": ["y", "x"]}, True),
    ({"a": ["x"]}, {"a": {"b": "x"}}, False),
    ({"a": [1]}, {"a": 1.0}, True),
    ({"a": [1]}, {"a": "1"}, False),
    ({"a": [1]}, {"a": True}, False),
    ({"a": [True]}, {"a": 1}, False),
    ({"a": [None]}, {"a": None}, True),
    ({"a": [None]}, {}, False),
    ({"a": {"b": ["x"]}}, {"a": {"b": "x"}, "c": 1}, True),
    # EventBridge flattens both to names joined by dots, so it can't tell these apart
    ({"a": {"b": ["x"]}}, {"a.b": "x"}, True),
    ({"a.b": ["x"], "a": {"c": ["y"]}}, {"a": {"b": "x", "c": "y"}}, True),
    ({"$or": [{"a.b": ["x"]}, {"c": ["y"]}]}, {"a": {"b": "x"}}, True),
    ({"a.b.c": ["x"], "a.b.d": ["y"]}, {"a": {"b": {"c": "z", "d": "y"}}}, False),
    ({"a.b.c": ["x"]}, {"a.b.c": "x", "a.b.d": "y"}, True),
    ({"a.b": ["x"]}, {"a": "x"}, False),
    ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": "z"}, False),
    ({"l": {"k": ["1"], "v": ["2"]}}, {"l": [{"k": "1", "v": "2"}]}, True),
    ({"l": {"k": ["1"], "v": ["2"]}}, {"l": [{"k": "1", "v": "9"}, {"k": "9", "v": "2"}]}, False),
    ({"a": [{"prefix": "ab"}]}, {"a": "abc"}, True),
    ({"a": [{"prefix": "ab"}]}, {"a": 7}, False),
    ({"a": [{"prefix": {"equals-ignore-case": "AB"}}]}, {"a": "abc"}, True),
    ({"a": [{"suffix": "bc"}]}, {"a": ["x", "abc"]}, True),
    ({"a": [{"suffix": {"equals-ignore-case": "BC"}}]}, {"a": "abc"}, True),
    ({"a": [{"equals-ignore-case": "ABC"}]}, {"a": "aBc"}, True),
    ({"a": [{"anything-but": "x"}]}, {"a": "y"}, True),
    ({"a": [{"anything-but": ["x", "y"]}]}, {"a": "y"}, False),
    ({"a": [{"anything-but": [1, 2]}]}, {"a": 3}, True),
    ({"a": [{"anything-but": "x"}]}, {}, False),
    ({"a": [{"anything-but": "x"}]}, {"a": ["x", "y"]}, True),
    ({"a": [{"anything-but": {"prefix": ["in", "out"]}}]}, {"a": "outer"}, False),
    ({"a": [{"anything-but": {"suffix": ".png"}}]}, {"a": "a.jpg"}, True),
    ({"a": [{"anything-but": {"equals-ignore-case": ["A", "B"]}}]}, {"a": "b"}, False),
    ({"a": [{"anything-but": {"wildcard": "*/lib/*"}}]}, {"a": "x/lib/y"}, False),
    ({"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 5}, True),
    ({"a": [{"numeric": ["=", 3]}]}, {"a": 3.0}, True),
    ({"a": [{"numeric": ["<", 3]}]}, {"a": "2"}, False),
    ({"a": [{"exists": True}]}, {"a": None}, True),
    ({"a": [{"exists": True}]}, {"a": {"b": 1}}, False),
    ({"a": [{"exists": False}]}, {"b": 1}, True),
    ({"a": [{"exists": False}]}, {"a": ""}, False),
    ({"a": [{"exists": False}, "x"]}, {"a": "x"}, True),
    ({"a": {"b": [{"exists": False}]}}, {}, True),
    ({"l": {"b": [{"exists": False}]}}, {"l": [{"a": 1}, {"b": 2}]}, False),
    ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.0.0.255"}, True),
    ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.0.1.0"}, False),
    ({"a": [{"cidr": "2001:db8::/32"}]}, {"a": "2001:db8::1"}, True),
    ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "no address"}, False),
    ({"a": [{"wildcard": "a*c*e"}]}, {"a": "abcde"}, True),
    ({"a": [{"wildcard": "a*c"}]}, {"a": "abcd"}, False),
    ({"a": [{"wildcard": "a\\*c"}]}, {"a": "abc"}, False),
    ({"a": [{"wildcard": "a\\*c"}]}, {"a": "a*c"}, True),
    ({"a": [{"wildcard": "a\\**"}]}, {"a": "a*c"}, True),
    ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, True),
    ({"$or": [{"a": ["x"]}, {"b": ["y"]}], "c": ["z"]}, {"b": "y"}, False),
    ({"d": {"$or": [{"a": [1]}, {"a": [{"numeric": [">", 5]}]}]}}, {"d": {"a": 6}}, True),
]


@pytest.mark.parametrize(("pattern", "event", "expected"), CASES)
def test_a_pattern_matches_as_eventbridge_does(pattern, event, expected):
    assert expected == matches(pattern, event)


@pytest.mark.parametrize(
    "pattern",
    [
        {"a": "x"},
        {"a": []},
        {},
        {"a": {}},
        {"a": [["x"]]},
        {"a": [{"prefix": ["x"]}]},
        {"a": [{"prefix": "x", "suffix": "y"}]},
        {"a": [{"anything-but": []}]},
        {"a": [{"anything-but": ["x", 1]}]},
        {"a": [{"anything-but": [None]}]},
        {"a": [{"anything-but": {"prefix": ""}}]},
        {"a": [{"numeric": [">", 0, ">", 1]}]},
        {"a": [{"numeric": [">", 5, "<", 1]}]},
        {"a": [{"numeric": ["<", 5, ">", 1]}]},
        {"a": [{"numeric": ["!", 1]}]},
        {"a": [{"numeric": [["<"], 1]}]},
        {"a": [{"numeric": ["=", 6_000_000_000]}]},
        {"a": [{"exists": "yes"}]},
        {"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]},
        {"a": [{"anything-but": {"cidr": "10.0.0.0/8"}}]},
        {"a": [{"cidr": "10.0.0.0/x"}]},
        {"a": [{"cidr": "10.0.0.0"}]},
        {"a": [{"cidr": "10.0.0.0/32"}]},
        {"a": [{"wildcard": "a**b"}]},
        {"a": [{"wildcard": "a\\b"}]},
        {"$or": [{"a": [1]}]},
        {"$or": [{"a": [1]}, {"b": {"prefix": ["x"]}}]},
    ],
)
def test_a_pattern_that_eventbridge_refuses_is_refused(pattern):
    with pytest.raises(InvalidPattern):
        compiled(json.dumps(pattern))


@pytest.mark.parametrize(
    "pattern", [{"a": [{"regex": "x"}]}, {"a": [{"anything-but": {"regex": "x"}}]}]
)
def test_an_unknown_operator_is_refused_by_name(pattern):
    with pytest.raises(NotPlayedHere, match="regex"):
        compiled(json.dumps(pattern))


def test_patterns_of_the_world_agree():
    """Rows of ``{pattern, event, expect}`` in a file outside the project, where one is given."""
    path = os.environ.get("INTERLOCK_EVENT_PATTERNS")
    if not path:
        pytest.skip("INTERLOCK_EVENT_PATTERNS names no file")
    wrong = []
    for line in Path(path).read_text().splitlines():
        row = json.loads(line)
        try:
            found = "match" if matches(row["pattern"], row["event"]) else "no_match"
        except InvalidPattern:
            found = "invalid"
        if found != row["expect"]:
            wrong.append(row["id"])

    assert wrong == []
