"""Verifying the record of a run: the bucket is listed first, then the table is queried.

In this order a record that is written meanwhile is in the table and not in the list, which the
lag bound allows; the other way round it would look removed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from functions.core.domain.errors import PermanentError
from functions.core.domain.evidence import (
    LATE,
    RUN_CHAIN,
    Finding,
    Kind,
    Record,
    chain_of,
    closed_by,
    examine,
    unapproved,
)
from functions.core.domain.expressions import Item, Table
from functions.core.domain.run import OPEN, run_ref
from functions.core.domain.timestamps import iso, parse
from functions.core.services.evidence import from_item
from interlock.cli.stage import Stage

LAG = timedelta(seconds=60)
"""How long the stream may take to copy a record."""
SEALED_WITHIN = timedelta(minutes=15)
"""How long after its end a run may lack its seals: sweep seals what nobody else did."""
LATEST_WRITE = timedelta(minutes=10)
"""Whatever still runs when a run ends writes within this."""
AT_ONCE = 8
UNREADABLE = "can't be read as a record"


@dataclass
class Copies:
    """Copies from the bucket, by chain; and what is wrong with the objects themselves."""

    chains: dict[str, list[Record]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, key: str, content: bytes) -> None:
        """Take up the object *key*."""
        chain, n = place_of(key)
        record = _read(lambda: Record.read(json.loads(content)))
        if record is None or not isinstance(record.n, int):
            self.findings.append(Finding(chain, n, f"{UNREADABLE} in the bucket"))
            return
        if (record.chain, record.n) != (chain, n):
            self.findings.append(Finding(chain, n, "is another record's copy in the bucket"))
            return
        held = self.chains.setdefault(chain, [])
        if any(other.n == n for other in held):
            self.findings.append(Finding(chain, n, "has two copies in the bucket"))
            return
        held.append(record)


@dataclass(frozen=True)
class Verdict:
    """What verification says of one run."""

    run: str
    status: str
    sealed: bool
    chains: int
    records: int
    findings: Sequence[Finding]

    @property
    def ok(self) -> bool:
        """Whether nothing is held against it."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """Return its JSON."""
        return {
            **vars(self),
            "ok": self.ok,
            "findings": [dict(vars(finding)) for finding in self.findings],
        }


def place_of(key: str) -> tuple[str, int]:
    """Return chain and number that an object's key stands for."""
    *_, chain, name = key.split("/")
    number = name.removesuffix(".json")
    return chain, int(number) if number.isdigit() else 0


def run_of(chain: str) -> str:
    """Return the run that a chain belongs to."""
    return chain.partition("#")[0]


def runs_in_bucket(stage: Stage, days: int) -> dict[str, set[str]]:
    """Return the runs that have copies under the newest *days*, with those days."""
    found: dict[str, set[str]] = {}
    now = stage.now()
    for back in range(days):
        day = _day(now - timedelta(days=back))
        for key in _keys(stage, f"evidence/{day}/"):
            found.setdefault(run_of(place_of(key)[0]), set()).add(day)
    return found


def runs_with_evidence(stage: Stage, days: Iterable[str]) -> set[str]:
    """Return the runs that left records on *days* (`2026-11-22`)."""
    return {run_of(place_of(key)[0]) for day in days for key in _keys(stage, f"evidence/{day}/")}


def verify_run(stage: Stage, run: str, days: Iterable[str] = ()) -> Verdict:
    """Verify every chain of *run*.

    Parameters
    ----------
    days
        Under which copies were seen; those of the run's own life are looked at anyway.
    """
    began = stage.now()
    item = stage.store.get(run_ref(run))
    copies = _read_copies(stage, run, sorted({*days, *_life(item, began)}))
    item = stage.store.get(run_ref(run))
    if item is None:
        gone = Finding(chain_of(run), 0, "has copies in the bucket; its run is not in the table")
        return _verdict(run, "", copies, {}, [*copies.findings, gone])
    steps = [
        str(i["sk"])[len("step#") :] for i in stage.store.query(Table.RUNS, run, prefix="step#")
    ]
    chains = {chain_of(run, step) for step in (*steps, RUN_CHAIN)} | set(copies.chains)
    chains |= {chain + LATE for chain in chains if not chain.endswith(LATE)}
    findings = list(copies.findings)
    kept = {}
    for chain in sorted(chains):
        records, problems = _read_chain(stage, chain)
        kept[chain] = records
        findings += problems
    closed = item["status"] not in OPEN
    sealed = closed and bool(item.get("sealed"))
    findings += judge(run, kept, copies.chains, sealed=sealed, began=began)
    if closed and not sealed and parse(str(item["ended_at"])) + SEALED_WITHIN < began:
        findings.append(Finding(chain_of(run), 0, "is over since long, and not sealed"))
    return _verdict(run, str(item["status"]), copies, kept, findings, sealed=sealed)


def _verdict(
    run: str,
    status: str,
    copies: Copies,
    kept: Mapping[str, Sequence[Record]],
    findings: Sequence[Finding],
    *,
    sealed: bool = False,
) -> Verdict:
    counted = kept or copies.chains
    return Verdict(
        run=run,
        status=status,
        sealed=sealed,
        chains=sum(1 for records in counted.values() if records),
        records=sum(len(records) for records in counted.values()),
        findings=list(dict.fromkeys(findings)),
    )


def judge(
    run: str,
    kept: Mapping[str, Sequence[Record]],
    copies: Mapping[str, Sequence[Record]],
    *,
    sealed: bool,
    began: datetime,
) -> Iterator[Finding]:
    """Examine the chains of a run together.

    Parameters
    ----------
    sealed
        Whether the run is over and says that its chains are sealed.
    began
        When the bucket was listed.
    """
    known = _closed_by(run, kept)
    young_from = iso(began - LAG)
    for chain in sorted({*kept, *copies, *known}):
        table, bucket = kept.get(chain, ()), copies.get(chain, ())
        of_run = chain.removesuffix(LATE) in known
        yield from examine(
            chain,
            table,
            bucket,
            sealed=sealed and of_run,
            young=[record.n for record in table if record.at > young_from],
        )
        if sealed and not of_run:
            yield from _strangers(chain, table)
    yield from unapproved(run, {**copies, **{c: found for c, found in kept.items() if found}})


def _strangers(chain: str, table: Sequence[Record]) -> Iterator[Finding]:
    """Yield what a step that its run never heard of can't have done.

    A function that came too late may still have prepared, been refused and said so; whatever
    was sent had been marked before the end, and then the run knew the step.
    """
    for record in table:
        if record.kind in (Kind.ANSWERED, Kind.CALLED):
            yield Finding(chain, record.n, "is of a step that its run does not know")


def _closed_by(run: str, kept: Mapping[str, Sequence[Record]]) -> frozenset[str]:
    """Return the chains that the run's end closed; its own in any case."""
    own = chain_of(run)
    try:
        return closed_by(run, kept.get(own, ())) | {own}
    except (KeyError, TypeError):  # a completion that somebody changed
        return frozenset({own})


def _read_chain(stage: Stage, chain: str) -> tuple[list[Record], list[Finding]]:
    records, findings = [], []
    for item in stage.store.query(Table.EVIDENCE, chain):
        number = str(item["sk"])
        n = int(number) if number.isdigit() else 0
        record = _read(lambda item=item: from_item(item))
        if record is None:
            findings.append(Finding(chain, n, f"{UNREADABLE} in the table"))
        else:
            records.append(record)
    return records, findings


def _read(make: Any) -> Record | None:
    """Return the record, or None where it is none: whoever changed it need not be tidy."""
    try:
        record: Record = make()
        texts = (record.chain, record.id, record.kind, record.at, record.prev, record.hash)
        if not all(isinstance(text, str) for text in texts) or not isinstance(record.body, dict):
            return None
        record.true_hash  # noqa: B018  (raises where the body has no canonical form)
    except (KeyError, TypeError, ValueError, AttributeError, PermanentError):
        return None
    return record


def _life(item: Item | None, now: datetime) -> Iterator[str]:
    """Yield the days on which a run may have written evidence."""
    if item is None:
        return
    began = parse(str(item["started_at"]))
    ended = parse(str(item["ended_at"])) + LATEST_WRITE if item.get("ended_at") else now
    day = began
    while _day(day) <= _day(max(ended, began)):
        yield _day(day)
        day += timedelta(days=1)


def _day(moment: datetime) -> str:
    return iso(moment)[:10]


def _read_copies(stage: Stage, run: str, days: Iterable[str]) -> Copies:
    keys = [key for day in days for key in _keys(stage, f"evidence/{day}/{run}#")]
    client, bucket = stage.client("s3"), stage.output("EvidenceBucket")

    def get(key: str) -> bytes:
        content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    copies = Copies()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for key, content in zip(keys, pool.map(get, keys), strict=True):
            copies.add(key, content)
    return copies


def _keys(stage: Stage, prefix: str) -> Iterator[str]:
    pages = (
        stage.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=stage.output("EvidenceBucket"), Prefix=prefix)
    )
    for page in pages:
        yield from (str(found["Key"]) for found in page.get("Contents", ()))


def verify_folder(folder: Path, now: datetime) -> list[Verdict]:
    """Verify copies that were downloaded, without any cloud: each chain against itself."""
    by_run: dict[str, Copies] = {}
    for path in sorted(folder.rglob("*.json")):
        key = path.relative_to(folder).as_posix()
        by_run.setdefault(run_of(place_of(f"x/{key}")[0]), Copies()).add(
            f"x/{key}", path.read_bytes()
        )
    verdicts = []
    for run, copies in sorted(by_run.items()):
        last = copies.chains.get(chain_of(run), [])
        sealed = any(record.kind == Kind.COMPLETED for record in last)
        kept = {name: sorted(found, key=lambda r: r.n) for name, found in copies.chains.items()}
        for chain in _closed_by(run, kept):
            kept.setdefault(chain, [])
        findings = [*copies.findings, *judge(run, kept, kept, sealed=sealed, began=now)]
        verdicts.append(_verdict(run, "", copies, kept, findings, sealed=sealed))
    return verdicts
