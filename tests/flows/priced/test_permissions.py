"""Least privilege: every statement of every role decides something, and nothing is denied."""

from tests.clouds import Desk
from tests.flows.everything import Everything, denied
from tests.flows.spared import named, spared


def test_every_grant_is_needed(desk: Desk, model: str):
    """What never decided is one of the few that can't be exercised here; nothing is missing."""
    for part in Everything(desk, model).parts():
        part()

    idle = [row for row in desk.cloud.get("iam-coverage") if not row["decided"]]

    useless = [named(row) for row in idle if not spared(row)]
    assert not useless, "\n".join(["nothing needs:", *useless])
    assert denied(desk.cloud) == []
