"""The cost report as people and spreadsheets read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from interlock.cli import show

if TYPE_CHECKING:
    from interlock.cli.reconciled import Reconciled
    from interlock.cli.spent import Spent
    from interlock.cli.waste import Waste


@dataclass(frozen=True)
class Row:
    """What was spent on one of what is reported by."""

    key: str
    calls: int
    input_tokens: int
    output_tokens: int
    settled: Decimal
    unconfirmed: Decimal
    saved: Decimal

    def as_json(self) -> dict[str, Any]:
        """Return its JSON; amounts are text."""
        amounts = ("settled", "unconfirmed", "saved")
        told = {name: value for name, value in vars(self).items() if name not in amounts}
        return told | {f"{name}_usd": format(getattr(self, name), "f") for name in amounts}


def rows_of(spent: "Sequence[Spent]", by: str) -> list[Row]:
    """Return a row for each key, the dearest first; days by their date."""
    keys = dict.fromkeys(getattr(one, by) for one in spent)
    rows = [_row(key, [one for one in spent if getattr(one, by) == key]) for key in keys]
    if by == "day":
        return sorted(rows, key=lambda row: row.key)
    return sorted(rows, key=lambda row: (-(row.settled + row.unconfirmed), row.key))


def total_of(spent: "Sequence[Spent]") -> Row:
    """Return what all of it comes to."""
    return _row("total", spent)


def _row(key: str, spent: "Sequence[Spent]") -> Row:
    zero = Decimal(0)
    return Row(
        key=key,
        calls=sum(one.sent for one in spent),
        input_tokens=sum(one.input_tokens for one in spent),
        output_tokens=sum(one.output_tokens for one in spent),
        settled=sum((one.settled for one in spent), zero),
        unconfirmed=sum((one.unconfirmed for one in spent), zero),
        saved=sum((one.saved for one in spent), zero),
    )


@dataclass(frozen=True)
class Page:
    """A report: of which days (UTC, both included), by what, and what was found."""

    by: str
    begin: date
    end: date
    rows: Sequence[Row]
    total: Row
    waste: "Sequence[Waste]"
    reconciled: "Sequence[Reconciled]"

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        return {
            "by": self.by,
            "from": f"{self.begin}",
            "to": f"{self.end}",
            "rows": [row.as_json() for row in self.rows],
            "total": self.total.as_json(),
            "waste": [line.as_json() for line in self.waste],
            "reconciled": [one.as_json() for one in self.reconciled],
        }

    def write_csv(self) -> None:
        """Write a row for each key, amounts as they are."""
        from interlock.cli import csv_text

        titles = list(self.total.as_json())
        told = [row.as_json() for row in self.rows]
        csv_text.write([self.by, *titles[1:]], [[one[title] for title in titles] for one in told])

    def say(self) -> None:
        """Print the table, what was wasted, and whether the ledger agrees."""
        columns = [
            show.Column(self.by),
            show.Column("calls", 6, right=True),
            show.Column("tokens in", 4, right=True),
            show.Column("out", 3, right=True),
            show.Column("settled $", 9, right=True),
            show.Column("unconfirmed $", 7, right=True),
            show.Column("saved $", 5, right=True),
        ]
        show.line(f"models, {self.begin} to {self.end} (UTC)")
        show.table(columns, [_cells(row) for row in (*self.rows, self.total)])
        for line in self.waste:
            what = f" ({line.what})" if line.what else ""
            calls = show.count(line.calls, "call")
            show.line(show.plain("waste  ", "yellow"), f"{line.kind}: {calls}, ${line.usd:f}{what}")
        for one in self.reconciled:
            _say_reconciled(one)
        if not self.reconciled:
            show.line("no whole month was asked for: nothing was held against the ledger")


def _cells(row: Row) -> list[object]:
    amounts = (row.settled, row.unconfirmed, row.saved)
    shown = (format(amount, "f") if amount else "0" for amount in amounts)
    return [row.key, row.calls, row.input_tokens, row.output_tokens, *shown]


def _say_reconciled(one: "Reconciled") -> None:
    booked = one.ledger
    flying = f", {booked.open:f} in flight" if booked.open else ""
    said = f"{one.period}: the ledger booked {booked.settled:f} settled and "
    said += f"{booked.unconfirmed:f} unconfirmed{flying}"
    if one.ok:
        show.line(show.plain("ok   ", "green"), f"{said}; the evidence says the same")
        return
    show.line(show.plain("BAD  ", "bold red"), said)
    for finding in one.findings:
        show.line(f"  {finding.attempt or 'no attempt'}: {finding.what}", style="red")
