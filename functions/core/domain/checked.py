"""What the machine of a governed step does next, whatever kind of step it is."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from functions.core.domain.expressions import Item
from functions.core.domain.run import GOOD


class Checked(BaseModel):
    """What the machine does next: `accepted`, `again`, `wait`, `lost` or `failed`."""

    model_config = ConfigDict(frozen=True)

    next: str
    outcome: str = ""
    reason: str = ""
    answer: Any = None
    number: int = 1
    target_index: int = 0
    seconds: int = 0
    repair: dict[str, Any] | None = None
    """The answer that the model is shown its error of, as a reference; None: it starts afresh."""
    repairs: int = 0
    spent_seconds: float = 0
    waited_seconds: int = 0
    vote: str = ""
    """What the answer says where a task's samples are compared, as a keyed hash."""

    @classmethod
    def again_said(cls, step: Item) -> "Checked":
        """Return how a step ended whose function wrote it and died before it said so."""
        outcome, answer = step["outcome"], step.get("answer")
        return cls(
            next="accepted" if outcome in GOOD else "failed",
            outcome=outcome,
            reason=step["reason"],
            answer=json.loads(answer) if answer else None,
        )
