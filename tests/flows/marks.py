"""Looks for marks in every place that a cloud keeps: raw, and in base64 however it is aligned."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.clouds import Desk

MACHINES = ("supervise_run", "run_ai_task", "call_system", "wf-triage_ticket")
TABLES = (
    "RunsTable",
    "ParkedTable",
    "CatalogTable",
    "LedgerTable",
    "EvidenceTable",
    "RefusedTable",
)
RAW_QUEUES = ("interlock-dev-intake", "interlock-dev-intake-dlq")
"""Raw events may lie here, encrypted and for days only."""
PRIVATE = ("artifacts/", "refused/")
"""Prefixes of the artifacts bucket that hold texts; everything else holds none."""


@dataclass(frozen=True)
class Place:
    """Something that is kept: its kind, where it lies, and all its bytes."""

    kind: str
    where: str
    content: bytes


def needles(mark: str) -> frozenset[bytes]:
    """Return what *mark* looks like, raw and inside base64 at each of its three offsets."""
    raw = mark.encode()
    found = {raw}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        first, after = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
        whole = encoded[first:after]
        found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return frozenset(found)


def search(places: Iterable[Place], marks: dict[str, str]) -> list[str]:
    """Return what was found where, as `name in kind: where`."""
    wanted = [(name, needle) for name, mark in marks.items() for needle in needles(mark)]
    return sorted(
        {
            f"{name} in {place.kind}: {place.where}"
            for place in places
            for name, needle in wanted
            if needle in place.content or needle in place.where.encode()
        }
    )


def everywhere(desk: Desk) -> Iterator[Place]:
    """Yield everything that may hold no text of a ticket, and no secret."""
    yield from _histories(desk)
    yield from _logs(desk)
    yield from _tables(desk)
    yield from _buckets(desk)
    yield from _queues(desk)


def _histories(desk: Desk) -> Iterator[Place]:
    client = desk.client("stepfunctions")
    for machine in MACHINES:
        for arn in desk.executions(machine).values():
            told = [client.describe_execution(executionArn=arn), desk.history(arn)]
            yield Place("history", arn, _bytes(told))


def _logs(desk: Desk) -> Iterator[Place]:
    for path in sorted(desk.cloud.folder.rglob("*")):
        if path.suffix in {".log", ".err", ".json"}:
            yield Place("log", str(path.relative_to(desk.cloud.folder)), path.read_bytes())


def _tables(desk: Desk) -> Iterator[Place]:
    for table in TABLES:
        for item in desk.items(table):
            yield Place("table", f"{table} {item['pk']} {item['sk']}", _bytes(item))


def _buckets(desk: Desk) -> Iterator[Place]:
    client = desk.client("s3")
    for bucket in (found["Name"] for found in client.list_buckets()["Buckets"]):
        kind = "evidence bucket" if bucket == desk.names["EvidenceBucket"] else "bucket"
        artifacts = bucket == desk.names["ArtifactsBucket"]
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for key in (found["Key"] for found in page.get("Contents", ())):
                private = artifacts and key.startswith(PRIVATE)
                body = b"" if private else client.get_object(Bucket=bucket, Key=key)["Body"].read()
                yield Place(kind, f"{bucket}/{key}", body)


def _queues(desk: Desk) -> Iterator[Place]:
    client = desk.client("sqs")
    for url in client.list_queues().get("QueueUrls", ()):
        if url.rpartition("/")[2] in RAW_QUEUES:
            continue
        while messages := client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=3600
        ).get("Messages", []):
            for message in messages:
                yield Place("queue", url, _bytes(message))


def _bytes(value: Any) -> bytes:
    return json.dumps(value, default=str, ensure_ascii=False).encode()
