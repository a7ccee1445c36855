"""What a screening leaves of a run's variables; apart from it, since it takes long to load."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Screened:
    """Variables as they may be sent.

    Attributes
    ----------
    record
        What evidence says of them: rule, JSON pointer, score, family, layers, spans; no value.
    reminds
        Whether the model is told after the data, too, that orders in it are not to be followed.
    """

    values: dict[str, Any]
    record: tuple[dict[str, Any], ...] = ()
    reminds: bool = False
