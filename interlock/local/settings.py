"""What one laptop cloud is started with: written by whoever starts it, read by its server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from interlock.local.clock import Clock

ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass(frozen=True)
class Settings:
    """How to run one cloud.

    Attributes
    ----------
    assembly
        Folder of the cloud assembly to deploy.
    state
        Folder of this cloud alone: logs, the companions' data.
    layers
        Folder of layer twins, shared by all clouds.
    runtime_lock
        What the Lambda runtime itself brings, as a lock file.
    clock
        ``real``, ``scaled:<n>`` or ``tick``.
    parameters
        Values for the templates' parameters.
    companions
        Whether to start the programs that stand for systems outside.
    faults
        Whether these can be asked to go wrong (tests).
    detached
        Whether to outlive whoever started it.
    workers
        Most processes of one function version.
    fork
        Whether workers are forked; None: where that is safe.
    """

    assembly: str
    state: str
    layers: str
    runtime_lock: str
    clock: str = "real"
    parameters: Mapping[str, str] = field(default_factory=dict)
    companions: bool = True
    faults: bool = False
    detached: bool = False
    workers: int = 2
    fork: bool | None = None

    def write(self, path: Path) -> None:
        """Write them where the server reads them."""
        path.write_text(json.dumps(asdict(self), indent=2))

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read what was written."""
        return cls(**json.loads(path.read_text()))


def clock_of(text: str) -> Clock:
    """Return the clock that a setting describes.

    Raises
    ------
    ValueError
        It is none of ``real``, ``scaled:<n>``, ``leaping``, ``tick``.
    """
    kind, _, scale = text.partition(":")
    match kind:
        case "real":
            return Clock.real()
        case "tick":
            return Clock.ticking()
        case "leaping":
            return Clock.leaping()
        case "scaled" if scale:
            return Clock.scaled(float(scale))
    raise ValueError(f"a clock is real, scaled:<n>, leaping or tick, not {text!r}")


def clock_text(clock: Clock) -> str:
    """Return the setting that describes a clock."""
    if clock.is_real:
        return "real"
    if clock.leaps:
        return "leaping"
    return f"scaled:{clock.scale}" if clock.scale else "tick"
