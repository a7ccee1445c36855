"""Which attacks notice that a defence is off."""

from collections.abc import Iterable

from tests.adversarial.plays import played
from tests.adversarial.rows import Row
from tests.adversarial.switches import Defence


def holds(row: Row) -> bool:
    """Say whether *row* ends as it says; whatever else happens, it does not."""
    try:
        return played(row) == row.verdict
    except Exception:
        return False


def noticed(defence: Defence, rows: Iterable[Row]) -> list[str]:
    """Return the names of the *rows* that end otherwise without *defence*."""
    with defence.switched_off():
        return [row.name for row in rows if not holds(row)]
