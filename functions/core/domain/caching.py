"""What a task says of its exact cache: how long an answer serves, and how much is kept."""

from typing import Annotated, Final

from pydantic import Field

from functions.core.domain.documents import Document

LONGEST_SECONDS: Final = 86_400
"""A day: the bucket's lifecycle rule counts whole days, and nothing is kept for longer."""
ENTRY_BYTES: Final = 16_384
"""An entry with a longer text is not kept."""


class CacheRule(Document):
    """The answer to the very same question, of the same team, is not asked for twice."""

    ttl_seconds: Annotated[int, Field(ge=1, le=LONGEST_SECONDS)]
    max_bytes: Annotated[int, Field(ge=ENTRY_BYTES, le=2**30)] = 16_777_216
    """What a team's answers to the task take up at most, all together."""
    personal: bool = False
    """Has to be said where the answers hold personal values."""

    @property
    def slots(self) -> int:
        """How many entries there is room for; a new one takes the place of an old one."""
        return self.max_bytes // ENTRY_BYTES
