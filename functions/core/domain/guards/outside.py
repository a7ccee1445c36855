"""What detectors outside this process are asked, and what they say: words for every layer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from functions.core.domain.documents import Document

Source = Literal["INPUT", "OUTPUT"]
NAMED: Final = ("address", "organisation", "person")
"""Kinds of personal data that no form tells: an analyzer of the deployment's own finds them."""
_ARN: Final = r"arn:aws[a-z-]*:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+"


class Guardrail(Document):
    """One guardrail of Amazon Bedrock, and which side of a call it looks at.

    The patterns are the service's own (ApplyGuardrail, API reference).
    """

    id: Annotated[str, StringConstraints(pattern=rf"^([a-z0-9]+|{_ARN})$", max_length=2048)]
    version: Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{0,7}|DRAFT)$")]
    source: Source
    endpoint: Annotated[str | None, Field(pattern=r"^https?://[^\s?#@]+$")] = None
    """Where it is asked, as a private endpoint's own address; None: in its region."""

    @property
    def region(self) -> str:
        """Its region, where its ARN says one; else the function's."""
        return self.id.split(":")[3] if ":" in self.id else ""


@dataclass(frozen=True)
class Intervention:
    """What a guardrail says of texts.

    Attributes
    ----------
    intervened
        Whether it would not let them pass as they are.
    assessed
        What it found: policy, kind, action; never the text.
    failed
        Why it said nothing; empty where it did.
    units
        What it is charged by.
    """

    intervened: bool = False
    assessed: tuple[str, ...] = ()
    failed: str = ""
    units: Mapping[str, int] = field(default_factory=dict)
