"""What a call costs, to the last digit of the price list."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from functions.core.domain.costs import cost, worst_case
from functions.core.domain.ledger import text
from functions.core.domain.models import Usage
from functions.core.domain.targets import Prices
from tests.quality.costs import invoices

LIST: dict[str, Any] = {
    "input_usd_per_million": "3",
    "output_usd_per_million": "15",
    "cached_usd_per_million": "0.3",
    "cache_write_usd_per_million": "3.75",
    "as_of": "2026-11-22",
    "source": "test",
}
LONG = {"above_tokens": 1000, "input_usd_per_million": "6", "output_usd_per_million": "22.5"}


def prices(**changed: Any) -> Prices:
    """Return a price list."""
    return Prices.model_validate(LIST | changed)


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (Usage(209, 9), "0.000762"),
        (Usage(209, 9, 100), "0.000492"),  # 109 plain, 100 from the cache
        (Usage(209, 9, 100, cached_apart=True), "0.000792"),  # 209 plain, 100 from the cache
        (Usage(209, 9, 0, 100, cached_apart=True), "0.001137"),
        (Usage(209, 9, reasoning_tokens=4), "0.000762"),
        (Usage(209, 9, reasoning_tokens=4, reasoning_apart=True), "0.000822"),
        (Usage(0, 0), "0"),
    ],
    ids=["plain", "within", "apart", "written", "reasoning", "reasoning apart", "nothing"],
)
def test_each_kind_of_token_has_its_price(usage: Usage, dollars: str) -> None:
    """Wherever a provider counts it."""
    assert text(cost(usage, prices())) == dollars


def test_a_cache_without_a_price_costs_as_input() -> None:
    """Never less than the invoice."""
    plain = prices(cached_usd_per_million=None, cache_write_usd_per_million=None)

    assert cost(Usage(209, 9, 100, 50), plain) == cost(Usage(209, 9), plain)


def test_a_long_prompt_costs_more_as_a_whole() -> None:
    """From one token above the bound on, and cached tokens count towards it."""
    tiered = prices(long_context=LONG)

    assert text(cost(Usage(1000, 10), tiered)) == "0.00315"
    assert text(cost(Usage(1001, 10), tiered)) == "0.006231"
    assert text(cost(Usage(1, 10, 1000, cached_apart=True), tiered)) == "0.006231"


def test_a_region_and_a_request_have_their_price() -> None:
    """The region multiplies what tokens cost; a request adds to it."""
    dearer = prices(region_factor="1.1", per_request_usd="0.005")

    assert text(cost(Usage(209, 9), dearer)) == "0.0058382"


def test_what_is_smaller_than_any_price_is_rounded_up() -> None:
    """A booking is never under the invoice, and there is no float in it."""
    tiny = prices(input_usd_per_million="0.000000001", region_factor="0.5")

    assert cost(Usage(1, 0), tiny) == Decimal("0.000000000001")


def test_the_worst_case_is_the_dearest_way_to_read_the_prompt() -> None:
    """Whoever reserves does not know yet what a provider will write to its cache."""
    worst = worst_case(1000, 10, prices())

    assert text(worst) == "0.0039"
    for usage in (Usage(1000, 10), Usage(1000, 10, 999), Usage(1000, 10, 0, 999)):
        assert cost(usage, prices()) <= worst


@pytest.mark.skipif("DATA" not in os.environ, reason="DATA names a folder with prices/")
def test_recorded_usage_costs_what_was_invoiced() -> None:
    """Each row brings its own price list."""
    found = invoices(Path(os.environ["DATA"]))

    assert (found.rows > 0, found.wrong) == (True, [])
