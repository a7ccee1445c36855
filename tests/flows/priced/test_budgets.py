"""Money: reserved before a call, settled to the cent after it, refused where it is not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from tests.clouds import Desk
from tests.kills.campaign import uneven

INPUT_USD, OUTPUT_USD = Decimal("2.50") / 10**6, Decimal("10.00") / 10**6


def test_a_run_is_settled_to_the_right_cent(desk: Desk):
    """Tokens times list price, exactly, by attempt, run and ledger."""
    before = _settled(desk)

    run = desk.triaged("B-1")

    spent = Decimal(0)
    for step in desk.steps(run["pk"]):
        for entry in (step[name] for name in step if name.startswith("attempt#")):
            if "usd" in entry:
                usd = entry["input_tokens"] * INPUT_USD + entry["output_tokens"] * OUTPUT_USD
                assert Decimal(entry["usd"]) == usd
                spent += usd
    assert spent > 0
    assert Decimal(run["totals"]["usd"]) == spent
    assert _settled(desk) - before == spent
    assert _open(desk) == []
    assert uneven(desk) == []


def test_what_exceeds_the_budget_is_an_outcome(desk: Desk):
    """Nothing is sent, and the run says why."""
    with _left(desk, in_flight=Decimal(0)):
        run = desk.triaged("B-2")

    assert (run["status"], run["reason"]) == ("FAILED", "BudgetExceeded")
    assert desk.outcomes(run["pk"]) == {"Classify": ("BUDGET_EXCEEDED", "BudgetExceeded")}
    assert Decimal(run["totals"]["usd"]) == 0
    assert desk.crm_writes("B-2") == []


def test_money_in_flight_is_an_outcome_of_its_own(desk: Desk):
    """Enough would come back: busy, which is not exceeded; the step waited 25 minutes for it."""
    with _left(desk, in_flight=Decimal(5)):
        desk.open("B-3")
        desk.hurry(lambda: (desk.run_of("B-3") or {}).get("sealed"), "the end of waiting", 120)
    run = desk.closed("B-3")

    assert desk.outcomes(run["pk"]) == {"Classify": ("BUDGET_BUSY", "BudgetBusy")}
    assert (run["status"], run["reason"]) == ("FAILED", "BudgetBusy")


def test_a_new_period_is_opened_by_the_first_who_needs_it(desk: Desk):
    """A month that no deployment has seen begins with the whole limit."""
    kept = _budget(desk)
    for item in kept:
        key = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
        desk.dynamodb.delete_item(TableName=desk.names["LedgerTable"], Key=key)

    run = desk.triaged("B-4")

    fresh = _budget(desk)
    assert run["status"] == "SUCCEEDED"
    assert {item["sk"] for item in fresh} == {item["sk"] for item in kept}
    assert _settled(desk) == Decimal(run["totals"]["usd"])
    assert uneven(desk) == []


@contextmanager
def _left(desk: Desk, *, in_flight: Decimal) -> Iterator[None]:
    """Leave nothing free for as long as this lasts, and *in_flight* dollars reserved."""
    kept = _budget(desk)
    for item in kept:
        held = {"other/run/1/0": {"worst": in_flight, "until": "2999-01-01T00:00:00.000Z"}}
        is_shard = item["sk"].startswith("shard#")
        _put(
            desk,
            {**item, "avail": Decimal(0), **({"open": held} if is_shard and in_flight else {})},
        )
    try:
        yield
    finally:
        for item in kept:
            _put(desk, item)


def _put(desk: Desk, item: dict[str, Any]) -> None:
    from boto3.dynamodb.types import TypeSerializer

    raw = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    desk.dynamodb.put_item(TableName=desk.names["LedgerTable"], Item=raw)


def _budget(desk: Desk) -> list[dict[str, Any]]:
    return [item for item in desk.items("LedgerTable") if item["pk"].startswith("budget#")]


def _shards(desk: Desk) -> list[dict[str, Any]]:
    return [item for item in _budget(desk) if item["sk"].startswith("shard#")]


def _settled(desk: Desk) -> Decimal:
    return sum((Decimal(shard["settled"]) for shard in _shards(desk)), Decimal(0))


def _open(desk: Desk) -> list[str]:
    return [name for shard in _shards(desk) for name in shard["open"]]
