"""A small race for one budget, in every run of the tests; `make race` has the whole of it."""

from tests.race.__main__ import figures
from tests.race.race import run_race

SEED = 20_261_122


def test_ten_callers_keep_every_promise_of_a_budget():
    """For thirty calls, while four workers die, tables are busy and a fifth of answers fails."""
    race = run_race(SEED, callers=10, calls=30, kills=4, busy=8)

    assert race.broken == [], figures(race)
    assert race.provider_calls > 0
    assert race.outcomes["BUDGET_EXCEEDED"] == 10
