"""What a workflow declares about an approval: what needs one, who gives it, by when.

Amounts are compared here, as decimals: no state machine ever computes or compares money.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from functions.core.domain.documents import (
    Document,
    Money,
    Name,
    OperationName,
    Pointer,
    Text,
    require_unique,
)

PARKING_HOURS: Final = 216
"""Nine days: under the ten that a workflow's state waits for a platform machine."""
AMOUNT_OVER_LIMIT: Final = "AMOUNT_OVER_LIMIT"
LOW_CONFIDENCE: Final = "LOW_CONFIDENCE"
ALWAYS: Final = "ALWAYS"

Person = Annotated[str, StringConstraints(pattern=r"^[\w+=,.@-]+$", min_length=1, max_length=128)]
"""An IAM user's name, or the user name of Identity Center."""
Group = Annotated[str, StringConstraints(pattern=r"^[\w+=,.@-]+$", min_length=1, max_length=64)]
"""A permission set of Identity Center, or an IAM role."""
Hours = Annotated[int, Field(ge=1, le=PARKING_HOURS)]
Share = Annotated[str, StringConstraints(pattern=r"^(0(\.[0-9]{1,4})?|1(\.0{1,4})?)$")]


class Deciders(Document):
    """Who may decide: people by name, groups by the role that their members sign with."""

    approvers: tuple[Person, ...] = ()
    groups: tuple[Group, ...] = ()
    expires_after_hours: Hours

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.approvers and not self.groups:
            raise ValueError("approvers: name at least one person or group")
        require_unique(self.approvers, "approvers")
        require_unique(self.groups, "groups")
        return self


class Escalation(Deciders):
    """Who decides once the first have let their time pass, and what happens when they do too."""

    on_expiry: Literal["reject", "approve"]


class Approval(Deciders):
    """A person's yes to one operation, before it is sent."""

    purpose: Text
    operation: OperationName
    quorum: Annotated[int, Field(ge=1, le=2)] = 1
    """2: the two-person rule."""
    requester: Pointer | None = None
    """Where the admitted input names who asked for it: that person does not decide."""
    editable: tuple[Name, ...] = ()
    """The request's fields that an approver may change."""
    amount: Name | None = None
    """The request's field that holds an amount of money, as a decimal string."""
    above: Money | None = None
    """A higher amount needs the approval."""
    below_confidence: Share | None = None
    """So does a lower confidence of the model."""
    remind_after_hours: Hours | None = None
    on_expiry: Literal["escalate", "reject", "approve"]
    escalation: Escalation | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        require_unique(self.editable, "editable")
        if (self.on_expiry == "escalate") != (self.escalation is not None):
            raise ValueError("escalation: stands where on_expiry is escalate, only there")
        if self.above is not None and self.amount is None:
            raise ValueError("above: there is no amount to compare")
        if self.remind_after_hours and self.remind_after_hours >= self.expires_after_hours:
            raise ValueError("remind_after_hours: comes before the expiry")
        hours = self.expires_after_hours
        if self.escalation is not None:
            hours += self.escalation.expires_after_hours
        if hours > PARKING_HOURS:
            raise ValueError(f"expires_after_hours: all in all at most {PARKING_HOURS}")
        return self

    @property
    def always(self) -> bool:
        """Whether there is nothing that would make it unnecessary."""
        return self.above is None and self.below_confidence is None

    def reasons(self, fields: Mapping[str, Any], confidence: float | None) -> list[str]:
        """Return why a request with *fields* needs it; empty if it does not.

        An amount or a confidence that can't be read counts as one that needs a person.
        """
        found = []
        if self.amount_over_limit(fields):
            found.append(AMOUNT_OVER_LIMIT)
        if self.below_confidence is not None and (
            confidence is None or Decimal(str(confidence)) < Decimal(self.below_confidence)
        ):
            found.append(LOW_CONFIDENCE)
        return [ALWAYS] if self.always else found

    def amount_of(self, fields: Mapping[str, Any]) -> Any:
        """Return the amount in *fields*; None where none is declared, or given."""
        return None if self.amount is None else fields.get(self.amount)

    def amount_over_limit(self, fields: Mapping[str, Any]) -> bool:
        """Say whether the amount in *fields* is above the limit; a missing one is not."""
        if self.above is None or self.amount is None or self.amount not in fields:
            return False
        try:
            return Decimal(fields[self.amount]) > Decimal(self.above)
        except (InvalidOperation, TypeError, ValueError):
            return True
