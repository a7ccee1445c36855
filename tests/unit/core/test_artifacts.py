"""Values kept outside the state: what is replaced, and who gets it back."""

import pytest

from functions.core.domain.canonical import canonical
from functions.core.domain.errors import ArtifactRefused
from functions.core.domain.references import is_reference
from functions.core.services.artifacts import STATE_BYTES, VALUE_BYTES

BIG = "x" * (VALUE_BYTES + 1)


def shrunk(stage, value, *pointers):
    return stage.artifacts.shrink(value, list(pointers), team="desk", run="r")


def test_named_and_large_values_are_replaced(stage) -> None:
    """Everything else stays as it is."""
    fit = shrunk(stage, {"a": "Jo", "b": BIG, "c": [1, BIG], "d": 2}, "/a")

    assert [name for name in fit if is_reference(fit[name])] == ["a", "b", "c"]
    assert stage.artifacts.resolve(fit, run="r") == {"a": "Jo", "b": BIG, "c": [1, BIG], "d": 2}


@pytest.mark.parametrize("number", [2**53, -(2**53), 12345678901234567])
def test_integers_that_doubles_can_not_hold_are_replaced(stage, number) -> None:
    """JSONata would round them."""
    fit = shrunk(stage, {"n": number, "m": 2**53 - 1})

    assert (is_reference(fit["n"]), fit["m"]) == (True, 2**53 - 1)
    assert stage.artifacts.resolve(fit, run="r")["n"] == number


def test_the_largest_go_until_the_whole_fits(stage) -> None:
    """Many values that are each small enough are still too many."""
    value = {f"k{n}": "y" * (VALUE_BYTES - 100 * n - 10) for n in range(6)}
    fit = shrunk(stage, value)

    assert len(canonical(fit)) <= STATE_BYTES
    assert is_reference(fit["k0"])
    assert not is_reference(fit["k5"])
    assert stage.artifacts.resolve(fit, run="r") == value


def test_a_long_list_is_replaced_as_one(stage) -> None:
    """Its small members would not be."""
    value = {"rows": ["z" * 100] * 100}
    fit = shrunk(stage, value)

    assert is_reference(fit["rows"])
    assert stage.artifacts.resolve(fit, run="r") == value


def test_a_value_inside_a_replaced_one_is_not_replaced_twice(stage) -> None:
    """The outermost counts."""
    fit = shrunk(stage, {"a": {"b": "Jo"}}, "/a", "/a/b")

    assert stage.artifacts.resolve(fit, run="r") == {"a": {"b": "Jo"}}


def test_another_run_s_artifact_is_not_resolved(stage) -> None:
    """A state machine can't reach into its neighbour."""
    fit = shrunk(stage, {"a": "Jo"}, "/a")

    with pytest.raises(ArtifactRefused, match="/a belongs to somebody else"):
        stage.artifacts.resolve(fit, run="other")
    with pytest.raises(ArtifactRefused, match="another run"):
        stage.artifacts.fetch(fit["a"], run="other")


def test_what_is_gone_from_the_bucket_is_an_error(stage) -> None:
    """Lifecycle rules may have taken it."""
    fit = shrunk(stage, {"a": "Jo"}, "/a")
    stage.blobs.kept.clear()

    with pytest.raises(ArtifactRefused, match="not kept any more"):
        stage.artifacts.resolve(fit, run="r")
