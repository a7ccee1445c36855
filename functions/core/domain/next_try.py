"""What may still help a step whose call brought nothing to accept.

Fallback only after what the route declares, and inside the step's attempts, deadline and waits.
"""

from collections.abc import Collection
from typing import Final

from functions.core.domain.ai_step import Answered, Call
from functions.core.domain.ai_tasks import AiTask, AiTaskLimits
from functions.core.domain.checked import Checked
from functions.core.domain.health import Busy, Turn
from functions.core.domain.models import AnswerStatus
from functions.core.domain.routes import Fallback

REPAIRS: Final = 1
"""Rounds in which a model is shown its own error, in one step."""
NOT_NOW: Final = tuple(Turn)
"""Ends of a call at which nothing was sent, and waiting or another target helps."""
_FALLBACKS: Final[dict[str, Fallback]] = {
    Turn.THROTTLED: Fallback.THROTTLED,
    Turn.RATE: Fallback.THROTTLED,
    Turn.DOWN: Fallback.UNAVAILABLE,
    Turn.BOUND: Fallback.TOO_LARGE,
    AnswerStatus.ANSWERED: Fallback.REJECTED_OUTPUT,
    AnswerStatus.CUT: Fallback.REJECTED_OUTPUT,
    AnswerStatus.EMPTY: Fallback.REJECTED_OUTPUT,
    AnswerStatus.TOOL_USE: Fallback.REJECTED_OUTPUT,
}
"""Status -> the outcome that a route names; the others have one name."""
_TRANSIENT: Final = (AnswerStatus.UNAVAILABLE, AnswerStatus.UNKNOWN)


def fallback_of(status: str) -> Fallback:
    """Return the outcome, as a route names it, of a call that ended with *status*."""
    return _FALLBACKS.get(status) or Fallback(status)


def passes_over(busy: Busy, fallback_on: Collection[Fallback], limits: AiTaskLimits) -> bool:
    """Say whether a busy target is passed over for the route's next one, if there is one.

    A target that is down always is. One that has to be waited for is, where the wait is longer
    than its answer would be.
    """
    declared = fallback_of(busy.turn) in fallback_on
    return declared and (busy.turn is Turn.DOWN or busy.seconds > limits.deadline_seconds)


def next_try(call: Call, answered: Answered, task: AiTask, spent: float) -> Checked | None:
    """Return what may still help after an answer that was not accepted; None: nothing.

    One repair round a step, then the route's next target; what no repeat cures goes to the next
    target at once, and a failed exchange to any, the same one again at last.

    Parameters
    ----------
    spent
        Seconds of the step's deadline that are used up. It spans all attempts; no attempt is begun
        after it.
    """
    tries_left = call.number < task.limits.attempts and spent < task.limits.deadline_seconds
    if not tries_left:
        return None
    falls = fallback_of(answered.status) in call.fallback_on
    is_last = call.target_index + 1 >= call.targets
    seconds = max(1, answered.wait_seconds)
    patient = is_last or not falls or seconds <= task.limits.deadline_seconds
    if answered.status == AnswerStatus.THROTTLED and patient:
        return _wait(call, seconds)
    if answered.status == AnswerStatus.ANSWERED and call.repairs < REPAIRS:
        repaired = {"repair": answered.answer, "repairs": call.repairs + 1}
        return Checked(next="again", target_index=call.target_index, **repaired)
    if (is_last or not falls) and answered.status not in _TRANSIENT:
        return None
    return Checked(next="again", target_index=call.target_index + (1 if falls else 0))


def next_turn(call: Call, busy: Busy, limits: AiTaskLimits) -> Checked | None:
    """Return what a step does whose target can't be called now: go on to the next, or wait.

    It has used up no attempt. None: it has waited for as long as its route lets it.
    """
    if busy.turn is Turn.BOUND:  # prepared anew, it is bounded by what calls cost by now
        waited = call.waited_seconds + busy.seconds
        return _again(call, busy.seconds, waited)
    if call.target_index + 1 < call.targets and passes_over(busy, call.fallback_on, limits):
        return Checked(next="again", target_index=call.target_index + 1)
    # Whoever waits for the same instant does not come back at the same instant.
    spread = int(call.attempt[-4:], 16) % (min(busy.seconds, 10) + 1)
    return _wait(call, busy.seconds + spread)


def _wait(call: Call, seconds: int) -> Checked | None:
    waited = call.waited_seconds + seconds
    return None if waited > call.wait_limit else _again(call, seconds, waited)


def _again(call: Call, seconds: int, waited: int) -> Checked:
    return Checked(
        next="wait", target_index=call.target_index, seconds=seconds, waited_seconds=waited
    )
