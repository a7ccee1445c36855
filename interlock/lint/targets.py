"""What the linter says of model targets whose vendor stops serving them."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from functions.core.domain.end_of_life import endings
from functions.core.domain.targets import Models
from interlock.lint.findings import Finding, warning

ENDS = warning(
    "IL007",
    "A target that a route leads to is served for some time yet.",
    "Name another target in models.toml; a task whose route leads to one that is over can't be "
    "promoted.",
)
RULES: Final = (ENDS,)


def findings(models: Models, file: str, today: date) -> Iterator[Finding]:
    """Yield the routed targets that end soon, or are over."""
    for one in endings(models, models.routed, today):
        yield Finding(ENDS, f"targets.{one.target}.end_of_life", str(one), file)
