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
        " idle_usd_per_month: {total, …} or null, exit};\n"
        " deployed is null where nobody could look",
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
        deployed, findings = None, []
        for found, finding in _looked(place, stage, runs_per_second):
            say(finding.what)
            findings.append(finding)
            deployed = found
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


def _looked(
    place: "Place | None", stage: "Stage", runs_per_second: float
) -> "Iterator[tuple[bool | None, Finding]]":
    """Yield each finding with whether the stage is deployed, as far as that is known by then.

    What needs an account is not asked where there is none: one thing that is missing is one
    thing to mend.
    """
    from interlock.cli import doctor_after, doctor_before
    from interlock.cli.doctor_findings import done, skip

    reached = True
    for finding in done(doctor_before.here(place)):
        yield None, finding
    for finding in done(doctor_before.account(stage)):
        reached = reached and finding.status != "fail"
        yield None, finding
    for finding in done(doctor_before.in_account(place, stage, runs_per_second, reached=reached)):
        yield None, finding
    if not reached:
        yield None, skip("stage", doctor_before.NO_ACCOUNT)
        return
    deployed: bool | None = None
    for deployed, finding in _of_stage(stage):
        yield deployed, finding
    if deployed:
        for finding in done(doctor_after.checks(stage)):
            yield True, finding


def _of_stage(stage: "Stage") -> "Iterator[tuple[bool | None, Finding]]":
    """Yield whether the stage is deployed."""
    from botocore.exceptions import BotoCoreError, ClientError

    from interlock.cli.doctor_findings import ok, skip, warn
    from interlock.cli.exits import explain

    try:
        stage.outputs  # noqa: B018  (raises where there is none)
    except Unreachable:
        yield False, skip("stage", f"{stage.where} is not deployed: nothing more to look at")
    except (BotoCoreError, ClientError) as error:
        problem = explain(error)
        yield None, warn("stage", f"can't be told: {problem.what}", problem.then)
    else:
        yield True, ok("stage", f"{stage.where} is deployed")


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
    deployed: bool | None,
) -> None:
    widest = max(len(finding.what) for finding in findings)
    for finding in findings:
        word = show.plain(f"{finding.status:<4}", STYLES[finding.status])
        then = f"  -> {finding.then}" if finding.then else ""
        show.line(word, f"  {finding.what:<{widest}}  {finding.said}{then}")
    if idle is None:
        synth = "make synth" + (f" STAGE={stage.name}" if stage.context else "")
        show.line(f"idle cost: type {synth}, then it stands here")
    else:
        parts = ", ".join(f"{name} ${cost}" for name, cost in idle.items() if name != "total")
        show.line(f"a stage that does nothing costs about ${idle['total']} a month ({parts})")
    counts = {word: sum(f.status == word for f in findings) for word in ("fail", "warn")}
    if counts["fail"]:
        things = show.count(counts["fail"], "thing has", "things have")
        show.line(show.plain(f"{things} to be mended first", "red"))
        return
    what = "works" if deployed else "may be deployed"
    more = f"; {show.count(counts['warn'], 'thing')} to look at" if counts["warn"] else ""
    show.line(show.plain(f"{stage.where} {what}{more}", "green"))
