"""Artifact references, and the pointers that lead to them."""

import pytest

from functions.core.domain.errors import ArtifactRefused
from functions.core.domain.references import (
    FIELD,
    Reference,
    is_reference,
    lookup,
    references,
    replace,
)
from tests.stage import KEYS


def minted(content: bytes = b"hello", run: str = "r1", team: str = "desk") -> dict:
    named = Reference.name(KEYS, team=team, run=run, content=content, media_type="text/plain")
    return named.mint(KEYS)


def test_a_reference_says_where_what_and_how_large() -> None:
    """Team, run and hash make its key in the bucket."""
    read = Reference.verify(KEYS, minted())

    assert (read.team, read.run, read.size) == ("desk", "r1", 5)
    assert read.object_key == f"artifacts/desk/r1/{read.digest}"


def test_equal_values_compare_equal_within_a_team_only() -> None:
    """The hash is keyed, so nobody learns what another team has."""
    digests = [
        Reference.verify(KEYS, minted(run=run, team=team)).digest
        for run, team in (("r1", "desk"), ("r2", "desk"), ("r1", "other"))
    ]

    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    "change",
    [
        {FIELD: "desk/r2/" + "0" * 64},
        {"media_type": "application/json"},
        {"bytes": 6},
        {"mac": "0" * 64},
        {"mac": None},
        {"extra": 1},
        {FIELD: "desk/r1"},
        {FIELD: 7},
        {"bytes": "5"},
    ],
    ids=str,
)
def test_a_changed_reference_is_refused(change) -> None:
    """Nobody can point it elsewhere, or make one up."""
    with pytest.raises(ArtifactRefused):
        Reference.verify(KEYS, minted() | change)


def test_a_business_field_called_artifact_is_none() -> None:
    """Only our own key makes an object a reference."""
    assert not is_reference({"artifact": "desk/r1/x", "mac": ""})


def test_references_are_found_at_any_depth() -> None:
    """With the pointer that leads to each."""
    one, two = minted(b"1"), minted(b"2")
    value = {"a": [0, {"b/c": one}], "~d": two}

    assert [("/a/1/b~1c", one), ("/~0d", two)] == list(references(value))


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("", {"a": [1, {"b/c": 2}], "": 3}), ("/a/0", 1), ("/a/1/b~1c", 2), ("/", 3)],
)
def test_a_pointer_names_one_value(pointer, found) -> None:
    """As RFC 6901 has it."""
    assert lookup({"a": [1, {"b/c": 2}], "": 3}, pointer) == found


@pytest.mark.parametrize("pointer", ["/b", "/a/2", "/a/x", "/a/0/c"])
def test_a_pointer_to_nothing_is_an_error(pointer) -> None:
    """It never becomes an empty value."""
    with pytest.raises(KeyError):
        lookup({"a": [1, {}]}, pointer)


def test_replacing_leaves_the_original_alone() -> None:
    """The new value shares nothing that changes."""
    value = {"a": [1, {"b": 2}], "": {"c": 0}}

    assert replace(value, "/a/1/b", 9) == {"a": [1, {"b": 9}], "": {"c": 0}}
    assert replace(value, "//c", 9) == {"a": [1, {"b": 2}], "": {"c": 9}}
    assert value == {"a": [1, {"b": 2}], "": {"c": 0}}
