"""The table of reasons knows every reason that the platform gives."""

import re
from pathlib import Path

import pytest

from functions.core.domain import errors
from functions.core.domain.answers import AnswerFault
from functions.core.domain.models import AnswerStatus
from functions.core.domain.systems import AnswerKind
from functions.core.services import door
from interlock.cli.reasons import meaning_of

NEVER_A_STEPS_END = {
    "StoreContention",
    "BusUnavailable",
    "InvalidJson",
    "NotReplayable",
    "NotAPerson",
    "DecisionRefused",
    "LabelMoved",
    "LimitRefused",
    "LimitChanged",
    "AlreadySettled",
    "TargetEnded",
    "DefinitionRefused",
}
"""Retried by the machines, or raised at the door or to a person, where each is told as it is."""


def _leaves(kind):
    for child in kind.__subclasses__():
        if child.__module__ != errors.__name__:
            continue
        yield from _leaves(child) if child.__subclasses__() else [child.__name__]


def _refusals():
    return sorted(set(re.findall(r'Refused\(\s*"([A-Z_]+)"', Path(door.__file__).read_text())))


LEAVES = [name for name in _leaves(errors.InterlockError) if name not in NEVER_A_STEPS_END]
STATUSES = [status for status in AnswerStatus if status is not AnswerStatus.ANSWERED]
CASES = [
    *((name, "ai_task") for name in LEAVES),
    *((status.upper(), "ai_task") for status in STATUSES),
    *((f"{fault}: /x enum", "ai_task") for fault in AnswerFault),
    *((f"{kind.upper()} 400", "system_call") for kind in AnswerKind if kind != "answered"),
    *((reason, "door") for reason in _refusals()),
    ("RESPONSE_SCHEMA /x type", "system_call"),
    ("NO_BASE_URL", "system_call"),
    ("RUN_NOT_OPEN", "ai_task"),
    ("USE_NOT_PINNED", "ai_task"),
    ("STOPPED_TARGET:CRM", "system_call"),
    ("STOPPED_EVERYTHING", "ai_task"),
    ("States.Timeout", "run"),
    ("NOT_ADMITTED", "run"),
    ("EXECUTION_ABORTED", "run"),
    ("EXECUTION_ENDED", "run"),
]


@pytest.mark.parametrize(("reason", "kind"), CASES)
def test_it_says_what_each_reason_means(reason, kind):
    """No reason of ours is left without a sentence."""
    meaning, _ = meaning_of(reason, kind)

    assert meaning.endswith(".")


def test_the_same_word_means_what_its_kind_says():
    """A model that refuses and a system that refuses are different things."""
    assert meaning_of("REJECTED 400", "system_call") != meaning_of("REJECTED", "ai_task")


def test_it_makes_nothing_up():
    """An unknown reason has no meaning."""
    assert meaning_of("MOON_PHASE 3", "ai_task") == ("", "")
