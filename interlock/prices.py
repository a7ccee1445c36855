"""List prices of AWS, read from one file that says their date and source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("aws_prices.toml")
MILLISECONDS_PER_SECOND = 1000
MB_PER_GB = 1024


@dataclass(frozen=True)
class Prices:
    """What AWS charges, in US dollars; names as in the file."""

    region: str
    as_of: date
    source: str
    per_request: Mapping[str, Decimal]
    gb_second: Decimal
    per_month: Mapping[str, Decimal]

    def requests(self, what: str, count: int | Decimal) -> Decimal:
        """Return the price of *count* requests, transitions or units of *what*."""
        return self.per_request[what] * Decimal(count)

    def compute(self, milliseconds: int | Decimal, memory_mb: int) -> Decimal:
        """Return the price of a function's running time, without its request."""
        seconds = Decimal(milliseconds) / MILLISECONDS_PER_SECOND
        return self.gb_second * seconds * memory_mb / MB_PER_GB


@cache
def list_prices(file: Path = FILE) -> Prices:
    """Read the prices.

    Raises
    ------
    ValueError
        A price is no decimal text.
    """
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    return Prices(
        region=told["region"],
        as_of=told["as_of"],
        source=told["source"],
        per_request=_money(told["per_request"]),
        gb_second=_money(told["lambda"])["gb_second"],
        per_month=_money(told["per_month"]),
    )


def _money(table: Mapping[str, object]) -> dict[str, Decimal]:
    for name, value in table.items():
        if not isinstance(value, str):
            raise ValueError(f"{name}: money is decimal text")  # noqa: TRY004  (a file's content)
    return {name: Decimal(str(value)) for name, value in table.items()}
