"""`interlock budgets`: what is left, changed limits, and bills of what nobody confirmed."""

from decimal import Decimal

import pytest

from interlock.cli.exits import Exit
from tests.unit.cli.test_cost_report import died, month

__all__ = ["month"]
WHY = ("--why", "a busy week")


def test_it_shows_what_is_left(world, told, typed, month):
    """Of the present period; as much as a call could have."""
    run, ticket = world.started()
    world.asked(run, ticket)

    [one] = told("budgets", "show")["budgets"]

    spent = Decimal(one["settled_usd"])
    assert spent > 0
    assert Decimal(one["left_usd"]) == 9999 - spent
    assert (one["scope"], one["period"], one["changes"]) == ("organisation", month, [])
    assert "organisation" in typed("budgets", "show").stdout


def test_a_period_that_nobody_needed_yet_has_all_of_it(told, month):
    """It begins with its first call."""
    [one] = told("budgets", "show", "organisation")["budgets"]

    assert (one["period"], one["left_usd"], one["ends_at"]) == (month, "9999", "")


def test_a_raise_and_a_lowering_are_on_record(world, told, typed, month):
    """With who, why, and what it was before."""
    raised = told("budgets", "raise", "organisation", "--to", "12000", *WHY)
    world.clock.forward(seconds=1)
    lowered = typed("budgets", "lower", "organisation", "--to", "50.5", *WHY).stdout

    [one] = told("budgets", "show", "organisation")["budgets"]
    assert (raised["before_usd"], raised["limit_usd"], raised["changed"]) == ("9999", "12000", True)
    assert f"organisation {month}: from $12000 to $50.5" in lowered
    assert (one["limit_usd"], one["declared_usd"]) == ("50.5", "9999")
    assert [(c["how"], c["limit_usd"], c["why"]) for c in one["changes"]] == [
        ("raised", "12000", "a busy week"),
        ("lowered", "50.5", "a busy week"),
    ]
    assert "lowered  organisation" in typed("budgets", "show").stdout


def test_a_limit_is_lowered_as_far_as_money_is_free(world, typed, month):
    """The limit that was reached is said, and why it is not the one asked for."""
    run, ticket = world.started()
    world.asked(run, ticket)

    first, second = (
        typed("budgets", "lower", "organisation", "--to", "0", *WHY).stdout for _ in range(2)
    )

    assert "not $0: the rest is spent" in first
    assert "still $" in second


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("raise", "organisation", "--to", "10", *WHY), Exit.REFUSED, "is $9999 already"),
        (("raise", "team:none", "--to", "10", *WHY), Exit.NOT_FOUND, "declared are: organisation"),
        (("lower", "organisation", "--to", "a lot", *WHY), Exit.USAGE, "no amount of dollars"),
        (("show", "organisation", "--period", "1999-01"), Exit.NOT_FOUND, "no period 1999-01"),
        (("show", "--period", "1999-01"), Exit.USAGE, "that of one SCOPE"),
        (("settle", "nonsense", "--usd", "1", *WHY), Exit.USAGE, "names no attempt"),
        (("settle", "r/s/1/0", "--usd", "1", *WHY), Exit.NOT_FOUND, "nobody prepared r/s/1/0"),
    ],
)
def test_what_can_t_be_done_is_said_in_a_sentence(typed, words, code, said):
    """And the exit code says which kind it is."""
    result = typed("budgets", *words)

    assert (result.exit_code, said in result.stderr) == (code, True), result.output


def test_a_bill_settles_what_nobody_confirmed(world, told, typed, month):
    """The rest is free again, the report says the same as the ledger, and it happens once."""
    attempt = died(world, answered_first=False)
    [before] = told("budgets", "show", "organisation")["budgets"]
    page = typed("budgets", "show", "organisation").stdout
    assert f"unconfirmed  {attempt}: $4 at worst" in page
    assert f"next: interlock budgets settle {attempt}" in page

    answer = told("budgets", "settle", attempt, "--usd", "1.5", *WHY)
    again = typed("budgets", "settle", attempt, "--usd", "2", *WHY)

    [after] = told("budgets", "show", "organisation")["budgets"]
    report = told("cost", "report")
    assert (answer["worst_usd"], answer["usd"]) == ("4", "1.5")
    assert [one["unconfirmed_usd"] for one in (before, after)] == ["4", "0"]
    assert Decimal(after["left_usd"]) - Decimal(before["left_usd"]) == Decimal("2.5")
    assert after["unconfirmed"][0]["usd"] == "1.5"
    assert (report["reconciled"][0]["ok"], report["total"]["settled_usd"]) == (True, "1.5")
    world.finished(attempt.partition("/")[0])
    world.copied(attempt.partition("/")[0])
    assert told("evidence", "verify", attempt.partition("/")[0])["ok"]
    assert again.exit_code == Exit.REFUSED
    assert "was settled at $1.5" in again.stderr
    assert "settled at $1.5" in typed("budgets", "show", "organisation").stdout
