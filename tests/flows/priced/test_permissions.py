"""Least privilege: every statement of every role decides something, and nothing is denied."""

from tests.clouds import Desk
from tests.flows.everything import Everything
from tests.flows.spared import spared


def test_every_grant_is_needed(desk: Desk, model: str):
    """What never decided is one of the few that can't be exercised here, each with its reason."""
    for part in Everything(desk, model).parts():
        part()

    idle = [row for row in desk.cloud.get("iam-coverage") if not row["decided"]]

    assert [row for row in idle if not spared(row)] == []


def test_nothing_was_denied(desk: Desk):
    """After everything: no role is short of a grant."""
    assert desk.cloud.get("denials") == []
