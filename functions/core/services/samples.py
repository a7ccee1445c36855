"""A task's samples: each answer is counted, and the step ends when enough of them agree."""

from dataclasses import replace

from functions.core.domain.agreement import NO_AGREEMENT, VOTED, Agreement, Standing
from functions.core.domain.checked import Checked
from functions.core.services.tools import Tools
from functions.core.services.verdicts import NOTHING, Asked, Notes, Verdicts
from functions.core.services.voting import Poll, poll


class Samples:
    """Counts the samples of steps that are asked several times."""

    def __init__(self, tools: Tools, verdicts: Verdicts) -> None:
        self._tools = tools
        self._verdicts = verdicts

    def counted(
        self,
        asked: Asked,
        rule: Agreement,
        vote: str,
        why: str = VOTED,
        notes: Notes = NOTHING,
    ) -> Checked | Poll:
        """Count a sample; return what follows, or the poll where the step ends with this one.

        It ends so where its answer has the quorum, and where no sample at all gave an answer that
        counts: then the last one's fault is the step's.
        """
        call, limits = asked.call, asked.task.limits
        in_time = self._verdicts.spent(call) < limits.deadline_seconds
        left = limits.attempts - call.number if in_time else 0
        seen = poll(self._tools, rule, asked.step, call, vote, left=left)
        if seen.standing is Standing.FAILED and seen.voted:
            notes = replace(notes, votes=seen.on_record())
            return self._verdicts.rejected(asked, NO_AGREEMENT, notes)
        if seen.standing is not Standing.OPEN:
            return seen
        notes = replace(notes, votes={"vote": vote})
        stay = call.target_index if vote else 0
        index = len(seen.votes) % call.targets if rule.across else stay
        then = Checked(next="again", target_index=index, vote=vote)
        return self._verdicts.again(asked, then, why, notes)
