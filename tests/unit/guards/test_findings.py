"""What guards report, counted and told apart."""

from functions.core.domain.guards.findings import Finding, apart, counted


def test_of_two_that_overlap_the_surer_stays():
    """A card number is no telephone number, whoever saw it first."""
    phone, card = Finding("phone", 0, 19, 0.5, "phone"), Finding("card", 0, 19, 1, "card")

    assert apart([phone, card]) == [card]


def test_of_two_equally_sure_the_longer_stays():
    """An address within a link goes with the link."""
    link, host = Finding("url", 0, 30, 1, "url"), Finding("ip_address", 7, 16, 1, "ip_address")

    assert apart([host, link]) == [link]


def test_neighbours_stay_both_and_in_order():
    """Where one ends the next may begin."""
    first, second = Finding("email", 0, 5, 0.2, "email"), Finding("phone", 5, 9, 1, "phone")

    assert apart([second, first]) == [first, second]


def test_evidence_is_told_kinds_and_numbers_only():
    """Counts carry no value and no place."""
    found = [Finding("phone", 0, 9, 1, "p"), Finding("email", 9, 12, 1, "e")] * 2

    assert counted(found) == {"email": 2, "phone": 2}
