"""What is kept: tables, buckets and secrets. Nothing here is ever replaced by an update."""

from collections.abc import Iterable
from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.buckets import ArtifactsBucket, EvidenceBucket
from infra.settings import Settings

DUE = ("due_bucket", "due_at")
DAY_OF_RUNS = ("day_bucket", "started_at")
DAY_OF_REFUSED = ("day_bucket", "sk")
SHOWN_OF_RUNS = ["status", "workflow", "reason", "ended_at"]
"""What a list of runs shows without reading each item."""
SECRET_LENGTH = 64


class DataStack(Stack):
    """Six tables, two buckets, and the secrets that the catalog declares."""

    def __init__(
        self, scope: Construct, id_: str, *, settings: Settings, documents: Iterable[dict[str, Any]]
    ) -> None:
        """Build the stores; *documents* is the compiled catalog."""
        super().__init__(
            scope,
            id_,
            description="Interlock: what is kept (tables, buckets, secrets)",
            termination_protection=settings.deletion_protection,
        )
        self._settings = settings
        self.tables: dict[str, dynamodb.Table] = {
            "runs": self._table("Runs"),
            "parked": self._table("Parked", time_to_live_attribute="remove_at"),
            "catalog": self._table("Catalog"),
            "ledger": self._table("Ledger"),
            "evidence": self._table("Evidence", stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES),
            "refused": self._table("Refused", time_to_live_attribute="expires_at"),
        }
        for name in ("runs", "parked", "ledger"):
            self._index(name, "by_due", DUE)
        self._index("runs", "by_day", DAY_OF_RUNS, SHOWN_OF_RUNS)
        self._index("refused", "by_day", DAY_OF_REFUSED)

        self.artifacts = ArtifactsBucket(
            self,
            "Artifacts",
            artifact_days=settings.artifact_days,
            refused_days=settings.refused_days,
        )
        self.evidence = EvidenceBucket(self, "EvidenceCopies", lock=settings.evidence_lock)

        self.master_secret = self._secret(
            "MasterSecret", "Every key of Interlock is derived from it; changing it renames runs"
        )
        documents = list(documents)
        self.system_secrets = {
            system: self._secret(f"System-{system}", f"Bearer token of the system {system}")
            for system in systems_with_token(documents)
        }
        self.model_secrets = {
            secret: self._secret(f"Model-{secret}", f"API key of the model provider {secret}")
            for secret in model_secrets(documents)
        }

    @property
    def _removal(self) -> RemovalPolicy:
        # "On create" is left out: a first deployment that fails leaves nothing behind.
        return (
            RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if self._settings.retain
            else RemovalPolicy.DESTROY
        )

    def _table(
        self,
        id_: str,
        *,
        stream: dynamodb.StreamViewType | None = None,
        time_to_live_attribute: str | None = None,
    ) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            id_,
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self._settings.deletion_protection,
            removal_policy=self._removal,
            stream=stream,
            time_to_live_attribute=time_to_live_attribute,
        )

    def _index(
        self, table: str, name: str, keys: tuple[str, str], shown: list[str] | None = None
    ) -> None:
        partition, sort = keys
        self.tables[table].add_global_secondary_index(
            index_name=name,
            partition_key=_text(partition),
            sort_key=_text(sort),
            projection_type=(
                dynamodb.ProjectionType.INCLUDE if shown else dynamodb.ProjectionType.KEYS_ONLY
            ),
            non_key_attributes=shown,
        )

    def _secret(self, id_: str, description: str) -> secretsmanager.Secret:
        return secretsmanager.Secret(
            self,
            id_,
            description=description,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=SECRET_LENGTH, exclude_punctuation=True
            ),
            removal_policy=self._removal,
        )


def systems_with_token(documents: Iterable[dict[str, Any]]) -> list[str]:
    """Return the names of the systems that authenticate us by a bearer token."""
    return sorted(
        entry["name"]
        for entry in documents
        if entry["kind"] == "system" and entry["document"]["auth"]["kind"] == "bearer"
    )


def model_secrets(documents: Iterable[dict[str, Any]]) -> list[str]:
    """Return the names of the secrets that model targets ask for."""
    targets = [
        target
        for entry in documents
        if entry["kind"] == "models"
        for target in entry["document"]["targets"].values()
    ]
    return sorted({target["secret"] for target in targets if target.get("secret")})


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
