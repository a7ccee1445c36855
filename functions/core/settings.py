"""Environment variables, read once and checked, as typed values; nothing else reads them."""

import json
import os
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from functions.core.domain.expressions import Table


class Settings(BaseModel):
    """What a function may be told. Each is told only what it needs (infra/wiring.py)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    stage: str = Field(min_length=1)
    aws_region: str = ""
    runs_table: str = ""
    parked_table: str = ""
    catalog_table: str = ""
    ledger_table: str = ""
    evidence_table: str = ""
    refused_table: str = ""
    artifacts_bucket: str = ""
    evidence_bucket: str = ""
    master_secret_arn: str = ""
    supervise_run_arn: str = ""
    event_bus_name: str = ""
    intake_queue_url: str = ""
    dead_letter_queue_urls: dict[str, str] = Field(default_factory=dict)
    system_base_urls: dict[str, str] = Field(default_factory=dict)
    system_secret_arns: dict[str, str] = Field(default_factory=dict)
    model_base_urls: dict[str, str] = Field(default_factory=dict)
    model_secret_arns: dict[str, str] = Field(default_factory=dict)
    analyzer_url: str = ""
    """Where the deployment's analyzer of names is; empty: it has none."""
    analyzer_languages: tuple[str, ...] = ("en",)
    parked_days: int = 400
    """How long a parked item is kept once it is decided and delivered."""
    named_session_roles: tuple[str, ...] = ()
    """Roles whose session names the account ties to people."""
    interlock_laptop: bool = False
    """Told by a laptop cloud, whose users are who they say; absent on AWS."""

    @field_validator(
        "dead_letter_queue_urls",
        "system_base_urls",
        "system_secret_arns",
        "model_base_urls",
        "model_secret_arns",
        "named_session_roles",
        "analyzer_languages",
        mode="before",
    )
    @classmethod
    def _json(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

    @classmethod
    def from_env(cls) -> Self:
        """Read the environment; raise ValidationError naming what is missing."""
        return cls.model_validate({name.lower(): value for name, value in os.environ.items()})

    @property
    def tables(self) -> dict[Table, str]:
        """The physical names of the tables this function knows."""
        named = {table: str(getattr(self, f"{table.value}_table")) for table in Table}
        return {table: name for table, name in named.items() if name}


def scaled_clock() -> str:
    """Return what the laptop cloud says of its clock; empty on AWS."""
    return os.environ.get("INTERLOCK_CLOCK", "")
