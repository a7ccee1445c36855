"""`make verify-aws`: deploy, put three events, kill one execution, read the evidence, remove.

The same checks run against the laptop cloud (`python -m interlock.verify --laptop`), so that the
script itself is exercised where no account is. It makes a stage of its own name, brings on AWS a
throw-away CRM as a stack of its own, and removes both, with the buckets that a stage keeps.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from interlock.cli.evidence_check import verify_run
from interlock.cli.exits import NotFound
from interlock.cli.listing import Listed, newest_refused, newest_runs
from interlock.cli.stage import Stage, connect
from interlock.throwaway import (
    Kept,
    NotOfThisStage,
    NotRemoved,
    StageStands,
    kept_by,
    remove,
    require_absent,
)

PROJECT = Path(__file__).resolve().parents[1]
EVENTS = PROJECT / "statemachines" / "workflows" / "triage_ticket" / "events"
STAGE = "verify"
PATIENCE_SECONDS = 300.0
CLOSED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT", "SKIPPED"})
KILL_TRIES = 5


class NotAsPromised(Exception):
    """Something that holds on every stage does not hold here."""


REFUSALS = (NotAsPromised, NotOfThisStage, NotRemoved, StageStands)


def check_stage(stage: Stage, say: Callable[[str], None]) -> None:
    """Put three events, kill one execution, read the evidence.

    Raises
    ------
    NotAsPromised
        Naming what is wrong.
    """
    before = {run.run for run in newest_runs(stage)}
    refused_before = {name for name, _ in newest_refused(stage)}
    put_sample(stage, "ordinary_ticket", "V-ordinary")
    put_sample(stage, "spam_ticket", "V-spam")
    put_sample(stage, "refused/malformed_ticket", "V-malformed")
    say("three events put: an ordinary ticket, spam, a malformed one")

    runs = _wait("two runs to end", lambda: _ended(stage, before, 2))
    for run in runs:
        if run.status != "SUCCEEDED":
            raise NotAsPromised(f"{run.run} ended {run.status} {run.reason}")
    say("both tickets were triaged and written to the CRM")
    _wait(
        "the malformed event to be refused",
        lambda: {name for name, _ in newest_refused(stage)} - refused_before,
    )
    say("the malformed event was refused and kept")

    killed = _kill_one(stage, before | {run.run for run in runs})
    say(f"killed the execution of {killed.run}: the run ended {killed.status} {killed.reason}")
    for run in (*runs, killed):
        _wait(f"the evidence of {run.run}", lambda name=run.run: _verified(stage, name))  # type: ignore[misc]
    say("the evidence of all three verifies, sealed")


def put_sample(stage: Stage, sample: str, ticket: str) -> None:
    """Put the event of a sample file as a ticket of its own."""
    event = json.loads((EVENTS / f"{sample}.json").read_text(encoding="utf-8"))
    unique = f"{ticket}-{int(time.monotonic() * 1000)}"
    entry = {
        "EventBusName": stage.output("EventBusName"),
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps({**event["detail"], "ticket_id": unique}),
    }
    answer = stage.client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise NotAsPromised(f"the bus did not take an event: {answer['Entries'][0]['ErrorCode']}")


def _ended(stage: Stage, before: set[str], count: int) -> list[Listed] | None:
    new = [run for run in newest_runs(stage) if run.run not in before]
    return new if len(new) == count and all(run.status in CLOSED for run in new) else None


def _kill_one(stage: Stage, before: set[str]) -> Listed:
    """Stop a supervisor in the middle of a run; return the run once it is over."""
    for _ in range(KILL_TRIES):
        put_sample(stage, "ordinary_ticket", "V-killed")
        known = set(before)
        run = _wait("a run to kill", lambda known=known: _newer(stage, known))  # type: ignore[misc]
        stage.client("stepfunctions").stop_execution(
            executionArn=stage.execution("supervise_run", run.run), cause="a verification"
        )
        before.add(run.run)
        ended: Listed = _wait(
            f"{run.run} to end",
            lambda name=run.run: _closed(stage, name),  # type: ignore[misc]
        )
        if ended.status != "SUCCEEDED":
            return ended
    raise NotAsPromised(f"{KILL_TRIES} runs ended before they could be killed")


def _newer(stage: Stage, known: set[str]) -> Listed | None:
    started = ("RUNNING", *CLOSED)
    return next((r for r in newest_runs(stage) if r.run not in known and r.status in started), None)


def _closed(stage: Stage, name: str) -> Listed | None:
    found = next((run for run in newest_runs(stage) if run.run == name), None)
    return found if found and found.status in CLOSED else None


def _verified(stage: Stage, run: str) -> bool:
    try:
        verdict = verify_run(stage, run)
    except NotFound:
        return False
    return verdict.ok and verdict.sealed


def _wait(what: str, found: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.2)
    raise NotAsPromised(f"waited {PATIENCE_SECONDS:g} s for {what}")


def on_laptop(say: Callable[[str], None]) -> None:
    """Run the checks against a laptop cloud of their own, and remove the stage's data from it."""
    from interlock.local.cloud import Cloud
    from interlock.local.synth import synthesize

    assembly = synthesize(PROJECT, stage=STAGE, context={"stage_like": "dev"})
    with Cloud.start(assembly, PROJECT / ".interlock") as cloud:
        stage = connect(STAGE, endpoint=cloud.endpoint)
        check_stage(stage, say)
        _remove_kept(stage, kept_by(stage), say)


def on_aws(say: Callable[[str], None]) -> None:
    """Deploy a stage and a CRM, run the checks, remove both, whatever happens between."""
    with _deployed(say) as stage:
        check_stage(stage, say)


@contextmanager
def _deployed(say: Callable[[str], None]) -> Iterator[Stage]:
    app = f"{sys.executable} -m infra.app -c stage={STAGE} -c stage_like=dev"
    crm = f"{sys.executable} -m infra.throwaway_crm"
    stage = connect(STAGE, aws=True)
    require_absent(stage)
    try:
        _cdk("deploy", f"interlock-{STAGE}-data", app=app)
        token = _output(f"interlock-{STAGE}-data", "crm")
        _cdk("deploy", "--all", "--parameters", f"TokenArn={token}", app=crm)
        url = _output(f"interlock-{STAGE}-crm", "Url")
        say(f"a throw-away CRM answers at {url}")
        given = json.dumps({"crm": url.rstrip("/")})
        _cdk(
            "deploy",
            "--all",
            "--parameters",
            f"interlock-{STAGE}-platform:SystemBaseUrls={given}",
            app=app,
        )
        say(f"stage {STAGE} is deployed")
        yield stage
    finally:
        kept = kept_by(stage)
        _cdk("destroy", "--all", "--force", app=crm)
        _cdk("destroy", "--all", "--force", app=app)
        _remove_kept(stage, kept, say)
        say("removed; what stays is listed in the README under “What stays”")


def _remove_kept(stage: Stage, kept: Kept, say: Callable[[str], None]) -> None:
    remove(stage, kept)
    say(f"emptied and removed what stage {kept.stage} kept: {len(kept.buckets)} buckets")


def _cdk(*words: str, app: str) -> None:
    command = [
        "npx",
        "--yes",
        "aws-cdk@2.1148.1",
        *words,
        "--app",
        app,
        "--require-approval",
        "never",
    ]
    if words[0] == "destroy":
        command = command[:-2]
    subprocess.run(command, cwd=PROJECT, check=True, env={**os.environ, "STAGE": STAGE})


def _output(stack: str, name: str) -> str:
    import boto3

    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}
    key = next((k for k in outputs if name.lower() in k.lower()), None)
    if key is None:
        raise NotAsPromised(f"stack {stack} has no output {name}")
    return str(outputs[key])


def main() -> int:
    """Verify; return the exit code."""
    parser = argparse.ArgumentParser(prog="make verify-aws", description=__doc__)
    parser.add_argument("--laptop", action="store_true", help="against a laptop cloud")
    arguments = parser.parse_args()
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)

    try:
        (on_laptop if arguments.laptop else on_aws)(say)
    except (*REFUSALS, subprocess.CalledProcessError) as problem:
        print(f"not verified: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
