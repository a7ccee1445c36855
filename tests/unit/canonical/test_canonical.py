"""One text for one value, and a door that lets in only what every parser reads alike."""

import hashlib
from enum import StrEnum

import pytest

from functions.core.domain.canonical import NotCanonical, canonical, digest, parse_strict
from functions.core.domain.errors import InvalidJson


def test_equal_values_have_one_text() -> None:
    """Order of keys and spaces don't matter, and nothing is escaped that need not be."""
    text = canonical({"b": [1, 2.5, None, True], "a": "é\n😀"})

    assert text == '{"a":"é\\n😀","b":[1,2.5,null,true]}'.encode()
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})


def test_a_digest_is_taken_over_the_canonical_text() -> None:
    """Anyone can recompute it from the text."""
    assert digest({"b": 1, "a": 2}) == hashlib.sha256(b'{"a":2,"b":1}').hexdigest()


@pytest.mark.parametrize(
    ("value", "reason", "pointer"),
    [
        ({"a": [float("nan")]}, "not a finite number", "/a/0"),
        ({"a": float("inf")}, "not a finite number", "/a"),
        ({1: "x"}, "a key is no string", ""),
        ({"a": {"b": object()}}, "no JSON type (object)", "/a/b"),
        ({"a": b"x"}, "no JSON type (bytes)", "/a"),
        ("\ud800", "lone surrogate", ""),
        ({"\ud800": 1}, "lone surrogate", ""),
    ],
)
def test_it_refuses_what_has_no_json(value: object, reason: str, pointer: str) -> None:
    """A value that two writers would write differently gets no hash."""
    with pytest.raises(NotCanonical) as caught:
        canonical(value)

    assert (caught.value.reason, caught.value.pointer) == (reason, pointer)


class Word(StrEnum):
    ONE = "one"


def test_what_counts_as_text_or_list_has_the_same_form() -> None:
    """Words of an enumeration, tuples and subclasses are what JSON has for them."""
    assert canonical({Word.ONE: (Word.ONE, True)}) == canonical({"one": ["one", True]})


def nested(depth: int, innermost: object) -> object:
    value = innermost
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_counted_to_the_innermost_value() -> None:
    """The bound is the same whatever lies at it."""
    for innermost in (1, [], {}, "x"):
        canonical(nested(200, innermost))
        with pytest.raises(NotCanonical, match="nested too deeply"):
            canonical(nested(201, innermost))


def test_it_refuses_a_value_that_contains_itself() -> None:
    """It ends, instead of recursing."""
    value: list[object] = []
    value.append(value)

    with pytest.raises(NotCanonical, match="nested too deeply"):
        canonical(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12345678901234567", 12345678901234567),
        ('{"id": 123456789012345678901234567890}', {"id": 123456789012345678901234567890}),
        ('"\\ud83d\\ude00"', "😀"),
        (" [1.5, -0.0, 1e3] ", [1.5, -0.0, 1000.0]),
        ('{"a\\"}]": "]]]]"}', {'a"}]': "]]]]"}),
        ("[" * 64 + "]" * 64, None),
    ],
)
def test_it_reads_what_is_json(text: str, value: object) -> None:
    """Integers of any length stay exact, pairs of surrogates are one character."""
    parsed = parse_strict(text)

    assert value is None or parsed == value
    assert parse_strict(text.encode()) == parsed


@pytest.mark.parametrize(
    ("text", "reason", "pointer"),
    [
        (b"\xff{}", "not UTF-8", None),
        ("", "not JSON", None),
        ("{", "not JSON", None),
        ("{'a': 1}", "not JSON", None),
        ('{"a": 1,}', "not JSON", None),
        ("\ufeff{}", "not JSON", None),
        ('"a\tb"', "not JSON", None),
        ("{} {}", "trailing data", None),
        ('{"a": 1, "a": 1}', "duplicate key", ""),
        ('{"x": [{"a": 1, "\\u0061": 2}]}', "duplicate key", "/x/0"),
        ("[" * 65 + "]" * 65, "nested too deeply", None),
        ("[" * 200_000, "nested too deeply", None),
        ('{"a": "x\\u0000"}', "NUL character", "/a"),
        ('{"a\\u0000": 1}', "NUL character", ""),
        ('{"a": ["\\ud800"]}', "lone surrogate", "/a/0"),
        ('{"\\udc00": 1}', "lone surrogate", ""),
        ('"\ud800"', "lone surrogate", None),
        ("NaN", "not a finite number", None),
        ("[Infinity]", "not a finite number", None),
        ("-Infinity", "not a finite number", None),
        ("1e400", "not a finite number", None),
        ("1" * 5000, "number too long", None),
        ('"' + "x" * 2_000_000 + '"', "too large", None),
    ],
)
def test_it_names_what_it_refuses(text: str | bytes, reason: str, pointer: str | None) -> None:
    """The reason is a fixed phrase, with the place where it is known."""
    with pytest.raises(InvalidJson) as caught:
        parse_strict(text)

    assert (caught.value.reason, caught.value.pointer) == (reason, pointer)


def test_size_is_counted_in_bytes() -> None:
    """A text of few characters may be a long one."""
    assert parse_strict('"éé"', max_bytes=6) == "éé"
    with pytest.raises(InvalidJson, match="too large"):
        parse_strict('"ééé"', max_bytes=6)


def test_errors_carry_no_data() -> None:
    """A key that looks like data is not shown; values never are."""
    text = '{"jane@example.com": {"secret": "\\u0000", "a": 1}}'

    with pytest.raises(InvalidJson) as caught:
        parse_strict(text)

    assert str(caught.value) == "NUL character at /?/secret"
    assert caught.value.__cause__ is None
    assert "jane" not in repr(caught.value)
