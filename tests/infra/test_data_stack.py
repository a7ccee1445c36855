"""What the data stack promises: nothing is lost, nothing is readable, nothing is replaced."""

from typing import Any

import pytest

from tests.infra.assembly import Assembly, Stack, listed, spell

TABLE, BUCKET = "AWS::DynamoDB::Table", "AWS::S3::Bucket"


@pytest.fixture(params=["dev", "prod"])
def data(request: pytest.FixtureRequest) -> Stack:
    assembly: Assembly = request.getfixturevalue(request.param)
    return assembly.stack("data")


def _indexes(table: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        index["IndexName"]: (
            *(key["AttributeName"] for key in index["KeySchema"]),
            index["Projection"]["ProjectionType"],
            *index["Projection"].get("NonKeyAttributes", ()),
        )
        for index in table.get("GlobalSecondaryIndexes", ())
    }


def test_every_table_can_be_restored_to_any_second(data: Stack) -> None:
    """Point-in-time recovery is on everywhere."""
    recovery = [t["PointInTimeRecoverySpecification"] for t in data.properties(TABLE)]

    assert all(each == {"PointInTimeRecoveryEnabled": True} for each in recovery)


def test_every_table_is_keyed_alike_and_paid_by_use(data: Stack) -> None:
    """Base keys can't change later, so one shape serves all."""
    shapes = {
        (*(key["AttributeName"] for key in table["KeySchema"]), table["BillingMode"])
        for table in data.properties(TABLE)
    }

    assert shapes == {("pk", "sk", "PAY_PER_REQUEST")}


def test_indexes_are_those_that_the_code_queries(data: Stack) -> None:
    """Sparse by_due where sweep looks, by_day where people list."""
    found = {id_[:-8]: _indexes(r["Properties"]) for id_, r in data.of(TABLE).items()}

    due = ("due_bucket", "due_at", "KEYS_ONLY")
    shown = ("INCLUDE", "status", "workflow", "reason", "ended_at")
    assert found == {
        "Runs": {"by_due": due, "by_day": ("day_bucket", "started_at", *shown)},
        "Parked": {"by_due": due},
        "Catalog": {},
        "Ledger": {"by_due": due},
        "Evidence": {},
        "Refused": {"by_day": ("day_bucket", "sk", "KEYS_ONLY")},
    }


def test_only_evidence_streams_and_only_what_is_over_expires(data: Stack) -> None:
    """A stream shows both images; refusals vanish, and what was decided long ago."""
    streams = {
        i[:-8]: r["Properties"].get("StreamSpecification") for i, r in data.of(TABLE).items()
    }
    expiry = {
        i[:-8]: r["Properties"]["TimeToLiveSpecification"]["AttributeName"]
        for i, r in data.of(TABLE).items()
        if "TimeToLiveSpecification" in r["Properties"]
    }

    assert {k: v for k, v in streams.items() if v} == {
        "Evidence": {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    }
    assert expiry == {"Refused": "expires_at", "Parked": "remove_at"}


@pytest.mark.parametrize(
    ("stage", "protected", "deletion"),
    [("dev", False, "Delete"), ("prod", True, "RetainExceptOnCreate")],
)
def test_tables_and_secrets_stay_in_prod_only(
    stage: str, protected: bool, deletion: str, request: pytest.FixtureRequest
) -> None:
    """A developer's stage goes away; prod's data outlives its stack."""
    data = request.getfixturevalue(stage).stack("data")

    kept = {
        r["DeletionPolicy"]
        for type_ in (TABLE, "AWS::SecretsManager::Secret")
        for r in data.of(type_).values()
    }
    assert kept == {deletion}
    assert {t["DeletionProtectionEnabled"] for t in data.properties(TABLE)} == {protected}


def test_buckets_are_encrypted_private_and_kept(data: Stack) -> None:
    """At every stage: a bucket with objects can't be deleted anyway."""
    for resource in data.of(BUCKET).values():
        properties = resource["Properties"]
        [rule] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]

        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"


def _refusals(data: Stack, bucket: str) -> dict[str, dict[str, Any]]:
    [policy] = [
        spell(r["Properties"])
        for id_, r in data.of("AWS::S3::BucketPolicy").items()
        if id_.startswith(f"{bucket}Policy")
    ]
    statements = [listed(each) for each in policy["PolicyDocument"]["Statement"]]
    assert {each["Effect"] for each in statements} == {"Deny"}
    assert all(each["Principal"] == {"AWS": "*"} for each in statements)
    return {action: each for each in statements for action in each["Action"]}


@pytest.mark.parametrize("bucket", ["Artifacts", "EvidenceCopies"])
def test_buckets_speak_tls_only(data: Stack, bucket: str) -> None:
    """Whoever it is, plain HTTP is refused."""
    refusal = _refusals(data, bucket)["s3:*"]

    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_evidence_can_be_written_once_and_never_deleted(data: Stack) -> None:
    """The bucket itself refuses, so it holds for every role of the account."""
    refusals = _refusals(data, "EvidenceCopies")

    assert refusals["s3:PutObject"]["Condition"] == {"Null": {"s3:if-none-match": "true"}}
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutLifecycleConfiguration"):
        assert "Condition" not in refusals[action]
    assert data.one(BUCKET, "Evidence")["VersioningConfiguration"] == {"Status": "Enabled"}


def test_object_lock_is_for_prod(dev: Assembly, prod: Assembly) -> None:
    """What is locked can't be removed, so a developer's stage doesn't lock."""
    locked = prod.stack("data").one(BUCKET, "Evidence")["ObjectLockConfiguration"]

    assert locked["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 400}
    assert "ObjectLockConfiguration" not in dev.stack("data").one(BUCKET, "Evidence")


@pytest.mark.parametrize(("stage", "days"), [("dev", 30), ("prod", 400)])
def test_artifacts_expire_by_prefix(stage: str, days: int, request: pytest.FixtureRequest) -> None:
    """Refused texts, cached answers and tokens' values are short-lived; all is below a prefix."""
    data = request.getfixturevalue(stage).stack("data")

    rules = data.one(BUCKET, "Artifacts")["LifecycleConfiguration"]["Rules"]

    expiring = {r.get("Prefix"): r["ExpirationInDays"] for r in rules if "ExpirationInDays" in r}
    assert expiring == {"artifacts/": days, "refused/": 14, "vault/": 1, "cache/": 1}


def test_secrets_are_generated_for_what_the_catalog_declares(data: Stack) -> None:
    """The master secret, and one for each system that wants a bearer token."""
    found = {
        id_[:-8]: r["Properties"]["GenerateSecretString"]["PasswordLength"]
        for id_, r in data.of("AWS::SecretsManager::Secret").items()
    }

    assert found == {"MasterSecret": 64, "Systemcrm": 64}
