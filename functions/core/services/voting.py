"""The votes of a step that is asked several times, as its item holds them.

They lie with the attempts, in the system of record: no state carries them, so nobody can pass
some in, and a function that repeats its count counts the same.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from functions.core.domain.agreement import Agreement, Standing, standing
from functions.core.domain.ai_step import Answered, Call, Step
from functions.core.domain.ledger import text
from functions.core.domain.names import AttemptName
from functions.core.domain.run import step_ref
from functions.core.domain.step import attempts, totals
from functions.core.services.tools import Tools


@dataclass(frozen=True)
class Poll:
    """What the samples of a step say, the latest included."""

    vote: str
    votes: dict[str, str]
    """Attempt's key -> its vote; empty where it gave no answer that counts."""
    standing: Standing
    used: dict[str, Any]
    """What the attempts before it used, all together."""

    @property
    def voted(self) -> bool:
        """Whether any answer counted."""
        return any(self.votes.values())

    def on_record(self) -> dict[str, Any]:
        """Return what evidence and the attempt say where the step ends with it."""
        return {"vote": self.vote, "votes": self.votes}

    def spent(self, latest: Answered) -> Answered:
        """Return *latest* with what the whole step has cost."""
        return latest.model_copy(
            update={
                "usd": text(Decimal(self.used["usd"]) + Decimal(latest.usd)),
                "input_tokens": self.used["input_tokens"] + latest.input_tokens,
                "output_tokens": self.used["output_tokens"] + latest.output_tokens,
            }
        )


def poll(tools: Tools, rule: Agreement, step: Step, call: Call, vote: str, *, left: int) -> Poll:
    """Count *vote*, the one of *call*, with those before it.

    Parameters
    ----------
    left
        Attempts that the step still has.
    """
    item = tools.store.get(step_ref(step.run, step.step)) or {}
    mine = AttemptName.parse(call.attempt).key
    others = {name: value for name, value in item.items() if name != mine}
    before = {a.key: str(a.facts["vote"]) for a in attempts(others) if "vote" in a.facts}
    stands = standing(rule, list(before.values()), vote, left=left)
    return Poll(vote, {**before, mine: vote}, stands, totals([others]))
