"""Move a label of the catalog: promote a version, try it on a share of runs, roll back.

Called by: `interlock tasks|policies promote` and `rollback`, and `interlock local reload`.
"""

from typing import Any, Literal, Self

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field, model_validator

from functions.core import bootstrap
from functions.core.domain.errors import BusUnavailable
from functions.core.domain.labels import CANARY, LIVE
from functions.core.ports import Clock
from functions.core.services.catalog import Catalog
from functions.core.services.labels import Labels, Moved, Mover
from functions.core.services.promoting import require_served, require_strict

logger = Logger()


class Saw(BaseModel):
    """Which versions the labels named when the person decided; empty where one named none."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    live: str | None = None
    canary: str | None = None


class Request(BaseModel):
    """What the caller sends.

    `live` is moved to *version*, or with *rollback* to what it named before. `canary` is moved to
    *version* with its *share* of new runs in percent; without them it ends. Where a label names
    another version than the person *saw*, the move is refused.
    """

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    kind: str = Field(pattern=r"^(ai_task|policy)$")
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    version: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    label: Literal["live", "canary"] = LIVE
    share: int | None = Field(default=None, ge=1, le=99)
    rollback: bool = False
    saw: Saw = Saw()
    by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.rollback and (self.version or self.label != LIVE):
            raise ValueError("rollback: of live, and to no version of one's choice")
        if not self.rollback and self.label == LIVE and not self.version:
            raise ValueError("version: is missing")
        if (self.share is not None) != (self.label == CANARY and self.version is not None):
            raise ValueError("share: belongs to a version of the canary, and only there")
        return self


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.model_validate(event)

    require_fit(bootstrap.catalog(), bootstrap.clock(), bootstrap.labels(), request)
    moved = move(bootstrap.labels(), request)
    if not bootstrap.labels().announce(request.kind, request.name, bootstrap.bus()):
        raise BusUnavailable("the label was moved; announce it by moving it there again")

    logger.info("label moved", extra={"task": request.name, "version": moved.version})
    return {
        "name": request.name,
        "version": moved.version,
        "before": moved.before,
        "changed": moved.changed,
    }


def require_fit(catalog: Catalog, clock: Clock, labels: Labels, request: Request) -> None:
    """Refuse a version that new runs may not take; going back to a task's last one is allowed."""
    version = request.version
    if request.kind == "ai_task":
        if version is not None:
            require_served(catalog, clock, request.name, version)
        return
    if request.rollback:
        version = labels.before(request.kind, request.name)
    if version is not None:
        require_strict(catalog, clock, request.name, version)


def move(labels: Labels, request: Request) -> Moved:
    """Do what *request* asks of the labels."""
    saw = request.saw.model_dump(exclude_none=True)
    mover = Mover(by=request.by, why=request.why, saw=saw)
    named = (request.kind, request.name)
    if request.rollback:
        return labels.roll_back(*named, mover)
    if request.version is None:
        return labels.withdraw(*named, mover)
    if request.share is not None:
        return labels.offer(*named, request.version, request.share, mover)
    return labels.promote(*named, request.version, mover)
