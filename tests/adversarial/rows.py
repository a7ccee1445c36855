"""The table: `table.toml`, a row an attack."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

TABLE: Final = Path(__file__).with_name("table.toml")


@dataclass(frozen=True)
class Row:
    """One attack.

    Attributes
    ----------
    attack
        What the attacker does, as a sentence.
    where
        What they do it with: a variable, an answer, a policy, ...
    verdict
        How it ends: the outcome and its reason; or who refuses it, and why.
    leans_on
        The defences without which it would end otherwise, by name.
    play
        Who plays it (`steps`, `plays`), with what is `given`.
    """

    name: str
    attack: str
    where: str
    verdict: str
    leans_on: tuple[str, ...]
    play: str = "step"
    given: Mapping[str, Any] = field(default_factory=dict)


def rows() -> tuple[Row, ...]:
    """Return the table.

    Raises
    ------
    TypeError
        A row lacks one of its parts, or has one that is none.
    """
    told = tomllib.loads(TABLE.read_text(encoding="utf-8"))["row"]
    return tuple(Row(**{**row, "leans_on": tuple(row["leans_on"])}) for row in told)
