"""Log lines of functions that mention a run: from CloudWatch, or a laptop cloud's files."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from functions.core.domain.timestamps import iso, parse
from interlock.cli.stage import Stage

BEFORE = timedelta(minutes=1)
AFTER = timedelta(minutes=20)
"""Lines may come this much later than the run's end: sweep and copies work on."""
AT_ONCE = 4
MOST = 2000
SHOWN = ("level", "message")
DULL = frozenset(
    (
        "timestamp",
        "service",
        "cold_start",
        "function_name",
        "function_memory_size",
        "function_arn",
        "function_request_id",
        "xray_trace_id",
        "location",
        "run",
    )
)
"""Fields that each line has; what is left tells lines apart."""


@dataclass(frozen=True)
class Line:
    """One log line; `fields` is what a JSON line says beside its message."""

    at: str
    function: str
    level: str
    message: str
    fields: dict[str, Any]

    @property
    def text(self) -> str:
        """The line for people."""
        more = " ".join(f"{name}={value}" for name, value in self.fields.items())
        return f"{self.level} {self.message} {more}".strip()

    def as_json(self) -> dict[str, Any]:
        """Return its JSON."""
        return dict(vars(self))


def read_logs(stage: Stage, run: str, started_at: str, ended_at: str) -> list[Line]:
    """Return the lines that mention *run*, the oldest first."""
    if stage.cloud is not None:
        found: Iterable[Line] = _of_files(stage.cloud.logs(), run)
    else:
        found = _of_groups(stage, run, started_at, ended_at)
    return sorted(found, key=lambda line: line.at)[:MOST]


def _of_files(files: dict[str, Path], run: str) -> Iterator[Line]:
    for name, path in files.items():
        if name == "server" or not path.is_file():
            continue
        with path.open(encoding="utf-8", errors="replace") as lines:
            yield from (understand(name, line) for line in lines if run in line)


def _of_groups(stage: Stage, run: str, started_at: str, ended_at: str) -> Iterable[Line]:
    began = parse(started_at) - BEFORE
    ended = (parse(ended_at) if ended_at else stage.now()) + AFTER
    client = stage.client("logs")
    prefix = f"interlock-{stage.name}-platform-"
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    groups = [group["logGroupName"] for page in pages for group in page["logGroups"]]

    def search(group: str) -> list[Line]:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=group,
            filterPattern=f'"{run}"',
            startTime=_milliseconds(began),
            endTime=_milliseconds(ended),
            PaginationConfig={"MaxItems": MOST},
        )
        name = group.removeprefix(prefix)
        return [
            understand(name, event["message"], event["timestamp"])
            for page in pages
            for event in page["events"]
        ]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [line for found in pool.map(search, groups) for line in found]


def understand(source: str, text: str, milliseconds: int = 0) -> Line:
    """Read one line of a function's log; powertools and the runtime write JSON."""
    at = iso(datetime.fromtimestamp(milliseconds / 1000, UTC)) if milliseconds else ""
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return Line(at, source, "", text.strip(), {})
    fields = {name: value for name, value in told.items() if name not in DULL and name not in SHOWN}
    return Line(
        at=_utc(str(told.get("timestamp", ""))) or at,
        function=str(told.get("service") or source),
        level=str(told.get("level", "")),
        message=str(told.get("message", "")),
        fields=fields,
    )


def _utc(text: str) -> str:
    """Return powertools' or the runtime's time of a line in our form; empty if it is none."""
    for form in ("%Y-%m-%d %H:%M:%S,%f%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"):
        try:
            return iso(datetime.strptime(text, form))  # noqa: DTZ007  (each form has %z)
        except ValueError:
            continue
    return ""


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
