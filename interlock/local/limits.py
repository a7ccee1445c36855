"""What differs from AWS where a user would believe otherwise; the README prints this table too."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Limit:
    """One difference.

    Attributes
    ----------
    area
        The service or matter.
    here
        What the laptop cloud does.
    on_aws
        What AWS does.
    """

    area: str
    here: str
    on_aws: str

    def as_json(self) -> dict[str, str]:
        """Return it as a JSON object."""
        return asdict(self)


LIMITS: tuple[Limit, ...] = (
    Limit("Restart", "a fresh cloud: nothing is kept", "everything is durable"),
    Limit(
        "Deployment",
        "a stack whose update fails is put back as it was; a cloud whose first deployment fails "
        "ends; templates' Rules are not evaluated",
        "the same is done; a stack whose creation fails stays to be looked at",
    ),
    Limit(
        "Templates",
        "tags (but those of buckets and tables), encryption keys, capacity settings and other "
        "properties without a meaning on a laptop are accepted and do nothing; an unknown "
        "property or type stops the deployment",
        "each has its effect",
    ),
    Limit(
        "Quotas and throttling",
        "payload, state and history sizes are checked; request rates and account quotas are not",
        "throttles and quota errors are part of normal operation",
    ),
    Limit(
        "Signatures",
        "only those of function URLs are verified; elsewhere an access key names its role",
        "every request is verified",
    ),
    Limit(
        "Names, addresses, organisations",
        "off: no analyzer runs here, and a policy that asks for these kinds ends its steps as "
        "GuardUnavailable, unless the setting analyzer names one that you run",
        "the same: a deployment that wants them runs Presidio's container image in its own network",
    ),
    Limit(
        "Bedrock Guardrails",
        "asked where their endpoint says, else on AWS with this process's made-up keys, which AWS "
        "refuses: the step ends as GuardUnavailable",
        "asked as the function's own role",
    ),
    Limit(
        "People",
        "whoever decides is who they say: marked as self-declared in the evidence",
        "IAM says who signed the request",
    ),
    Limit(
        "IAM",
        "identity policies, boundaries and resource policies with the common conditions; an "
        "unknown condition is an error; no service control policies, no sessions' own policies",
        "full evaluation: a rehearsal here is no proof",
    ),
    Limit(
        "Lambda processor and interpreter",
        "this machine's interpreter and processor, the layer's lock installed for it",
        "python3.13 on arm64, the packaged layer",
    ),
    Limit(
        "Lambda start",
        "workers fork from a process that has imported the layer's packages: a cold start takes "
        "milliseconds, and what a package reads from the environment at import it read before",
        "each environment imports everything by itself",
    ),
    Limit(
        "Lambda memory and processor share",
        "the setting is told to the function, not enforced",
        "memory is a hard limit and decides the processor share",
    ),
    Limit(
        "Lambda concurrency",
        "two processes a function version (a setting); further calls wait",
        "scales out to the account's limit, then throttles",
    ),
    Limit(
        "Lambda network and disk",
        "functions see this machine's network and files",
        "an isolated, read-only environment with /tmp",
    ),
    Limit(
        "Lambda time-outs on a scaled clock",
        "are virtual seconds, while the processor stays as fast as it is; a ticking clock stands "
        "still, so nothing times out until it is ticked",
        "one time for everything",
    ),
    Limit(
        "Bedrock",
        "not played: a target of it is called at its base_url, if the stage names one",
        "called in its region, as the function's own role",
    ),
    Limit("X-Ray", "no traces", "traced as the template says"),
    Limit(
        "CloudWatch",
        "alarms, dashboards and metric filters can be described and do nothing; function logs are "
        "files (interlock local logs), not log events",
        "alarms fire and tell their topics",
    ),
    Limit("SNS", "topics take messages; e-mail and SMS are not sent", "delivered"),
    Limit(
        "SQS mappings",
        "five pollers at once or MaximumConcurrency; messages are picked up at once, batching "
        "windows are not waited for",
        "scales pollers, honours batching windows",
    ),
    Limit(
        "DynamoDB streams",
        "one shard a table, kept as long as the cloud runs",
        "shards split; records stay 24 hours",
    ),
    Limit(
        "DynamoDB",
        "one lock a service: transactions never conflict, TTL deletes nothing, backups are a flag",
        "TransactionConflict happens; TTL deletes within days",
    ),
    Limit(
        "S3",
        "lifecycle rules and Object Lock are stored, nothing expires",
        "objects move and expire",
    ),
    Limit("KMS and encryption at rest", "keys exist; stored data is not encrypted", "encrypted"),
    Limit("EventBridge archives", "are kept, replays are not run", "replay events"),
    Limit(
        "Custom resources",
        "the function is invoked at once and must answer before it returns",
        "has an hour to answer",
    ),
    Limit(
        "Stack outputs and ARNs",
        "one account (123456789012) and region (us-east-1), stable physical names",
        "your account and region, random suffixes",
    ),
)
