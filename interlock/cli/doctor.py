"""`interlock doctor`: whether a deployment will work, and whether a stage does."""

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from interlock.cli import show
from interlock.cli.exits import Exit, Unreachable
from interlock.cli.options import connected, examples

if TYPE_CHECKING:
    from interlock.cli.doctor_findings import Finding
    from interlock.cli.stage import Stage
    from interlock.places import Place

STYLES = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "dim"}


@click.command(
    epilog=examples(
        "interlock doctor",
        "interlock doctor --stage prod --aws --runs-per-second 40",
        shape="{stage, deployed, findings: [{status: ok|warn|fail|skip, what, said, then}],\n"
        " idle_usd_per_month: {total, …} or null, exit}",
    ),
)
@click.option(
    "--runs-per-second",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0.001),
    help="Runs a second that the account's quotas have to allow.",
)
@connected
def doctor(stage: "Stage", *, runs_per_second: float, as_json: bool) -> None:
    """Look whether a deployment will work and, where the stage is deployed, whether it does.

    Before: Python, the project, account and region, CDK bootstrap, model access, quotas. After:
    tables, alarms, schedules, the sweep's heartbeat, what could not be delivered. Where cdk.out
    holds the stage's templates, it says what the stage costs a month that does nothing. Exit
    code 1: something fails.
    """
    place = _place()
    with show.working("looking") as say:
        deployed = _is_deployed(stage)
        findings = []
        for finding in _findings(place, stage, runs_per_second, deployed=deployed):
            say(finding.what)
            findings.append(finding)
    idle = _idle(place, stage)
    bad = any(finding.status == "fail" for finding in findings)
    if as_json:
        show.as_json(
            {
                "stage": stage.name,
                "deployed": deployed,
                "findings": [dict(vars(finding)) for finding in findings],
                "idle_usd_per_month": idle and {k: format(v, "f") for k, v in idle.items()},
                "exit": int(Exit.BAD if bad else Exit.OK),
            }
        )
    else:
        _say(stage, findings, idle, deployed=deployed)
    if bad:
        raise click.exceptions.Exit(Exit.BAD)


def _place() -> "Place | None":
    from interlock.places import NoProject, find

    try:
        return find()
    except NoProject:
        return None


def _is_deployed(stage: "Stage") -> bool:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return bool(stage.outputs)
    except (Unreachable, BotoCoreError, ClientError):
        return False


def _findings(
    place: "Place | None", stage: "Stage", runs_per_second: float, *, deployed: bool
) -> "Iterator[Finding]":
    from interlock.cli import doctor_after, doctor_before
    from interlock.cli.doctor_findings import done, skip

    yield from done(doctor_before.checks(place, stage, runs_per_second))
    if deployed:
        yield from done(doctor_after.checks(stage))
    else:
        yield skip("stage", f"{stage.where} is not deployed: nothing more to look at")


def _idle(place: "Place | None", stage: "Stage") -> dict[str, Decimal] | None:
    """Return dollars a month by what they are for; None without synthesized templates."""
    from interlock.idle_cost import EmptySweep, by_month, held_by
    from interlock.prices import list_prices

    out = place.root / "cdk.out" if place else None
    if out is None or not held_by(out, stage.name):
        return None
    parts = by_month(out, list_prices(), EmptySweep(), stage=stage.name)
    cents = {name: round(amount, 2) for name, amount in parts.items()}
    return {"total": round(sum(parts.values(), Decimal(0)), 2), **cents}


def _say(
    stage: "Stage",
    findings: "list[Finding]",
    idle: dict[str, Decimal] | None,
    *,
    deployed: bool,
) -> None:
    widest = max(len(finding.what) for finding in findings)
    for finding in findings:
        word = show.plain(f"{finding.status:<4}", STYLES[finding.status])
        then = f"  -> {finding.then}" if finding.then else ""
        show.line(word, f"  {finding.what:<{widest}}  {finding.said}{then}")
    if idle is None:
        show.line("idle cost: synthesize first (cdk synth), then it stands here")
    else:
        parts = ", ".join(f"{name} ${cost}" for name, cost in idle.items() if name != "total")
        show.line(f"a stage that does nothing costs about ${idle['total']} a month ({parts})")
    counts = {word: sum(f.status == word for f in findings) for word in ("fail", "warn")}
    if counts["fail"]:
        show.line(show.plain(f"{counts['fail']} things have to be mended first", "red"))
    else:
        what = "works" if deployed else "may be deployed"
        more = f"; {counts['warn']} things to look at" if counts["warn"] else ""
        show.line(show.plain(f"{stage.where} {what}{more}", "green"))
