"""Prices recorded usage, and compares with what was invoiced for it.

A row of `prices/cost_cases.jsonl` brings its own price list: `usage`, dollars a token for input,
output, cache reads and writes, whether the input excludes what was cached, and `expected_usd`.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from functions.core.domain.costs import cost
from functions.core.domain.ledger import text
from functions.core.domain.models import Usage
from functions.core.domain.targets import Prices
from tests.quality.agreement import Agreement

CASES: Final = Path("prices/cost_cases.jsonl")
OFF_AT_MOST: Final = Decimal("1e-10")
_KINDS: Final = {
    "input_usd_per_million": "input_cost_per_token",
    "output_usd_per_million": "output_cost_per_token",
    "cached_usd_per_million": "cache_read_cost",
    "cache_write_usd_per_million": "cache_write_cost",
}


def invoices(data: Path) -> Agreement:
    """Price every row below *data*; a row is wrong if it is off by more than 10^-10 dollars."""
    found = Agreement()
    file = data / CASES
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        found.rows += 1
        row = json.loads(line, parse_float=Decimal)
        seen, due = cost(_usage(row), _prices(row)), Decimal(row["expected_usd"])
        if abs(seen - due) > OFF_AT_MOST:
            found.wrong.append(f"row {found.rows} ({row['price_row']}): {text(seen)} for {due}")
    return found


def _usage(row: dict[str, Any]) -> Usage:
    told = row["usage"]
    return Usage(
        told["input_tokens"] or 0,
        told["output_tokens"] or 0,
        told.get("cached_input_tokens"),
        told.get("cache_write_input_tokens"),
        told.get("reasoning_tokens"),
        cached_apart="excludes" in row["semantics"],
        reasoning_apart="gemini" in row["price_row"],  # the only one that counts it beside
    )


def _prices(row: dict[str, Any]) -> Prices:
    listed = {
        name: text(Decimal(row[given]) * 1_000_000)
        for name, given in _KINDS.items()
        if row.get(given) is not None
    }
    return Prices.model_validate({**listed, "as_of": "2026-11-22", "source": "the row"})
