"""What has to hold before a deployment: this machine, the account, its quotas, the models."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interlock.cli.doctor_findings import Check, Finding, fail, ok, skip, warn
from interlock.cli.exits import LOGIN, Unreachable
from interlock.cli.show import count

if TYPE_CHECKING:
    from interlock.cli.stage import Stage
    from interlock.definitions.project import Project
    from interlock.places import Place

PYTHON = (3, 11)
BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_LEAST = 8
"""The first version of the bootstrap stack whose roles may publish assets as today's CDK asks."""
ON_AWS = ("account", "bootstrap", "models", "quotas")
NOT_HERE = "not played by a laptop cloud"
NO_ACCOUNT = "not looked at: it takes an account and a region"


@dataclass(frozen=True)
class Quota:
    """A quota of the account, and how much of it a run uses (docs/quotas.md)."""

    title: str
    service: str
    words: tuple[str, ...]
    """What its name in Service Quotas holds."""
    a_run: float


QUOTAS = (
    Quota("StartExecution a second", "states", ("startexecution", "refill"), 5),
    Quota("state transitions a second", "states", ("statetransition", "refill"), 26),
    Quota("concurrent functions", "lambda", ("concurrent", "executions"), 9 * 0.5),
)
"""Nine invocations of about half a second each."""


def here(place: "Place | None") -> dict[str, Check]:
    """Return the checks of this machine, by what they are about."""
    return {"python": _python, "project": lambda: _project(place)}


def account(stage: "Stage") -> dict[str, Check]:
    """Return what everything else on AWS needs: a region, and credentials that work."""
    if stage.cloud is not None:
        return {}
    return {"region": lambda: _region(stage), "account": lambda: _account(stage)}


def in_account(
    place: "Place | None", stage: "Stage", runs_per_second: float, *, reached: bool
) -> dict[str, Check]:
    """Return the checks of the account; where it was not *reached*, what was not looked at."""
    if stage.cloud is not None:
        return {"account": lambda: [skip(what, NOT_HERE) for what in ON_AWS]}
    if not reached:
        return {
            "models": lambda: _models(place, None),
            "account": lambda: [skip(what, NO_ACCOUNT) for what in ("bootstrap", "quotas")],
        }
    return {
        "bootstrap": lambda: _bootstrap(stage),
        "models": lambda: _models(place, stage),
        "quotas": lambda: _quotas(stage, runs_per_second),
    }


def _python() -> Iterable[Finding]:
    told = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON:
        yield fail("python", f"{told} is too old", "install Python 3.11 or newer")
    else:
        yield ok("python", told)


def _project(place: "Place | None") -> Iterable[Finding]:
    if place is None:
        yield skip("project", "none here; a stage is looked at without one")
        return
    project = place.load()
    tasks = count(len(project.ai_tasks), "AI task")
    workflows = count(len(project.workflows), "workflow")
    yield ok("project", f"{place.root}: {workflows} and {tasks} hold")
    cdk = place.root / "node_modules" / ".bin" / "cdk"
    if cdk.exists():
        yield ok("cdk", "the CDK command line is installed")
    else:
        then = "npm install --no-package-lock"
        yield warn("cdk", "the CDK command line is not installed here", then)


def _region(stage: "Stage") -> Iterable[Finding]:
    if not stage.region:
        yield fail("region", "no AWS region is set", "set AWS_REGION")
    else:
        yield ok("region", stage.region)


def _account(stage: "Stage") -> Iterable[Finding]:
    if stage.credentials() is None:
        raise Unreachable("no AWS credentials were found that work", LOGIN)
    if stage.region:
        told = stage.client("sts").get_caller_identity()
        yield ok("account", f"{told['Account']} in {stage.region}, as {told['Arn']}")


def _bootstrap(stage: "Stage") -> Iterable[Finding]:
    from botocore.exceptions import ClientError

    try:
        found = stage.client("ssm").get_parameter(Name=BOOTSTRAP)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        yield fail("bootstrap", "this account and region are not bootstrapped", "npx cdk bootstrap")
        return
    version = int(found["Parameter"]["Value"])
    if version < BOOTSTRAP_LEAST:
        yield fail("bootstrap", f"version {version} is too old", "npx cdk bootstrap")
    else:
        yield ok("bootstrap", f"version {version}")


def _models(place: "Place | None", stage: "Stage | None") -> Iterable[Finding]:
    """Look at every model a route leads to; without *stage*, at what needs no account."""
    if place is None:
        yield skip("models", "no project here says which")
        return
    from datetime import UTC, datetime

    from functions.core.domain.end_of_life import endings

    project: Project = place.load()
    routed = project.models.routed
    today = datetime.now(UTC).date()
    for end in endings(project.models, project.models.routed, today):
        yield warn(f"model {end.target}", str(end), "name another target in catalog/models.toml")
    bedrock = [n for n, t in project.models.targets.items() if t.dialect == "bedrock_converse"]
    for name in dict.fromkeys((*routed, *bedrock)):
        target = project.models.targets[name]
        what = f"model {name}"
        if target.dialect == "embedded":
            yield ok(what, "runs inside the function")
        elif target.dialect == "bedrock_converse":
            yield (
                _on_bedrock(what, target.model, target.region, stage)
                if stage
                else skip(what, NO_ACCOUNT)
            )
        else:
            key = f"the secret {target.secret}" if target.secret else "no key"
            yield ok(what, f"{target.model} at {target.base_url}, {key}")


def _on_bedrock(what: str, model: str, region: str | None, stage: "Stage") -> Finding:
    from functions.core.domain.canonical import canonical

    here = stage.client("sts").meta.region_name
    if region not in (None, here):
        return skip(what, f"{model} is served in {region}; you are in {here}")
    plain = (
        model.partition(".")[2] if model.split(".", 1)[0] in ("us", "eu", "apac", "global") else ""
    )
    told = stage.client("bedrock").get_foundation_model_availability(modelId=plain or model)
    said = {
        "agreement": told["agreementAvailability"]["status"],
        "entitlement": told["entitlementAvailability"],
        "authorisation": told["authorizationStatus"],
        "region": told["regionAvailability"],
    }
    wrong = {name: word for name, word in said.items() if word not in ("AVAILABLE", "AUTHORIZED")}
    if wrong:
        then = "ask for access to the model in the Bedrock console"
        return fail(what, f"{model}: {canonical(wrong).decode()}", then)
    return ok(what, f"{model} may be called in {here}")


def _quotas(stage: "Stage", runs_per_second: float) -> Iterable[Finding]:
    listed: dict[str, list[Mapping[str, Any]]] = {}
    for quota in QUOTAS:
        if quota.service not in listed:
            pages = stage.client("service-quotas").get_paginator("list_service_quotas")
            listed[quota.service] = [
                one for page in pages.paginate(ServiceCode=quota.service) for one in page["Quotas"]
            ]
        yield _quota(quota, listed[quota.service], runs_per_second)


def _quota(quota: Quota, listed: list[Mapping[str, Any]], wanted: float) -> Finding:
    what = f"quota {quota.title}"
    values = [
        float(one["Value"])
        for one in listed
        if all(word in one["QuotaName"].lower().replace(" ", "") for word in quota.words)
        and "express" not in one["QuotaName"].lower()
    ]
    if not values:
        return warn(what, "is not listed for this account", "see docs/quotas.md")
    allowed = min(values) / quota.a_run
    said = f"{min(values):g} allow {allowed:g} runs a second"
    if allowed < wanted:
        return fail(what, f"{said}, {wanted:g} are wanted", "ask for more in Service Quotas")
    return ok(what, said)
