"""`interlock cost report`: what evidence says was spent is what the ledger booked."""

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from itertools import count
from types import SimpleNamespace

import pytest

from functions.core.domain.evidence import Kind
from functions.core.domain.expressions import Increase, Ref, Table
from functions.core.domain.ledger import Pool
from functions.core.domain.names import AttemptName
from functions.core.domain.step import Invocation
from functions.core.domain.timestamps import iso
from functions.core.services.catalog import Catalog as Published
from functions.core.services.evidence import Evidence
from functions.core.services.ledger import Ledger
from functions.core.services.publishing import publish
from interlock.cli.reconciled import (
    Booked,
    declared_within,
    periods_within,
    read_booked,
    reconcile,
)
from interlock.cli.spent import Spent, _of_step, _Records, _spent
from interlock.cli.waste import wasted
from tests.fakes import FakeClock, FakeModel, answered
from tests.memory_store import MemoryStore
from tests.stage import compiled, step_of
from tests.unit.cli.conftest import RICH
from tests.unit.cli.test_evidence import _forged, _in_table, _put

BAD = '{"label": "neither"}'
_months = count(1)


@pytest.fixture(autouse=True)
def month(world):
    """Let each test spend in a month of its own: the ledger forgets nothing."""
    now = world.clock.now()
    world.clock.forward(days=32 * next(_months))
    yield f"{world.clock.now():%Y-%m}"
    world.clock.forward(seconds=(now - world.clock.now()).total_seconds())


def shard_of(world, month, n=0):
    """Return where a shard of the month lies."""
    return Ref(Table.LEDGER, f"budget#organisation#{month}", f"shard#{n}")


def died(world, *, answered_first: bool) -> str:
    """Let the function that calls the model die before or after its answer is on record."""
    services, (run, ticket) = world.services, world.started()
    step = step_of(run, ticket)
    call = services.prepare_call.prepare(step, {"note": "a note"}, 1, 0)
    me = Invocation("nonce1", iso(world.clock.now()))
    if answered_first:
        models = {"openai_chat": FakeModel(answered('{"label": "good"}'))}
        services.call_model.call(step, call, me, models)
    else:
        attempt = AttemptName.parse(call.attempt)
        services.tools.mark(attempt, me, kind="ai_task", facts={}, prepared=call.prepared)
    world.clock.forward(seconds=90)
    services.close_attempt.close(step, call, "Lambda.Unknown")
    return call.attempt


def test_it_says_what_the_ledger_booked(world, told, month):
    """To the last digit; by whatever it is asked for."""
    for _ in range(3):
        run, ticket = world.started()
        world.asked(run, ticket)

    for by in ("workflow", "team", "task", "model", "day"):
        found = told("cost", "report", "--by", by)
        [one] = found["reconciled"]
        assert (one["period"], one["ok"], one["evidence"]["settled"]) == (
            month,
            True,
            found["total"]["settled_usd"],
        )
        assert [row["calls"] for row in found["rows"]] == [3]
        assert Decimal(found["total"]["settled_usd"]) > 0


def test_a_repair_and_a_rejected_answer_are_waste(world, told):
    """What they cost is said; an attempt may be in two lines."""
    run, ticket = world.started()
    world.asked(run, ticket, BAD)

    waste = {line["kind"]: line for line in told("cost", "report")["waste"]}

    assert waste["repairs"]["calls"] == 1
    assert waste["rejected outputs"]["calls"] == 2
    assert Decimal(waste["rejected outputs"]["usd"]) > Decimal(waste["repairs"]["usd"]) > 0


def test_calls_that_a_cache_would_have_saved_are_waste(world, told):
    """All but the first that asked the same of the same."""
    for _ in range(3):
        run, ticket = world.started()
        world.asked(run, ticket)

    [line] = [one for one in told("cost", "report")["waste"] if one["kind"] == "identical calls"]

    assert (line["calls"], line["what"]) == (2, "desk: sort")


@pytest.mark.parametrize("answered_first", [False, True])
def test_what_a_death_left_is_held_against_the_ledger(world, told, answered_first):
    """Settled before it died, or booked at worst case: the ledger says which, and is believed."""
    attempt = died(world, answered_first=answered_first)

    found = told("cost", "report")

    [one] = found["reconciled"]
    assert one["ok"], one
    assert one["doubtful"] == int(answered_first)
    assert (Decimal(found["total"]["unconfirmed_usd"]) > 0) is not answered_first
    assert attempt


def test_what_is_in_flight_is_said(world, told):
    """A reservation is no spending yet."""
    run, ticket = world.started()
    world.services.prepare_call.prepare(step_of(run, ticket), {"note": "a note"}, 1, 0)

    [one] = told("cost", "report")["reconciled"]

    assert one["ok"]
    assert Decimal(one["ledger"]["open"]) > 0


def test_a_changed_record_is_found_and_its_attempt_named(world, told, typed):
    """By its run, and by the ledger; the exit code is 1."""
    run, ticket = world.started()
    world.asked(run, ticket)
    records = _in_table(world, run)
    [n] = (n for n, record in enumerate(records) if record.kind == Kind.ANSWERED)
    _put(world, _forged(records[n], records[n - 1], usd="0.000001"))

    [one] = told("cost", "report", code=1)["reconciled"]

    attempt = records[n].body["attempt"]
    assert attempt in {finding["attempt"] for finding in one["findings"]}
    assert "0.000001 by its record and" in json.dumps(one["findings"])
    assert attempt in typed("cost", "report").output


def test_money_that_no_attempt_spent_is_found(world, told, month):
    """The ledger says more than the evidence; nobody is named for it."""
    run, ticket = world.started()
    world.asked(run, ticket)
    world.services.store.update(shard_of(world, month), [Increase("settled", Decimal("0.25"))], ())

    [one] = told("cost", "report", code=1)["reconciled"]

    assert [finding["attempt"] for finding in one["findings"]] == [""]
    assert "no single attempt accounts for it" in one["findings"][0]["what"]


def test_part_of_a_month_is_held_against_nothing(world, told, month):
    """The ledger keeps months."""
    day = f"{world.clock.now():%Y-%m-%d}"
    run, ticket = world.started()
    world.asked(run, ticket)
    first = [] if day.endswith("-01") else ["--from", day]

    found = told("cost", "report", "--by", "day", *first)

    assert [row["key"] for row in found["rows"]] == [day]
    assert len(found["reconciled"]) == (0 if first else 1)


def test_days_the_wrong_way_round_are_refused(typed):
    """Nothing is between them."""
    words = ("cost", "report", "--from", "2027-01-02", "--to", "2027-01-01")

    assert typed(*words).exit_code == 2


def test_csv_has_a_row_for_each_key(world, typed):
    """Amounts as they are, for a spreadsheet."""
    run, ticket = world.started()
    world.asked(run, ticket)

    [row] = csv.DictReader(io.StringIO(typed("cost", "report", "--by", "model", "--csv").stdout))

    assert (row["model"], Decimal(row["settled_usd"]) > 0) == ("paid-1", True)


def spent(**changed) -> Spent:
    """Return an attempt."""
    texts = ("run", "workflow", "team", "task", "task_version", "target", "model", "day", "outcome")
    facts = {"repair": False, "fallback": False, "good": True, "question": ()}
    facts |= {"attempt": "run/Sort.1/1/0", "period": "2026-11"}
    return Spent(**{**dict.fromkeys(texts, ""), **facts, **changed})


class Catalog:
    """Stands for a stage whose catalog holds tasks by name."""

    def __init__(self, **tasks: dict) -> None:
        self.store = self
        self._tasks = {f"ai_task#{name}": task for name, task in tasks.items()}

    def get(self, ref: Ref) -> dict:
        """Return a version, whatever it is called."""
        return {"document": json.dumps(self._tasks[ref.pk])}


def test_a_task_under_two_names_and_a_fallback_are_waste():
    """Owner and name make no other question; another prompt does."""
    asked = {"system": "Sort.", "user": "{{ note }}", "output_schema": {}}
    stage = Catalog(
        sort={**asked, "owner": "a"},
        triage={**asked, "owner": "b"},
        rate={**asked, "system": "Rate."},
    )
    found = [
        spent(task=task, settled=Decimal(1), question=(task,), fallback=task == "rate")
        for task in ("sort", "triage", "rate")
    ]

    lines = {line.kind: (line.calls, line.usd, line.what) for line in wasted(stage, found)}

    assert lines == {
        "fallbacks": (1, 1, ""),
        "one task, several names": (2, 2, "sort, triage"),
    }


def test_samples_of_one_step_repeat_nothing():
    """They are meant to ask the same; the next run's question is the one that repeats."""
    samples = [spent(attempt=f"a/Sort.1/{n}/{n}", settled=Decimal(1)) for n in (1, 2, 3)]
    again = spent(attempt="b/Sort.1/1/4", settled=Decimal(1))

    [line] = wasted(Catalog(**{"": {}}), [*samples, again])

    assert (line.kind, line.calls) == ("identical calls", 1)


def test_a_later_sample_is_no_fallback():
    """Another target is one only within a sample; what comes after a vote asks again on purpose."""
    store = MemoryStore()
    evidence, chain = Evidence(store, FakeClock()), "sort_notes-a#Sort.1"
    names = [str(AttemptName("sort_notes-a", "Sort.1", n, f"019a0000000{n}")) for n in (1, 2, 3)]
    votes: tuple[dict[str, str], ...] = ({"vote": "x"}, {}, {"vote": "x"})
    for name, target, vote in zip(names, ("one", "two", "one"), votes, strict=True):
        asked = {"attempt": name, "target": target}
        evidence.append(chain, Kind.PREPARED, f"{name}:prepared", asked)
        evidence.append(chain, Kind.CHECKED, f"{name}:checked", {"attempt": name, **vote})
    run = {"pk": "sort_notes-a", "workflow": "sort_notes"}
    step = {"sk": "step#Sort.1", "name": "sort"}

    found = list(_of_step(SimpleNamespace(store=store), run, step))

    assert [(one.sample, one.fallback) for one in found] == [
        (False, False),
        (True, False),
        (True, True),
    ]


def test_money_of_a_lower_budget_that_no_evidence_knows_is_found():
    """By the periods that the budget has, not only by those that somebody says he spent in."""
    store, clock = MemoryStore(), FakeClock()
    lower = {"scope": "team:desk", "period": "day", "limit_usd": "5", "shards": 1}
    budgets = {"budgets": [*RICH["budgets"], lower]}
    publish(Published(store, clock), Ledger(store), clock, compiled(budgets=budgets), by="a test")
    stage, today = SimpleNamespace(store=store), clock.now().date()
    shard = Pool("team:desk", "2026-11-21").shard(0)
    store.put(shard, {"avail": 2, "settled": 3, "unconfirmed": 0, "open": {}})

    periods = periods_within(["2026-11"], (), declared_within(stage, ["2026-11"], today))
    bad = [one for one in reconcile(read_booked(stage, periods), []) if not one.ok]

    assert [(one.period, one.ledger.settled) for one in bad] == [("team:desk#2026-11-21", 3)]
    assert f"team:desk#{today + timedelta(days=1)}" not in periods


def test_a_cached_answer_is_no_call_and_says_what_it_saved():
    """Nothing was sent for it, and nothing repeated."""
    name = AttemptName("sort_notes-a", "Sort.1", 1, "019a00000000")
    prepared = {"saved_usd": "0.5", "prompt": "desk/run/hash", "worst_usd": "0"}
    run, step = {"workflow": "sort_notes"}, {"name": "sort", name.key: {"usd": "0"}}

    kept = _Records(prepared, checked={"outcome": "CACHED", "reason": ""})
    refused = _Records(prepared, checked={"outcome": "FAILED", "reason": "STOPPED"})
    cached, stopped = (_spent(run, step, name, told, "") for told in (kept, refused))

    assert (cached.sent, cached.saved, cached.usd, cached.faults) == (False, Decimal("0.5"), 0, ())
    assert stopped.saved == 0


@pytest.mark.parametrize(("settled", "unconfirmed", "ok"), [(3, 0, 1), (2, 9, 1), (2, 8, 0)])
def test_a_doubtful_attempt_is_booked_one_way_or_the_other(settled, unconfirmed, ok):
    """No third way is believed."""
    attempts = [
        spent(settled=Decimal(2)),
        spent(settled=Decimal(1), worst=Decimal(9), doubtful=True),
    ]
    booked = {"2026-11": Booked(Decimal(settled), Decimal(unconfirmed))}

    [one] = reconcile(booked, attempts)

    assert one.ok is bool(ok)
