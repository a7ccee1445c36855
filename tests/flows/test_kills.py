"""A small campaign of kills, in every run of the tests; `make kills` has them all."""

from tests.kills.campaign import run_campaign, told

SEED = 20_261_122
AT_MOST = 20


def test_twenty_deaths_lose_and_double_nothing():
    """No event lost, no write doubled, no money left open, no false alarm over the evidence."""
    report = run_campaign(seed=SEED, at_most=AT_MOST)

    said = "\n".join(told(report, 0))
    assert (report.orders, report.carried_out) == (AT_MOST, AT_MOST), said
    assert report.lost == [], said
    assert report.doubled == [], said
    assert report.open_reservations == [], said
    assert report.uneven_budgets == [], said
    assert report.findings == [], said
    assert report.succeeded_share >= 0.9, said
