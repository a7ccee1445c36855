"""Names are computed, and whoever sees the same facts says the same name."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.core.domain.names import (
    EXECUTION_NAME_LIMIT,
    AttemptName,
    dedup_text,
    idempotency_key,
    is_run_name,
    is_step_identity,
    nested_name,
    run_name,
)

KEY = b"k" * 32
NOON = datetime(2026, 11, 30, 23, 59, 59, 999000, tzinfo=UTC)


def test_a_run_is_named_by_what_identifies_it() -> None:
    """The same event is the same run; stage, workflow, key and generation tell runs apart."""
    name = run_name(KEY, "dev", "triage", "s1:a")
    others = {
        run_name(KEY, "prod", "triage", "s1:a"),
        run_name(KEY, "dev", "triages", "s1:a"),
        run_name(KEY, "dev", "triage", "s1:b"),
        run_name(KEY, "dev", "triage", "s1:a", generation=1),
        run_name(b"x" * 32, "dev", "triage", "s1:a"),
    }

    assert name == run_name(KEY, "dev", "triage", "s1:a")
    assert len(others | {name}) == 6
    assert is_run_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [(["a", "b"], ["ab"]), ([1], ["1"]), (["1:a"], ["1", "a"]), (["", "a"], ["a", ""])],
)
def test_different_keys_never_share_a_text(one, other) -> None:
    """Length and kind of each value are part of it."""
    assert dedup_text(one) != dedup_text(other)


def test_an_integer_of_17_digits_stays_exact_in_a_key() -> None:
    """No formatting merges neighbours."""
    assert dedup_text([12345678901234567]) != dedup_text([12345678901234568])


@pytest.mark.parametrize(
    "text",
    ["", "triage", "Triage-" + "a" * 26, "triage-" + "a" * 25, "triage-" + "A" * 26, "a" * 90],
)
def test_other_texts_are_no_run_names(text) -> None:
    """Form is checked before anything is looked up."""
    assert not is_run_name(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("ClassifyTicket.1700000000000", True),
        ("Each.item-7.1700000000000", True),
        ("Each.item 7.1", False),
        ("1st.1", False),
        ("A" * 33 + ".1", False),
        ("Classify", False),
        ("Classify.1/2", False),
    ],
)
def test_a_step_identity_is_state_item_and_visit(text, fits) -> None:
    """Nothing else is one, so it can stand in keys and names."""
    assert is_step_identity(text) is fits


def test_a_nested_execution_fits_the_limit() -> None:
    """A long name keeps its head and gets a hash, different for different steps."""
    run = "triage-" + "a" * 26
    long = [nested_name(run, f"{'S' * 32}.{'i' * 40}.{visit}") for visit in (1, 2)]

    assert nested_name(run, "Sort.1") == "a" * 26 + "-Sort.1"
    assert [len(name) <= EXECUTION_NAME_LIMIT for name in long] == [True, True]
    assert long[0] != long[1]


def test_an_attempt_is_read_back_from_its_text() -> None:
    """Its text says all that it is."""
    attempt = AttemptName.draw("run", "Sort.1", 2, NOON)

    assert attempt == AttemptName.parse(str(attempt))
    assert attempt.drawn_at == NOON


def test_each_invocation_draws_another_attempt() -> None:
    """A retry of PrepareCall never says the name of the one before."""
    names = {str(AttemptName.draw("run", "Sort.1", 1, NOON)) for _ in range(50)}

    assert len(names) == 50


def test_an_attempt_lies_in_one_shard_for_ever() -> None:
    """The shard is a function of the name, and attempts spread over all of them."""
    attempts = [AttemptName.draw("run", "Sort.1", 1, NOON) for _ in range(100)]

    assert all(a.shard(4) == AttemptName.parse(str(a)).shard(4) for a in attempts)
    assert {a.shard(4) for a in attempts} == {0, 1, 2, 3}


def test_what_is_no_attempt_is_not_read() -> None:
    """A text of another form is an error, no attempt with odd fields."""
    with pytest.raises(ValueError, match="unpack"):
        AttemptName.parse("run/step/1")


def test_a_system_sees_the_same_key_at_each_attempt() -> None:
    """The idempotency key is of the step."""
    assert idempotency_key("run", "Write.1") == "run/Write.1"
    assert timedelta(0) == NOON - AttemptName.draw("r", "S.1", 1, NOON).drawn_at
