"""What a system call may do once a person has approved it, and what it may not do without.

A call that names an approval does exactly what was approved: its request is taken from there,
and whatever the state machine passes is ignored. An approval serves one step.
"""

import json
from collections.abc import Mapping
from typing import Any

from functions.core.domain.approvals import Approval
from functions.core.domain.errors import ApprovalMissing
from functions.core.domain.expressions import Equals, SetOnce
from functions.core.domain.parked import KIND
from functions.core.domain.run import Outcome, step_ref
from functions.core.domain.workflows import Workflow
from functions.core.ports import Store


def take_approved(
    store: Store, workflow: Workflow, *, run: str, step: str, operation: str, approval: str
) -> tuple[Approval, dict[str, Any]]:
    """Return what was approved in the step *approval*, for *step* alone: its rule, the request.

    Raises
    ------
    ApprovalMissing
        It was not approved, for another operation, or serves another step.
    """
    given = (Equals("kind", KIND), Equals("outcome", Outcome.SUCCEEDED))
    written = store.update(step_ref(run, approval), [SetOnce("used_by", step)], given)
    item = written.item or {}
    declared = workflow.approvals.get(str(item.get("name")))
    if not written.done or declared is None or declared.operation != operation:
        raise ApprovalMissing("no approval of this operation was given there")
    if item["used_by"] != step:
        raise ApprovalMissing("the approval serves another step")
    request: dict[str, Any] = json.loads(item["answer"])
    return declared, request


def require_none_needed(workflow: Workflow, operation: str, fields: Mapping[str, Any]) -> None:
    """Refuse a call without an approval that the workflow declares to need one.

    A confidence is known to the approval's step only; what can be read from the request is
    held to here, whatever way the machine took.

    Raises
    ------
    ApprovalMissing
        It always needs one, or its amount is above the limit.
    """
    for approval in workflow.approvals.values():
        if approval.operation == operation and (
            approval.always or approval.amount_over_limit(fields)
        ):
            raise ApprovalMissing("a person has to approve this first")
