"""Labels of the catalog: movable names on immutable versions.

`live` says what new runs pin; `canary` what a share of them pins in its place.
"""

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from functions.core.domain.expressions import Ref, Table

LIVE: Final = "live"
CANARY: Final = "canary"
PROMOTED: Final = ("ai_task", "policy")
"""Kinds that are judged by their answers: their labels are moved by people."""
FOLLOWS_DEPLOYMENT: Final = ("workflow", "system", "models", "budgets")
"""Kinds that are deployed together with a machine or a setting they must agree with: their
label moves with the deployment."""
_OF_A_HUNDRED: Final = 100


class How(StrEnum):
    """What kind of move it was."""

    DEPLOYED = "deployed"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    OFFERED = "offered"
    """A canary: its share of new runs takes the version from here on."""
    WITHDRAWN = "withdrawn"
    """A canary ended."""


def version_ref(kind: str, name: str, version: str) -> Ref:
    """Return where a version lies."""
    return Ref(Table.CATALOG, f"{kind}#{name}", f"v#{version}")


def label_ref(kind: str, name: str, label: str = LIVE) -> Ref:
    """Return where a label lies."""
    return Ref(Table.CATALOG, f"{kind}#{name}", f"label#{label}")


def takes_canary(run: str, definition: str, share: int) -> bool:
    """Say whether *run* is among the *share* percent of runs that take the canary.

    A function of the names alone, so that whoever asks again is told the same. A run's name is
    a keyed hash, which nobody can choose; that of the definition makes two canaries independent.
    """
    drawn = hashlib.sha256(f"{definition}/{run}".encode()).digest()
    return int.from_bytes(drawn[:8]) % _OF_A_HUNDRED < share


def rolled_back_to(moves: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the version that a rollback of `live` leads to; None if nothing was live before.

    Parameters
    ----------
    moves
        The label's history, oldest first.

    It is what was live before the version that is live now was put in its place. A version that
    was rolled back from is never what a later rollback leads to: twice is two versions back.
    """
    lived: list[str] = []
    for move in moves:
        if move.get("how") == How.ROLLED_BACK and len(lived) > 1:
            lived.pop()
        elif not lived or lived[-1] != move["version"]:
            lived.append(str(move["version"]))
    return lived[-2] if len(lived) > 1 else None
