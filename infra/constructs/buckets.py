"""The two buckets: values kept for a while, and evidence that nobody can change."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.settings import EvidenceLock

KEPT = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
"""CloudFormation can't delete a bucket with objects; saying so beats failing to."""
CACHE_DAYS = 1
"""As long as a cached answer may serve at all; S3 counts from the next midnight."""


VAULT_DAYS = 1
"""What tokens stand for is read within the hour in which the call is made; S3 counts in days."""


class ArtifactsBucket(s3.Bucket):
    """Prompts, answers and inputs by hash, cached answers, and the raw text of refused events."""

    def __init__(
        self, scope: Construct, id_: str, *, artifact_days: int, refused_days: int
    ) -> None:
        """Build the bucket; each prefix is emptied after its days."""
        super().__init__(
            scope,
            id_,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            removal_policy=KEPT,
            lifecycle_rules=[
                _expire("artifacts/", artifact_days),
                _expire("refused/", refused_days),
                _expire("vault/", VAULT_DAYS),
                _expire("cache/", CACHE_DAYS),
                s3.LifecycleRule(
                    id="unfinished-uploads",
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
            ],
        )


class EvidenceBucket(s3.Bucket):
    """The copy of the evidence chains: an object is written once and stays.

    The two refusals are in the bucket's own policy, so that they hold for every principal of
    the account. Object Lock makes them hold for whoever changes that policy, too.
    """

    def __init__(self, scope: Construct, id_: str, *, lock: EvidenceLock | None) -> None:
        """Build the bucket; *lock* is Object Lock's default retention, None for none."""
        super().__init__(
            scope,
            id_,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            removal_policy=KEPT,
            object_lock_enabled=True if lock else None,
            object_lock_default_retention=_retention(lock) if lock else None,
        )
        self.add_to_resource_policy(
            _deny(
                "RefuseOverwrites",
                ["s3:PutObject"],
                self.arn_for_objects("*"),
                # Holds for a put without the header If-None-Match, which S3 would let overwrite.
                conditions={"Null": {"s3:if-none-match": "true"}},
            )
        )
        self.add_to_resource_policy(
            _deny(
                "RefuseDeletes",
                ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"],
                self.arn_for_objects("*"),
            )
        )
        self.add_to_resource_policy(
            # A lifecycle rule deletes on behalf of S3, past any other refusal.
            _deny("RefuseExpiry", ["s3:PutLifecycleConfiguration"], self.bucket_arn)
        )


def _expire(prefix: str, days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(id=prefix.strip("/"), prefix=prefix, expiration=Duration.days(days))


def _retention(lock: EvidenceLock) -> s3.ObjectLockRetention:
    days = Duration.days(lock.days)
    if lock.mode == "COMPLIANCE":
        return s3.ObjectLockRetention.compliance(days)
    return s3.ObjectLockRetention.governance(days)


def _deny(
    sid: str, actions: list[str], resource: str, conditions: dict[str, dict[str, str]] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=actions,
        resources=[resource],
        conditions=conditions,
    )
