"""`interlock evidence`: show, verify."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.exits import Exit, NotFound, UsageProblem
from interlock.cli.options import connected, examples
from interlock.cli.stage import Stage

if TYPE_CHECKING:
    from functions.core.domain.evidence import Record
    from interlock.cli.evidence_check import Verdict

SHORT = 12
AT_ONCE = 4
_HASH = re.compile(r"[0-9a-f]{64}")
_LONG = frozenset(
    (
        "answer",
        "attempt",
        "execution",
        "gen_ai.response.finish_reasons",
        "gen_ai.response.id",
        "hops",
        "inputs",
        "models_version",
        "pins",
        "prompt",
        "team",
        "totals",
    )
)
"""What a tree leaves to --json: names of objects, and names of names."""


@click.group()
def evidence() -> None:
    """Show and verify the record of a run: hash chains, copied where nobody can overwrite.

    RUN may be shortened to a start or an end that only one run has; `last` is the newest, and
    FIELD=VALUE the newest whose input says so, such as ticket_id=T-1001.
    """


@evidence.command(
    "show",
    epilog=examples(
        "interlock evidence show last --step Classify",
        shape="{run, chains: [{chain, records: [{chain, n, id, kind, at, prev, body, hash}]}]}",
    ),
)
@click.argument("run", metavar="RUN")
@click.option("--step", default="", metavar="STEP", help="Only this step: its state's name.")
@connected
def show_(stage: Stage, run: str, *, step: str, as_json: bool) -> None:
    """Show the records of a run, chain by chain."""
    from interlock.cli.listing import find_run

    with show.working("reading the evidence"):
        name = find_run(stage, run)
        chains = _chains(stage, name, step)
    if as_json:
        told = [
            {"chain": chain, "records": [record.document() for record in records]}
            for chain, records in chains
        ]
        show.as_json({"run": name, "chains": told})
        return
    _draw(name, chains)
    show.line("next: interlock evidence verify ", name)


def _chains(stage: Stage, run: str, step: str) -> list[tuple[str, list["Record"]]]:
    from functions.core.domain.evidence import LATE, RUN_CHAIN, chain_of
    from functions.core.domain.expressions import Table
    from functions.core.services.evidence import from_item
    from interlock.cli.run_view import read_items

    _, items = read_items(stage, run)
    items.sort(key=lambda item: str(item.get("started_at", "")))
    steps = [RUN_CHAIN, *(str(item["sk"]).removeprefix("step#") for item in items)]
    wanted = [s for s in steps if not step or s == step or s.rpartition(".")[0] == step]
    if not wanted:
        known = ", ".join(s.rpartition(".")[0] or s for s in steps)
        raise NotFound(f"the run has no step {step}", f"it has: {known}")
    found = []
    for chain in (chain_of(run, s) + late for s in wanted for late in ("", LATE)):
        records = [from_item(item) for item in stage.store.query(Table.EVIDENCE, chain)]
        if records:
            found.append((chain, records))
    return found


def _draw(run: str, chains: Sequence[tuple[str, Sequence["Record"]]]) -> None:
    from rich.tree import Tree

    from interlock.cli.run_drawing import values

    top = Tree(show.plain(run, "bold"))
    for chain, records in chains:
        branch = top.add(show.plain(chain.partition("#")[2], "bold"))
        for record in records:
            said = f"{record.n}  {record.at[11:23]}  {record.hash[:SHORT]}  {record.kind:<9}"
            branch.add(show.plain(f"{said}  {values(_telling(record.body))}".rstrip()))
    show.tree(top)


def _telling(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells people most of a record; --json shows all of it."""
    return {
        name.rpartition(".")[2]: value[:SHORT] if _HASH.fullmatch(str(value)) else value
        for name, value in body.items()
        if name not in _LONG and value not in ("", None)
    }


@evidence.command(
    "verify",
    epilog=examples(
        "interlock evidence verify --all",
        "interlock evidence verify last",
        "interlock evidence verify --from ./copies",
        shape="{ok, verified, findings, runs: [{run, ok, status, sealed, chains, records,\n"
        "   findings: [{chain, n, what}]}]}",
    ),
)
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--all", "everything", is_flag=True, help="Every run of the last --days.")
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(1, 366), help="How far back."
)
@click.option(
    "--from",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Downloaded copies, checked without any cloud.",
)
@connected
def verify(
    stage: Stage,
    run: str | None,
    *,
    everything: bool,
    days: int,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Verify the evidence of runs: table against bucket, links, seals.

    Finds a record that was changed, dropped or swapped, a cut tail, and one appended after the
    seal, in the table or in the bucket. Exit code 1 if anything was found. With --from: copies
    in a folder, as `aws s3 sync` brings them.
    """
    if [bool(run), everything, folder is not None].count(True) != 1:
        raise UsageProblem("say one of RUN, --all and --from FOLDER")
    verdicts = _verdicts(stage, run, days, folder)
    bad = [verdict for verdict in verdicts if not verdict.ok]
    findings = sum(len(verdict.findings) for verdict in bad)
    if as_json:
        show.as_json(
            {
                "ok": not bad,
                "verified": len(verdicts),
                "findings": findings,
                "runs": [verdict.as_json() for verdict in verdicts],
            }
        )
    else:
        _say(verdicts, findings)
    if bad:
        raise click.exceptions.Exit(Exit.BAD)


def _verdicts(stage: Stage, run: str | None, days: int, folder: Path | None) -> list["Verdict"]:
    from functions.core.adapters.clock import SystemClock
    from interlock.cli.evidence_check import runs_in_bucket, verify_folder, verify_run
    from interlock.cli.listing import find_run, newest_runs

    if folder is not None:
        return verify_folder(folder, SystemClock().now())
    with show.working("verifying") as say:
        if run is not None:
            return [verify_run(stage, find_run(stage, run))]
        seen = runs_in_bucket(stage, days)
        for listed in newest_runs(stage, days=days):
            seen.setdefault(listed.run, set())
        return _each(stage, seen, say)


def _each(
    stage: Stage, seen: Mapping[str, set[str]], say: Callable[[str], None]
) -> list["Verdict"]:
    """Verify several runs, some at once; in their order."""
    from concurrent.futures import ThreadPoolExecutor

    from interlock.cli.evidence_check import verify_run

    found = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for verdict in pool.map(lambda name: verify_run(stage, name, seen[name]), seen):
            found.append(verdict)
            say(f"{len(found)} of {len(seen)}")
    return found


def _say(verdicts: Sequence["Verdict"], findings: int) -> None:
    for verdict in verdicts:
        show.line(*_line(verdict))
        for finding in verdict.findings:
            place = finding.chain.partition("#")[2] or finding.chain
            what = f"record {finding.n} {finding.what}" if finding.n else finding.what
            show.line(f"  {place}: {what}", style="red")
    if len(verdicts) != 1:
        word = "no findings" if not findings else f"{findings} findings"
        show.line(f"{len(verdicts)} runs verified, {word}")


def _line(verdict: "Verdict") -> list[Any]:
    good = show.plain("ok ", "green") if verdict.ok else show.plain("BAD", "bold red")
    seal = "sealed" if verdict.sealed else "not sealed yet"
    count = f"{verdict.records} records in {verdict.chains} chains, {seal}"
    return [good, " ", verdict.run, "  ", count]
