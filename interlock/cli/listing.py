"""Reading the day indexes: the newest runs and refusals, and what a short name stands for."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from functions.core.domain.names import RUN_CHARACTERS, is_run_name
from functions.core.domain.run import DUE_BUCKETS
from interlock.cli.exits import NotFound, UsageProblem
from interlock.cli.stage import Stage

INDEX = "by_day"
DAYS = 7
"""How many days back a list looks unless it is told."""
LAST = "last"
"""Stands for the newest run."""
SHOWN_CANDIDATES = 5


@dataclass(frozen=True)
class Listed:
    """A run as the index shows it."""

    run: str
    workflow: str
    status: str
    reason: str
    started_at: str
    ended_at: str

    def as_json(self) -> dict[str, str]:
        """Return it as the list's JSON shows it."""
        return {
            "run": self.run,
            "workflow": self.workflow,
            "status": self.status,
            "reason": self.reason,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
        }


def newest_runs(
    stage: Stage, *, days: int = DAYS, workflow: str = "", status: str = "", limit: int = 0
) -> list[Listed]:
    """Return runs, newest first; 0 = all of those days.

    The index may lag behind the table by some milliseconds.
    """
    found: list[Listed] = []
    every = 0 if workflow or status else limit
    for day in _days(stage, days):
        of_day = [_listed(raw) for raw in _of_day(stage, "runs", day, "started_at", every)]
        found += [
            run
            for run in sorted(of_day, key=lambda run: run.started_at, reverse=True)
            if (not workflow or run.workflow == workflow) and (not status or run.status == status)
        ]
        if limit and len(found) >= limit:
            return found[:limit]
    return found


def runs_of_days(stage: Stage, days: Iterable[str]) -> list[Listed]:
    """Return the runs that began on *days* (`2026-11-22`), in no order."""
    return [_listed(raw) for day in days for raw in _of_day(stage, "runs", day, "started_at", 0)]


def newest_refused(stage: Stage, *, days: int = DAYS, limit: int = 0) -> list[tuple[str, str]]:
    """Return (name, when) of what the door refused, newest first."""
    found: list[tuple[str, str]] = []
    for day in _days(stage, days):
        of_day = [(raw["pk"], raw["sk"]) for raw in _of_day(stage, "refused", day, "sk", limit)]
        found += sorted(of_day, key=lambda pair: pair[1], reverse=True)
        if limit and len(found) >= limit:
            return found[:limit]
    return found


def find_run(stage: Stage, text: str, *, days: int = DAYS) -> str:
    """Return the run that *text* names.

    By its name, the start or the end of it, as `last`, or by FIELD=VALUE of its input; the
    newest, where several have that.

    Raises
    ------
    NotFound, UsageProblem
        None does, or several do.
    """
    if is_run_name(text):
        return text
    runs = newest_runs(stage, days=days, limit=1 if text == LAST else 0)
    if text == LAST and runs:
        return runs[0].run
    if "=" in text:
        from interlock.cli.where import conditions, those_with

        runs = those_with(stage, runs, conditions([text]), 1)
        return _the_one(text, [run.run for run in runs], "no run has that", "runs list")
    found = [run.run for run in runs if _means(text, run.run)]
    return _the_one(text, found, f"no run of the last {days} days is called that", "runs list")


def find_refused(stage: Stage, text: str, *, days: int = 30) -> str:
    """Return the refused event that *text* names: its hash, or the start of it, or `last`."""
    whole = 64
    if len(text) == whole:
        return text
    names = [name for name, _ in newest_refused(stage, days=days, limit=1 if text == LAST else 0)]
    if text == LAST and names:
        return names[0]
    found = [name for name in dict.fromkeys(names) if name.startswith(text)]
    return _the_one(text, found, "nothing was refused under that name", "events list")


def _means(text: str, run: str) -> bool:
    mark = run[-RUN_CHARACTERS:]
    return run.startswith(text) or mark.startswith(text) or run.endswith(text)


def _the_one(text: str, found: list[str], missing: str, listed_by: str) -> str:
    if not found:
        raise NotFound(f"{text}: {missing}", f"see what there is: interlock {listed_by}")
    if len(found) > 1:
        shown = ", ".join(found[:SHOWN_CANDIDATES])
        more = f" and {len(found) - SHOWN_CANDIDATES} more" if len(found) > SHOWN_CANDIDATES else ""
        raise UsageProblem(f"{text} may mean {shown}{more}", "say more of the name")
    return found[0]


def _days(stage: Stage, days: int) -> Iterator[str]:
    now = stage.now()
    for back in range(days):
        yield (now - timedelta(days=back)).strftime("%Y-%m-%d")


def _of_day(stage: Stage, table: str, day: str, key: str, limit: int) -> Iterable[dict[str, str]]:
    """Yield the index entries of *day*; its buckets are asked at once, newest first."""
    client, name = stage.client("dynamodb"), stage.table(table)

    def ask(bucket: int) -> list[dict[str, str]]:
        pages = client.get_paginator("query").paginate(
            TableName=name,
            IndexName=INDEX,
            KeyConditionExpression="day_bucket = :bucket",
            ExpressionAttributeValues={":bucket": {"S": f"{day}#{bucket}"}},
            ScanIndexForward=False,
            PaginationConfig={"MaxItems": limit, "PageSize": limit} if limit else {},
        )
        return [_texts(raw) for page in pages for raw in page["Items"]]

    with ThreadPoolExecutor(DUE_BUCKETS) as pool:
        for found in pool.map(ask, range(DUE_BUCKETS)):
            yield from sorted(found, key=lambda raw: raw[key], reverse=True)


def _texts(raw: dict[str, Any]) -> dict[str, str]:
    return {name: str(next(iter(value.values()))) for name, value in raw.items()}


def _listed(raw: dict[str, str]) -> Listed:
    return Listed(
        run=raw["pk"],
        workflow=raw.get("workflow", ""),
        status=raw.get("status", ""),
        reason=raw.get("reason", ""),
        started_at=raw["started_at"],
        ended_at=raw.get("ended_at", ""),
    )
