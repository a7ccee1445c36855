"""What travels between the functions of an AI step: names, hashes, counts, references; no text.

The models of the requests only grow: executions that began under an older release go on.
"""

from decimal import Decimal
from math import ceil
from typing import Any

from pydantic import BaseModel, ConfigDict

from functions.core.domain.answer_faults import MAX_ANSWER_BYTES
from functions.core.domain.claim import Claim
from functions.core.domain.evidence import GENESIS
from functions.core.domain.health import NO_MORE
from functions.core.domain.ledger import Place
from functions.core.domain.names import AttemptName
from functions.core.domain.routes import Fallback
from functions.core.domain.run import Outcome

KIND = "ai_task"
"""What the step's item says it is."""
NOT_MINE = "not_mine"
"""Another invocation has marked the attempt: only time tells what became of it."""

FORBIDDEN = "TARGET_FORBIDDEN"
"""The target may not be given the task's data, which the gate found right before the send."""


class Step(Claim):
    """Who asks, and for which AI task: passed to each function of the step, unchanged."""

    task: str

    def ended(self, outcome: Outcome, reason: str) -> dict[str, str]:
        """Return what the step's item says of its end."""
        return {"kind": KIND, "name": self.task, "outcome": outcome, "reason": reason}


class Cached(BaseModel):
    """An answer that the exact cache holds for a call, and what is saved by it."""

    model_config = ConfigDict(frozen=True)

    answer: dict[str, Any]
    """As an artifact of this run."""
    attempt: str
    """The attempt that brought it, of this run or of another."""
    usd: str
    input_tokens: int
    output_tokens: int

    def on_record(self) -> dict[str, Any]:
        """Return what evidence and the step's item say of it."""
        return {
            "cached_from": self.attempt,
            "saved_usd": self.usd,
            "saved_input_tokens": self.input_tokens,
            "saved_output_tokens": self.output_tokens,
        }


class Call(BaseModel):
    """One prepared attempt, as it travels from PrepareCall to CheckAnswer."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    attempt: str
    number: int
    target_index: int
    target: str
    task_version: str
    prompt: dict[str, Any]
    worst_usd: str
    shards: int
    max_output_tokens: int
    budget: str = ""
    """Scope and period of the budget that holds its reservation; empty: prepared by a release that
    knew the organisation's month only."""
    limits_run: bool = False
    """Whether it counts in a limit of its run, too."""
    evidence_n: int = 0
    evidence_hash: str = GENESIS
    targets: int = 1
    """How many of the route may serve the task."""
    max_answer_bytes: int = MAX_ANSWER_BYTES
    """What the policy lets an answer have."""
    repairing: bool = False
    """Whether it shows the model what was wrong with its last answer."""
    repairs: int = 0
    """Repair rounds of the step up to here."""
    form: str = ""
    """How the model is held to the schema; empty: prepared by a release that had no ladder."""
    absent_as_null: bool = False
    """Whether its answer names absent properties, as null."""
    tokens: int = 0
    """The most that it can use, prompt and answer."""
    bound_percent: int = 0
    """What its worst case is, in percent of what its tokens cost at most: over 100 where calls of
    its target cost more than that; 0: prepared by a release that did not say."""
    fallback_on: tuple[Fallback, ...] = tuple(Fallback)
    """After what the step may go on to the route's next target."""
    wait_limit: int = 86_400
    """Seconds that the step may wait for its turns, all together."""
    prepared_at: str = ""
    spent_seconds: float = 0
    """What the step's earlier attempts used up of its deadline; waits are no part of it."""
    waited_seconds: int = 0
    """How long the step has been told to wait."""
    policy: str = ""
    policy_version: str = ""
    """What its answer is held to; empty: prepared by a release that had no rules for answers."""
    vault: dict[str, Any] | None = None
    """What the tokens in its prompt stand for; None: it has none."""
    given: dict[str, Any] | None = None
    """Its variables, as a reference, where the policy has rules over them."""
    prepared: dict[str, Any] | None = None
    """What goes on record with the mark; None: a release before this one has put it there."""
    cache_key: str = ""
    """Under which its answer is kept; empty: the task declares no cache, or this is a repair."""
    cached: Cached | None = None
    """What was found there: then nothing is reserved, and nothing sent."""

    partial: dict[str, str] | None = None
    """Declared inputs that it goes without, or without their ends: `missing` or `cut`."""

    @property
    def facts(self) -> dict[str, Any]:
        """What the step's item says of the attempt from its mark on."""
        told: dict[str, Any] = {"target": self.target, "task_version": self.task_version}
        return told | ({"partial": self.partial} if self.partial else {})

    @property
    def place(self) -> Place | None:
        """Where its reservation lies; None: it costs nothing."""
        if not self.shards:
            return None
        attempt = AttemptName.parse(self.attempt)
        return Place.told(self.budget, attempt, self.shards, limits_run=self.limits_run)

    def cost_percent(self, answered: "Answered") -> int:
        """Return what it cost, in percent of what its tokens cost at most; 0: it can't be said."""
        worst = Decimal(self.worst_usd)
        if not worst:
            return 0
        return ceil(Decimal(answered.usd) * (self.bound_percent or NO_MORE) / worst)


class Answered(BaseModel):
    """What became of the call, as it travels from CallModel to CheckAnswer."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    status: str
    answer: dict[str, Any] | None = None
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: str = "0"
    wait_seconds: int = 0
    evidence_n: int = 0
    evidence_hash: str = ""
