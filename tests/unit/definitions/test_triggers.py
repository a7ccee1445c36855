"""What a rule or a schedule may say, and how the rest is refused by name."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from functions.core.domain.triggers import check_pattern, check_schedule_expression


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minute)",
        "rate(15 minutes)",
        "rate(1 day)",
        "at(2026-11-22T08:00:00)",
        "cron(0 8 ? * MON-FRI *)",
        "cron(*/5 0-12 L * ? 2026-2030)",
    ],
)
def test_a_schedule_is_taken(expression: str) -> None:
    """These are the forms of the Scheduler's guide."""
    assert check_schedule_expression(expression) == expression


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("every 5 minutes", "rate(...), cron(...) or at(...)"),
        ("rate(0 minutes)", "rate(...), cron(...) or at(...)"),
        ("rate(1 minutes)", "say rate(1 minute)"),
        ("rate(5 minute)", "say rate(5 minutes)"),
        ("rate(5 seconds)", "rate(...), cron(...) or at(...)"),
        ("cron(0 8 * * *)", "6 fields"),
        ("cron(0 8 * * * *)", "exactly one of day of month and day of week"),
        ("cron(0 8 ? * ? *)", "exactly one of day of month and day of week"),
        ("cron(a 8 ? * * *)", "the field for minutes"),
        ("at(2026-13-22T08:00:00)", "rate(...), cron(...) or at(...)"),
        ("at(2026-11-22 08:00)", "rate(...), cron(...) or at(...)"),
    ],
)
def test_a_malformed_schedule_is_refused(expression: str, words: str) -> None:
    """It is refused here, not by the cloud during a deployment."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its words are compared
        check_schedule_expression(expression)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "pattern",
    [
        {"state": ["running", None, 4]},
        {"a": {"b": [{"exists": False}]}},
        {"n": [{"numeric": [">", 0, "<=", 5]}, {"numeric": ["=", 3.5]}]},
        {"p": [{"prefix": "x"}, {"suffix": {"equals-ignore-case": ".PNG"}}]},
        {"w": [{"wildcard": "a*b"}, {"wildcard": "a\\**"}, {"cidr": "10.0.0.0/24"}]},
        {"x": [{"anything-but": ["a", "b"]}, {"anything-but": {"prefix": "p"}}]},
        {"$or": [{"a": [1]}, {"b": [{"equals-ignore-case": "x"}]}]},
    ],
)
def test_a_pattern_is_taken(pattern: dict[str, Any]) -> None:
    """These operators the laptop cloud matches as EventBridge does."""
    assert check_pattern(pattern) == pattern


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ({}, "takes fields with their values"),
        ({"a": "x"}, "/a: takes a list of values"),
        ({"a": []}, "/a: takes a list of values"),
        ({"a": {}}, "/a: takes fields"),
        ({"a": [["x"]]}, "/a: a list inside a list"),
        ({"a": {"b": [{"starts-with": "x"}]}}, "/a/b: operator 'starts-with' is not supported"),
        ({"a": [{"prefix": "x", "suffix": "y"}]}, "/a: one operator in an object"),
        ({"a": [{"prefix": 3}]}, "/a: prefix does not take"),
        ({"a": [{"numeric": [">", "3"]}]}, "/a: numeric does not take"),
        ({"a": [{"numeric": [">", 5, "<", 3]}]}, "/a: numeric does not take"),
        ({"a": [{"exists": "yes"}]}, "/a: exists does not take"),
        ({"a": [{"cidr": "10.0.0.0"}]}, "/a: cidr does not take"),
        ({"a": [{"cidr": "10.0.0.0/32"}]}, "/a: cidr does not take"),
        ({"a": [{"cidr": "10.0.0.0/255.0.0.0"}]}, "/a: cidr does not take"),
        ({"a": [{"numeric": ["=", 5_000_000_001]}]}, "/a: numeric does not take"),
        ({"a": [{"wildcard": "a**b"}]}, "/a: wildcard does not take"),
        ({"a": [{"wildcard": "a\\b"}]}, "/a: wildcard does not take"),
        ({"a": [{"anything-but": [1, "x"]}]}, "/a: anything-but does not take"),
        ({"a": [{"anything-but": {"numeric": ["=", 1]}}]}, "/a: anything-but does not take"),
        ({"$or": [{"a": [1]}]}, "/$or: takes a list of at least two"),
        ({"$or": [{"prefix": ["x"]}, {"a": [1]}]}, "/$or/prefix: an operator's name is no field"),
    ],
)
def test_a_pattern_is_refused_by_name(pattern: dict[str, Any], words: str) -> None:
    """Place and operator are named; nothing is silently never matched."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its words are compared
        check_pattern(pattern)

    assert words in str(caught.value)


@pytest.mark.skipif("DATA" not in os.environ, reason="DATA names a folder with events/patterns")
def test_it_agrees_with_recorded_patterns() -> None:
    """What EventBridge calls invalid is refused, and nothing else."""
    lines = (Path(os.environ["DATA"]) / "events" / "patterns.jsonl").read_text().strip().split("\n")
    wrong = [row for row in map(json.loads, lines) if _refused(row) != (row["expect"] == "invalid")]

    assert wrong == []


def _refused(row: dict[str, Any]) -> bool:
    pattern = row["pattern"]
    try:
        check_pattern(json.loads(pattern) if isinstance(pattern, str) else pattern)
    except ValueError:
        return True
    return False
