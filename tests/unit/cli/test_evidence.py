"""`interlock evidence`: honest runs raise no alarm, and each forgery is named."""

import dataclasses
import json

import pytest

from functions.core.domain.canonical import canonical
from functions.core.domain.evidence import Kind, Record, Tail, chain_of
from functions.core.domain.expressions import Table
from functions.core.services.evidence import from_item, to_item
from interlock.cli.evidence_check import Copies
from tests.unit.cli.conftest import EVIDENCE, NAMES

CHAIN = "Sort.1"


def _in_table(world, run, step=CHAIN):
    found = world.services.store.query(Table.EVIDENCE, chain_of(run, step))
    return [from_item(item) for item in found]


def _put(world, record, number=None):
    item = {"pk": record.chain, "sk": f"{number or record.n:06d}", **to_item(record)}
    attributes = {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in item.items()
    }
    world.dynamodb.put_item(TableName=NAMES[Table.EVIDENCE], Item=attributes)


def _drop(world, record):
    key = {"pk": {"S": record.chain}, "sk": {"S": f"{record.n:06d}"}}
    world.dynamodb.delete_item(TableName=NAMES[Table.EVIDENCE], Key=key)


def _put_copy(world, record, key=None):
    body = canonical(record.document())
    world.s3.put_object(Bucket=EVIDENCE, Key=key or record.object_key, Body=body)


def _changed(record, **body):
    return dataclasses.replace(record, body={**record.body, **body})


def _forged(record, before, **body):
    """Return *record* with another body and a hash that fits it."""
    tail = Tail(before.n, before.hash)
    kind = Kind(record.kind)
    said = {**record.body, **body}
    return Record.after(tail, chain=record.chain, id_=record.id, kind=kind, at=record.at, body=said)


def change_in_table(world, records):
    _put(world, _changed(records[1], usd="0"))
    return "was changed in the table"


def change_with_new_hash(world, records):
    _put(world, _forged(records[1], records[0], usd="0"))
    return "differs between table and bucket"


def drop_from_table(world, records):
    _drop(world, records[1])
    return "is in the bucket and not in the table"


def cut_the_tail(world, records):
    for record in records[2:]:
        _drop(world, record)
    return "ends without a seal"


def swap(world, records):
    _put(world, records[1], records[2].n)
    _put(world, records[2], records[1].n)
    return "was changed in the table"


def append_after_the_seal(world, records):
    last = records[-1]
    tail = Tail(last.n, last.hash)
    more = Record.after(
        tail, chain=last.chain, id_="late", kind=Kind.CHECKED, at=last.at, body={"outcome": "OK"}
    )
    _put(world, more)
    _put_copy(world, more)
    return "was appended after the seal"


def change_in_bucket(world, records):
    _put_copy(world, _changed(records[1], usd="0"))
    return "was changed in the bucket"


def drop_from_bucket(world, records):
    world.s3.delete_object(Bucket=EVIDENCE, Key=records[1].object_key)
    return "has no copy in the bucket"


def swap_in_bucket(world, records):
    _put_copy(world, records[1], records[2].object_key)
    return "is another record's copy in the bucket"


def ruin_in_table(world, records):
    key = {"pk": {"S": records[1].chain}, "sk": {"S": f"{records[1].n:06d}"}}
    world.dynamodb.put_item(TableName=NAMES[Table.EVIDENCE], Item={**key, "body": {"S": "{"}})
    return "can't be read as a record in the table"


def ruin_in_bucket(world, records):
    world.s3.put_object(Bucket=EVIDENCE, Key=records[1].object_key, Body=b"\xff{")
    return "can't be read as a record in the bucket"


FORGERIES = [
    change_in_table,
    change_with_new_hash,
    drop_from_table,
    cut_the_tail,
    swap,
    append_after_the_seal,
    change_in_bucket,
    drop_from_bucket,
    swap_in_bucket,
    ruin_in_table,
    ruin_in_bucket,
]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_each_forgery_is_found_and_named(world, told, forge):
    """Chain, number and what it is; exit code 1."""
    run = world.succeeded()
    world.clock.forward(minutes=20)
    records = _in_table(world, run)

    what = forge(world, records)

    [verdict] = told("evidence", "verify", run, code=1)["runs"]
    assert what in [finding["what"] for finding in verdict["findings"]]
    assert {finding["chain"] for finding in verdict["findings"]} == {chain_of(run, CHAIN)}


def test_a_second_copy_is_found():
    """Two objects that claim one number can't both be honest."""
    record = Record.after(Tail(), chain="r#s", id_="1", kind=Kind.SEAL, at="2026-11-22", body={})
    copies = Copies()

    for day in ("2026-11-22", "2026-11-23"):
        copies.add(f"evidence/{day}/r#s/000001.json", canonical(record.document()))

    assert [found.what for found in copies.findings] == ["has two copies in the bucket"]


def test_an_honest_run_raises_no_alarm(world, typed):
    """One line, exit code 0."""
    run = world.succeeded()
    world.clock.forward(minutes=20)

    result = typed("evidence", "verify", run)

    assert result.exit_code == 0
    assert result.stdout.startswith(f"ok  {run}  ")
    assert "sealed" in result.stdout


def test_a_young_record_may_lack_its_copy(world, told):
    """The stream has a minute; then it is a finding."""
    run, ticket = world.started()
    world.asked(run, ticket)
    world.clock.forward(seconds=30)

    assert told("evidence", "verify", run)["ok"]

    world.clock.forward(seconds=31)

    assert not told("evidence", "verify", run, code=1)["ok"]
    world.copied(run)
    assert told("evidence", "verify", run)["ok"]


def test_a_cancelled_run_without_a_call_is_honest(world, told):
    """Chains that never had a record need no seal."""
    run, _ = world.started()
    world.services.runs.cancel(run, "me", "changed my mind")
    world.copied(run)
    world.clock.forward(minutes=20)

    assert told("evidence", "verify", run)["ok"]


def test_what_a_late_call_prepared_is_no_finding(world, told):
    """A step that its run doesn't know may have been prepared, and nothing more."""
    run = world.succeeded()
    ghost = chain_of(run, "Ghost.1")
    world.services.evidence.append(ghost, Kind.PREPARED, "ghost", {"attempt": "x"})
    world.copied(run)
    world.clock.forward(minutes=20)

    assert told("evidence", "verify", run)["ok"]

    world.services.evidence.append(ghost, Kind.ANSWERED, "more", {"attempt": "x"})
    world.copied(run)
    world.clock.forward(minutes=20)
    [verdict] = told("evidence", "verify", run, code=1)["runs"]
    assert [f["what"] for f in verdict["findings"]] == ["is of a step that its run does not know"]


def test_all_finds_a_run_that_was_removed(world, told):
    """Copies outlive a run that somebody took out of the table."""
    run = world.succeeded()
    key = {"pk": {"S": run}, "sk": {"S": "run"}}
    world.dynamodb.delete_item(TableName=NAMES[Table.RUNS], Key=key)

    told_ = told("evidence", "verify", "--all", code=1)

    [verdict] = [verdict for verdict in told_["runs"] if verdict["run"] == run]
    assert "its run is not in the table" in verdict["findings"][0]["what"]


def test_copies_are_verified_without_a_cloud(world, told, tmp_path):
    """A folder of copies is enough to find a change."""
    run = world.succeeded()
    for record in [*_in_table(world, run), *_in_table(world, run, "run")]:
        file = tmp_path / record.object_key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(canonical(record.document()))
    steps = json.loads(file.read_text())
    assert steps["kind"] == "seal"

    missing = told("evidence", "verify", "--from", str(tmp_path), code=1)["runs"][0]

    assert [f["what"] for f in missing["findings"]] == ["ends without a seal"]
    for record in _in_table(world, run, "Write.1"):
        file = tmp_path / record.object_key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(canonical(record.document()))
    assert told("evidence", "verify", "--from", str(tmp_path))["ok"]
    file.write_text(file.read_text().replace('"seal"', '"checked"'))
    assert not told("evidence", "verify", "--from", str(tmp_path), code=1)["ok"]


def test_it_shows_one_step(world, told, typed):
    """A step is named by its state."""
    run = world.succeeded()

    chains = told("evidence", "show", run, "--step", "Sort")["chains"]

    assert [chain["chain"] for chain in chains] == [chain_of(run, CHAIN)]
    kinds = [record["kind"] for record in chains[0]["records"]]
    assert kinds == ["prepared", "answered", "checked", "seal"]
    assert typed("evidence", "show", run, "--step", "Nope").exit_code == 3


def test_verify_wants_one_thing(typed):
    """RUN, --all or --from."""
    assert typed("evidence", "verify").exit_code == 2
    assert typed("evidence", "verify", "last", "--all").exit_code == 2
