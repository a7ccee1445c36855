"""`make demo`: support tickets through the whole control plane, on this machine, offline.

What runs is what `cdk deploy` would send: the templates, the state machines, the roles, the
functions. The model is the lexical one behind an address on this machine, or any endpoint that
speaks OpenAI's chat completions (`MODEL_URL`, `MODEL`, `OPENAI_API_KEY`). It shows what the
command line shows, live; it leaves nothing running behind.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from functions.core.domain.expressions import Table
from functions.core.domain.parked import KIND as APPROVAL
from functions.core.domain.references import is_reference
from interlock.cli import run_drawing, show
from interlock.cli.evidence_check import verify_run
from interlock.cli.listing import newest_refused, newest_runs
from interlock.cli.run_view import look, read_items
from interlock.cli.signed import ask, signer, tell
from interlock.cli.stage import Stage, connect
from interlock.cli.waiting import Waiting, waiting
from interlock.local.cloud import Cloud, CloudDidNotStart
from interlock.local.endpoint import Endpoint, EndpointMissing, Rehearsal, rehearsal
from interlock.local.synth import SynthFailed, synthesize

PROJECT = Path(__file__).resolve().parents[1]
EVENTS = PROJECT / "statemachines" / "workflows" / "triage_ticket" / "events"
ORDINARY = EVENTS / "ordinary_ticket.json"
REFUND = EVENTS / "refund_ticket.json"
APPROVER = "sophie"
MALFORMED = EVENTS / "refused" / "malformed_ticket.json"
STAGE = "dev"
SIGN_IN = "I forgot my password and the reset link does not arrive. How do I get in again?"
BROKEN = '{"category": "passwords", "urgency": "high"}'
PATIENCE_SECONDS = 90.0
LOOK_SECONDS = 0.05
DAYS = 2
"""Where what has just come is looked for: today, and yesterday for midnight; a cloud answers a
request for each part of each day, again and again until it is there."""
LINE = 96
"""Characters of a text that are shown."""
CLOSED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT", "SKIPPED"})
IN_WORDS = {
    "classify_ticket": "a model says what the ticket is about",
    "draft_reply": "a model drafts the first answer",
    "crm.update_ticket": "triage and draft are written to the CRM",
    "crm.close_ticket": "the ticket is closed in the CRM",
    "write_ticket": "a person approves what is to be written",
}


class NothingHappened(Exception):
    """Something that the demo shows did not come."""


def main() -> int:
    """Show it; return the exit code."""
    began = time.monotonic()
    try:
        with ExitStack() as until_the_end:
            endpoint, own = Endpoint.said(), None
            if endpoint is None:
                own = until_the_end.enter_context(rehearsal(PROJECT / "catalog"))
                endpoint = own.endpoint
            with _phase("templates", "synthesized by CDK, as cdk deploy would send them"):
                assembly = synthesize(PROJECT, stage=STAGE, context=endpoint.context)
            with _phase("laptop cloud", "the templates deployed, unchanged") as told:
                cloud = Cloud.start(
                    assembly, PROJECT / ".interlock", parameters=endpoint.parameters
                )
                told.append(cloud.endpoint)
            with cloud:
                endpoint.unlock(cloud, STAGE)
                _show(cloud, began, own)
    except (SynthFailed, CloudDidNotStart, EndpointMissing, NothingHappened) as problem:
        print(f"\nthe demo did not work: {problem}", file=sys.stderr)
        return 1
    return 0


def _show(cloud: Cloud, began: float, own: Rehearsal | None) -> None:
    stage = connect(STAGE, cloud_id=cloud.id)  # as its own developer, whatever keys the shell has
    runs = [_ordinary(cloud, stage, began)]
    if own is not None:
        runs.append(_repaired(stage, own))
    shown = runs[-1]
    runs.append(_approved(cloud, stage))
    _malformed(stage)
    _heading("What the runs did, used and cost")
    run_drawing.summary([look(stage, run) for run in runs])
    if own is not None:
        show.line("The model that runs here is free; AWS's dollars are estimated from list prices.")
    _evidence(stage, shown)
    denials = cloud.get("denials")
    if denials:
        raise NothingHappened(f"IAM denied {len(denials)} requests: {denials[0]}")
    _heading("Now you")
    sample = ORDINARY.relative_to(PROJECT)
    for what, command in (
        ("leave a cloud running:", "make up"),
        ("use the command line:", "source .venv/bin/activate"),
        ("put a ticket:", f"interlock events put triage_ticket {sample} --wait"),
        ("see what became of it:", "interlock runs show last"),
        ("check the whole record:", "interlock evidence verify --all"),
        ("try an AI task of your own:", "interlock tasks new my_task; interlock tasks try my_task"),
    ):
        show.line("  ", f"{what:<28}", show.plain(command, "bold"))
    show.line("  more, step by step:         docs/first-ten-minutes.md")


def _ordinary(cloud: Cloud, stage: Stage, began: float) -> str:
    event = json.loads(ORDINARY.read_text(encoding="utf-8"))
    detail = event["detail"]
    _heading("1. An ordinary ticket arrives as an EventBridge event")
    show.line("  ", f"{detail['ticket_id']}  “{detail['subject']}”")
    show.line("  ", f"{detail['text']}", style="dim")
    run = _started(stage, event)
    show.line("  ", "the door named and started ", show.plain(run, "bold"))
    _follow(stage, run, began=began)
    _tell_crm(cloud, stage, str(detail["ticket_id"]))
    return run


def _repaired(stage: Stage, own: Rehearsal) -> str:
    """Let the model miss the schema once: it is shown its error, and answers again."""
    event = json.loads(ORDINARY.read_text(encoding="utf-8"))
    event["detail"] |= {"ticket_id": "T-1002", "subject": "Cannot sign in", "text": SIGN_IN}
    _heading("2. A ticket whose first answer breaks the schema")
    show.line("  ", f"T-1002  “Cannot sign in”  {SIGN_IN}", style="dim")
    show.line("  ", "the model will say ", show.plain(BROKEN, "dim"))
    own.says_next(BROKEN)
    run = _started(stage, event)
    _follow(stage, run)
    step = next(s for s in look(stage, run).steps if s.kind == "ai_task")
    first, second = step.attempts[:2]
    show.line("  ", "attempt 1 was refused: ", show.plain(first.reason, "bold"))
    show.line("  ", "attempt 2 was shown that, and no more: ", show.plain(second.status, "bold"))
    return run


def _approved(cloud: Cloud, stage: Stage) -> str:
    """Let a refund over the limit wait for a person, and be that person."""
    event = json.loads(REFUND.read_text(encoding="utf-8"))
    detail = event["detail"]
    _heading("3. A refund over the limit waits for a person")
    show.line("  ", f"{detail['ticket_id']}  “{detail['subject']}”  {detail['refund']} dollars")
    run = _started(stage, event)
    told: set[str] = set()

    def parked() -> Waiting | None:
        _tell_steps(stage, run, told)
        return next((entry for entry in waiting(stage) if entry.item["run"] == run), None)

    entry = _wait(parked, "it")
    show.line(
        "  ", f"waits as {entry.id}: {entry.what}, {entry.item['amount']} dollars; ", entry.who
    )
    who = signer(stage, APPROVER, entry.item["groups"])
    content = ask(stage, who, entry.place)
    show.line("  ", f"{APPROVER} reads it: ", show.plain(_short(content["fields"]["reply"]), "dim"))
    command = f"interlock approvals approve {entry.id} --as {APPROVER}"
    show.line("  ", f"and approves it, as {APPROVER} would type: ", show.plain(command, "bold"))
    said = {"verdict": "approve", "shown": content["hash"], "why": "the parcel was damaged"}
    decision = tell(stage, who, {**entry.place, **said})["decision"]
    show.line("  ", show.word(decision["verdict"]), f" by {decision['by']} (self-declared here)")
    _follow(stage, run, told=told)
    _tell_crm(cloud, stage, str(detail["ticket_id"]))
    return run


def _started(stage: Stage, event: dict[str, Any]) -> str:
    """Put *event*; return the run that the door started for it."""
    before = {r.run for r in newest_runs(stage, days=DAYS)}
    _put(stage, event)
    run: str = _wait(
        lambda: next((r.run for r in newest_runs(stage, days=DAYS) if r.run not in before), None),
        "a run",
    )
    return run


def _follow(
    stage: Stage, run: str, *, began: float | None = None, told: set[str] | None = None
) -> None:
    """Tell each step of *run* as it ends, but those that were *told*.

    *began* is when the first result is counted from.
    """
    told = set() if told is None else told
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        item = _tell_steps(stage, run, told, began)
        if item["status"] in CLOSED and item.get("sealed"):
            break
        if time.monotonic() > until:
            raise NothingHappened(f"the run is still {item['status']}")
        time.sleep(LOOK_SECONDS)
    show.line("  ", "the run ", show.word(item["status"]), f" {item.get('reason', '')}")
    if item["status"] != "SUCCEEDED":
        raise NothingHappened(f"the run ended {item['status']} {item.get('reason', '')}")


def _tell_steps(
    stage: Stage, run: str, told: set[str], began: float | None = None
) -> dict[str, Any]:
    """Tell the steps of *run* that have ended since, and note them in *told*; return the run."""
    item, steps = read_items(stage, run)
    for step in sorted(steps, key=lambda one: str(one.get("started_at", ""))):
        if step.get("outcome") and step["sk"] not in told:
            if not told and began is not None:
                took = time.monotonic() - began
                show.line("  ", f"first result {took:.1f} s after the start")
            told.add(str(step["sk"]))
            _tell_step(stage, step)
    return item


def _tell_step(stage: Stage, step: dict[str, Any]) -> None:
    name = str(step["name"])
    answer = json.loads(step.get("answer") or "{}")
    title = str(step["sk"]).removeprefix("step#").rpartition(".")[0]
    shown = show.plain(f"{title:<13}", "bold")
    show.line("  ", shown, show.word(step["outcome"]), f"  {IN_WORDS.get(name, name)}")
    if step["kind"] == APPROVAL:
        return  # its answer is what the person was shown
    for field, value in answer.items():
        text = _text_of(stage, value) if is_reference(value) else str(value)
        show.line("  ", " " * 13, f"{field}: ", show.plain(text, "dim"))


def _text_of(stage: Stage, reference: dict[str, Any]) -> str:
    """Return what a reference names; the state only ever held the reference."""
    key = f"artifacts/{reference['interlock:artifact']}"
    bucket = stage.output("ArtifactsBucket")
    content = stage.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return f"{_short(content.decode())} (an artifact: the state holds only its reference)"


def _short(text: str) -> str:
    """Return as much of a text as stands on a line."""
    whole = show.neutral(text)
    return f"“{whole}”" if len(whole) <= LINE else f"“{whole[:LINE].rstrip()} …”"


def _tell_crm(cloud: Cloud, stage: Stage, ticket: str) -> None:
    """Ask the CRM itself, a process of its own, what it was told."""
    arns = json.loads(stage.output("SystemSecretArns"))
    token = stage.client("secretsmanager").get_secret_value(SecretId=arns["crm"])["SecretString"]
    url = f"{cloud.companion('crm')}/tickets/{ticket}"
    record = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).json()
    said = "  ".join(f"{n}={v}" for n, v in record.items() if n != "reply")
    show.line("  ", "the CRM now says ", show.plain(said, "dim"))


def _malformed(stage: Stage) -> None:
    event = json.loads(MALFORMED.read_text(encoding="utf-8"))
    _heading("4. A malformed event")
    show.line("  ", show.plain(json.dumps(event["detail"]), "dim"))
    _put(stage, event)
    name, sent_at = _wait(lambda: next(iter(newest_refused(stage, days=DAYS)), None), "a refusal")
    item = next(i for i in stage.store.query(Table.REFUSED, name) if i["sk"] == sent_at)
    show.line("  ", show.word("REFUSED"), f"  {item['reason']}: {item['detail']}")
    show.line(
        "  ", f"kept as {name[:12]}; nothing was started. On a cloud that you keep (make up):"
    )
    show.line("  ", show.plain(f"interlock events show {name[:12]} --raw", "bold"))
    show.line(
        "  ", show.plain(f"interlock events replay {name[:12]} --event corrected.json", "bold")
    )


def _evidence(stage: Stage, run: str) -> None:
    from interlock.cli.evidence import _chains, _draw, _line

    step = next(step for step in look(stage, run).steps if step.kind == "ai_task")
    _heading(f"The evidence of one step: {step.title}, which model said what, from which data")
    _draw(run, _chains(stage, run, step.step))
    verdict = _wait(lambda: _verified(stage, run), "the copies in the evidence bucket")
    show.line("interlock evidence verify says: ", *_line(verdict))


def _verified(stage: Stage, run: str) -> Any:
    """Return the verdict once every record has its copy, which the stream makes at once."""
    verdict = verify_run(stage, run)
    return verdict if verdict.ok else None


def _put(stage: Stage, event: dict[str, Any]) -> None:
    stage.client("events").put_events(
        Entries=[
            {
                "EventBusName": stage.output("EventBusName"),
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"]),
            }
        ]
    )


def _wait(found: Any, what: str) -> Any:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(LOOK_SECONDS)
    raise NothingHappened(f"{what} did not come within {PATIENCE_SECONDS:g} s")


@contextmanager
def _phase(name: str, what: str) -> Iterator[list[str]]:
    """Say when something that takes over a second begins, and how long it took."""
    began = time.monotonic()
    told: list[str] = []
    live = sys.stdout.isatty()
    print(f"{name:<13} …", end="" if live else "\n", flush=True)
    try:
        yield told
    except BaseException:
        print()
        raise
    took = time.monotonic() - began
    start = "\r" if live else ""
    print(f"{start}{name:<13} {what}  {' '.join(told)}  {took:.1f} s", flush=True)


def _heading(text: str) -> None:
    show.line("")
    show.line(show.plain(text, "bold"))


if __name__ == "__main__":
    sys.exit(main())
