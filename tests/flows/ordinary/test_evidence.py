"""Evidence that somebody tampered with is found and named; honest evidence never is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from functions.core.domain.canonical import canonical
from functions.core.domain.evidence import Kind, Record
from functions.core.services.evidence import from_item, to_item
from tests.clouds import Desk, wait_for

SPOILED: set[str] = set()
"""Runs whose evidence a test tampered with."""


class Chain:
    """One chain of a closed run, as somebody sees it who may write table and bucket."""

    def __init__(self, desk: Desk, run: str) -> None:
        self.desk = desk
        self.run = run
        SPOILED.add(run)
        steps = [s["sk"].removeprefix("step#") for s in desk.steps(run)]
        self.name = f"{run}#{next(step for step in steps if step.startswith('Classify'))}"
        self.s3, self.bucket = desk.client("s3"), desk.names["EvidenceBucket"]

    @property
    def records(self) -> list[Record]:
        found = self.desk.items(
            "EvidenceTable",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": self.name}},
        )
        return [from_item(item) for item in found]

    def write(self, record: Record, n: int | None = None) -> None:
        """Put a record into the table, at its own place or at number *n*."""
        place = f"{n or record.n:06d}"
        item = {**to_item(record), "pk": self.name, "sk": place}
        raw = {name: TypeSerializer().serialize(value) for name, value in item.items()}
        self.desk.dynamodb.put_item(TableName=self.desk.names["EvidenceTable"], Item=raw)

    def drop(self, n: int) -> None:
        """Delete a record in the table."""
        key = {"pk": {"S": self.name}, "sk": {"S": f"{n:06d}"}}
        self.desk.dynamodb.delete_item(TableName=self.desk.names["EvidenceTable"], Key=key)

    def copy(self, record: Record, key: str | None = None) -> None:
        """Put a record's copy into the bucket, over what is there."""
        body = canonical(record.document())
        self.s3.put_object(Bucket=self.bucket, Key=key or record.object_key, Body=body)

    def drop_copy(self, record: Record) -> None:
        """Delete a record's copy."""
        self.s3.delete_object(Bucket=self.bucket, Key=record.object_key)


def changed(record: Record) -> Record:
    return replace(record, body={**record.body, "outcome": "SUCCEEDED", "by": "somebody"})


def rewritten(records: list[Record]) -> Iterator[Record]:
    """Yield the chain with its first record changed and every hash made anew."""
    tail = None
    for record in records:
        told = changed(record) if tail is None else record
        prev = tail.hash if tail else told.prev
        told = replace(told, prev=prev)
        tail = replace(told, hash=told.true_hash)
        yield tail


def change_in_table(chain: Chain) -> None:
    chain.write(changed(chain.records[1]))


def drop_in_table(chain: Chain) -> None:
    chain.drop(2)


def swap_in_table(chain: Chain) -> None:
    first, second = chain.records[:2]
    chain.write(first, 2)
    chain.write(second, 1)


def cut_in_table(chain: Chain) -> None:
    chain.drop(len(chain.records))


def cut_in_both(chain: Chain) -> None:
    seal = chain.records[-1]
    chain.drop_copy(seal)
    chain.drop(seal.n)


def append_in_table(chain: Chain) -> None:
    seal = chain.records[-1]
    body = {"outcome": "SUCCEEDED"}
    later = Record.after(
        seal.tail, chain=chain.name, id_="late", kind=Kind.CHECKED, at=seal.at, body=body
    )
    chain.write(later)
    key = {"Bucket": chain.bucket, "Prefix": later.object_key}
    wait_for(lambda: chain.s3.list_objects_v2(**key).get("Contents"), "its copy")


def rewrite_in_table(chain: Chain) -> None:
    for record in rewritten(chain.records):
        chain.write(record)


def drop_chain_in_table(chain: Chain) -> None:
    for record in chain.records:
        chain.drop(record.n)


def change_in_bucket(chain: Chain) -> None:
    chain.copy(changed(chain.records[1]))


def drop_in_bucket(chain: Chain) -> None:
    chain.drop_copy(chain.records[1])
    chain.desk.cloud.tick(120)  # a young record may lack its copy


def swap_in_bucket(chain: Chain) -> None:
    first, second = chain.records[:2]
    chain.copy(first, second.object_key)
    chain.copy(second, first.object_key)


def append_in_bucket(chain: Chain) -> None:
    seal = chain.records[-1]
    later = Record.after(
        seal.tail, chain=chain.name, id_="late", kind=Kind.CHECKED, at=seal.at, body={}
    )
    chain.copy(later)


TAMPERING: dict[Callable[[Chain], None], set[tuple[int, str]]] = {
    change_in_table: {(2, "was changed in the table")},
    drop_in_table: {(2, "is missing in the table"), (2, "is in the bucket and not in the table")},
    swap_in_table: {(1, "was changed in the table"), (2, "was changed in the table")},
    cut_in_table: {(4, "is in the bucket and not in the table"), (3, "ends without a seal")},
    cut_in_both: {(3, "ends without a seal")},
    append_in_table: {(5, "was appended after the seal")},
    rewrite_in_table: {(n, "differs between table and bucket") for n in (1, 2, 3, 4)},
    drop_chain_in_table: {(n, "is in the bucket and not in the table") for n in (1, 2, 3, 4)},
    change_in_bucket: {(2, "was changed in the bucket")},
    drop_in_bucket: {(2, "has no copy in the bucket")},
    swap_in_bucket: {(1, "is another record's copy in the bucket")},
    append_in_bucket: {(5, "is in the bucket and not in the table")},
}


@pytest.fixture(scope="module")
def runs(desk: Desk) -> Iterator[dict[str, Any]]:
    """Give out closed runs, one a test."""
    tickets = [f"V-{number}" for number in range(len(TAMPERING))]
    for ticket in tickets:
        desk.open(ticket, sample="spam_ticket")
    return iter([desk.closed(ticket) for ticket in tickets])


@contextmanager
def unguarded(desk: Desk) -> Iterator[None]:
    """Take the evidence bucket's policy away, as only an administrator could."""
    s3, bucket = desk.client("s3"), desk.names["EvidenceBucket"]
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)


@pytest.mark.parametrize("tamper", TAMPERING, ids=lambda tamper: tamper.__name__)
def test_tampering_is_found_and_named(
    desk: Desk, runs: Iterator[dict[str, Any]], tamper: Callable[[Chain], None]
):
    """By chain, number and what is wrong, through the code of `interlock evidence verify`."""
    chain = Chain(desk, next(runs)["pk"])
    assert desk.evidence(chain.run).findings == []
    assert [record.kind for record in chain.records][-1] == Kind.SEAL
    assert len(chain.records) == 4

    with unguarded(desk):
        tamper(chain)

    found = desk.evidence(chain.run).findings
    assert {finding.chain for finding in found} == {chain.name}
    assert TAMPERING[tamper] <= {(finding.n, finding.what) for finding in found}


def test_nobody_overwrites_or_deletes_a_copy(desk: Desk):
    """The bucket's policy says so to everybody, whoever asks."""
    chain = Chain(desk, desk.triaged("V-guarded", sample="spam_ticket")["pk"])
    record = chain.records[0]

    for attempt in (
        lambda: chain.copy(changed(record)),
        lambda: chain.drop_copy(record),
        lambda: chain.s3.put_object(
            Bucket=chain.bucket, Key=record.object_key, Body=b"", IfNoneMatch="*"
        ),
    ):
        with pytest.raises(ClientError) as refused:
            attempt()
        assert refused.value.response["Error"]["Code"] in {"AccessDenied", "PreconditionFailed"}
    assert desk.evidence(chain.run).findings == []


KILLS = (
    ("admit_run", "dynamodb.UpdateItem#1", "after"),
    ("prepare_call", "dynamodb.PutItem#1", "after"),
    ("call_model", "dynamodb.PutItem#1", "before"),
    ("check_answer", "dynamodb.PutItem#1", "after"),
    ("call_system", "dynamodb.PutItem#1", "before"),
    ("complete_run", "dynamodb.PutItem#1", "after"),
    ("complete_run", "dynamodb.PutItem#2", "before"),
    ("copy_evidence", "s3.PutObject#1", "after"),
)
"""Deaths around the records themselves."""


def test_honest_runs_raise_no_alarm(desk: Desk):
    """All that this cloud has run, some of it through deaths of its functions."""
    for number, (function, call, when) in enumerate(KILLS):
        order = {"function": f"interlock-dev-{function}", "call": call, "when": when}
        desk.cloud.post("kills", {"orders": [order]})
        desk.open(f"V-killed-{number}")
    opened = [f"V-killed-{number}" for number in range(len(KILLS))]
    desk.hurry(lambda: all((desk.run_of(t) or {}).get("sealed") for t in opened), "them", 120)
    assert desk.cloud.get("kills")["left"] == 0
    # time was hurried on: the stream, which takes the machine's own, may be behind
    wait_for(lambda: all(_copied(desk, run["pk"]) for run in desk.runs()), "the copies")

    honest = [run["pk"] for run in desk.runs() if run["pk"] not in SPOILED]
    alarms = [finding for run in honest for finding in desk.evidence(run).findings]

    assert not alarms, "\n".join(map(str, alarms))
    assert len(honest) >= len(KILLS)


def _copied(desk: Desk, run: str) -> bool:
    missing = {"has no copy in the bucket"}
    return run in SPOILED or not missing & {f.what for f in desk.evidence(run).findings}


def test_a_change_in_the_table_is_an_alarm_at_once(desk: Desk):
    """The stream's function counts it, without saying what the record held."""
    chain = Chain(desk, desk.triaged("V-alarm", sample="spam_ticket")["pk"])

    change_in_table(chain)

    log = desk.cloud.logs()["interlock-dev-copy_evidence"]
    wait_for(lambda: chain.name in log.read_text(), "what was changed, by name")
    told = wait_for(lambda: desk.reported("copy_evidence", "EvidenceChanged"), "the metric")
    assert (told["service"], told["stage"], told["EvidenceChanged"]) == (
        "copy_evidence",
        "dev",
        [1],
    )
