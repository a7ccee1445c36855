"""Routes: ordered targets, the conditions on which each may serve, and when to fall to the next.

A route is written as a list of targets, or as a table where it says more. It is stored as it
was written, so a plain list keeps its hash.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from functions.core.domain.documents import UNSAID, Document, Money, Name, require_unique

DataClass = Literal["public", "internal", "confidential", "personal"]
DATA_CLASSES: Final[tuple[DataClass, ...]] = ("public", "internal", "confidential", "personal")
"""From what anybody may see to what is protected most: who may be given a class may be given
those before it."""

UNSAID_CLASS: Final[DataClass] = "internal"
"""What a target may be given at most where its file does not say."""

Capability = Literal["json_schema", "json_object", "tool"]
Residency = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,12}(-[a-z0-9]{1,12}){0,3}$")]
"""Where data is kept and worked on: `eu`, or narrower, `eu-central-1`."""
Retention = Annotated[str, StringConstraints(pattern=r"^(none|[1-9][0-9]{0,3} days)$")]
"""For how long a provider keeps what it is sent."""


class Fallback(StrEnum):
    """Outcomes of a call after which a step may go on to its route's next target."""

    THROTTLED = "throttled"
    """It would have to be waited for longer than its answer, by its provider's word or ours."""
    UNAVAILABLE = "unavailable"
    """It did not serve the request, or is passed over because it failed others."""
    UNKNOWN = "unknown"
    """The exchange broke off: it may have been served and charged."""
    REJECTED = "rejected"
    """It would refuse the same request again: a wrong key, an unknown parameter."""
    TOO_LARGE = "too_large"
    """Prompt or answer exceed what it takes."""
    REFUSED = "refused"
    """The model or its provider's filter declined."""
    REJECTED_OUTPUT = "rejected_output"
    """It answered, and not as it was asked to: after the repair round, cut, empty, a tool call."""


class Conditions(Document):
    """What a target has to be for it to serve; what is not said here is not asked."""

    capability: Annotated[Capability | None, UNSAID] = None
    max_data_class: Annotated[DataClass | None, UNSAID] = None
    """Serves tasks up to this class only, whatever the target itself may be given."""
    residency: Annotated[Residency | None, UNSAID] = None
    retention: Annotated[Retention | None, UNSAID] = None
    max_usd_per_million: Annotated[Money | None, UNSAID] = None
    """Neither its input nor its output tokens cost more."""
    max_usd_per_call: Annotated[Money | None, UNSAID] = None
    """The call's worst case costs no more: known when its prompt is."""


class Entry(Conditions):
    """One target of a route, with conditions of its own."""

    target: Name


def _form(value: object) -> str:
    return "(plain)" if isinstance(value, (str, list, tuple)) else "(table)"


# The tags are no keys, so no message about a key names them.
_Entry = Annotated[
    Annotated[Name, Tag("(plain)")] | Annotated[Entry, Tag("(table)")], Discriminator(_form)
]
_Entries = Annotated[tuple[_Entry, ...], Field(min_length=1)]


class Route(Document):
    """A route that says more than its targets."""

    targets: _Entries
    require: Conditions = Conditions()
    """Conditions on every target of it."""
    fallback_on: tuple[Fallback, ...] = tuple(Fallback)
    wait_seconds: Annotated[int, Field(ge=0, le=86_400)] = 86_400
    """How long a step waits for its turn here, all its waits together: time in which it is
    throttled, over a rate, or in which its last target is passed over."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Its targets in order, each with its own conditions."""
        return tuple(Entry(target=told) if isinstance(told, str) else told for told in self.targets)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its targets, in order."""
        return tuple(entry.target for entry in self.entries)

    def leading_to(self, names: tuple[str, ...]) -> "Route":
        """Return it with other targets; what it requires of each stays."""
        return self.model_copy(update={"targets": names})

    @model_validator(mode="after")
    def _says_outcomes_once(self) -> Self:
        require_unique(map(str, self.fallback_on), "fallback_on")
        return self


Routes = dict[
    Name,
    Annotated[
        Annotated[_Entries, Tag("(plain)")] | Annotated[Route, Tag("(table)")],
        Discriminator(_form),
    ],
]
"""Route -> its targets, or the table that says more."""
