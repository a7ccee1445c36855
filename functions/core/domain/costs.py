"""What a call to a model costs: from its usage, and at worst, before anything is sent.

Exact decimals up to 10^-12 dollars, and then up: a booking is never under the invoice.
"""

from decimal import ROUND_CEILING, Decimal
from typing import Final

from functions.core.domain.models import Usage
from functions.core.domain.targets import Prices

MILLION: Final = Decimal(1_000_000)
SMALLEST: Final = Decimal("0.000000000001")


def cost(usage: Usage, prices: Prices) -> Decimal:
    """Return what *usage* costs, in dollars."""
    prompt = usage.all_input_tokens
    rates = _Rates(prices, prompt)
    cached, written = usage.cached_tokens or 0, usage.written_tokens or 0
    plain = max(0, prompt - cached - written)
    return _dollars(
        plain * rates.input
        + cached * rates.cached
        + written * rates.written
        + usage.all_output_tokens * rates.output,
        prices,
    )


def worst_case(tokens_in: int, tokens_out: int, prices: Prices, *, percent: int = 100) -> Decimal:
    """Return the most that a call can cost with at most these tokens, in dollars.

    More than a hundred *percent* of that where its model was found to count more tokens.
    """
    rates = _Rates(prices, tokens_in)
    dearest = max(rates.input, rates.cached, rates.written)
    usual = _dollars(tokens_in * dearest + tokens_out * rates.output, prices)
    return (usual * percent / 100).quantize(SMALLEST, rounding=ROUND_CEILING)


class _Rates:
    """Dollars per million tokens, in the tier that a prompt of this length falls into."""

    def __init__(self, prices: Prices, prompt_tokens: int) -> None:
        tier = prices.long_context
        row = tier if tier is not None and prompt_tokens > tier.above_tokens else prices
        self.input = Decimal(row.input_usd_per_million)
        self.output = Decimal(row.output_usd_per_million)
        # a provider that says nothing of a cache charges what it read and wrote as input
        self.cached = _or(row.cached_usd_per_million, self.input)
        self.written = _or(row.cache_write_usd_per_million, self.input)


def _or(said: str | None, otherwise: Decimal) -> Decimal:
    return otherwise if said is None else Decimal(said)


def _dollars(millionths: Decimal, prices: Prices) -> Decimal:
    exact = (millionths / MILLION) * Decimal(prices.region_factor) + Decimal(prices.per_request_usd)
    return exact.quantize(SMALLEST, rounding=ROUND_CEILING)
