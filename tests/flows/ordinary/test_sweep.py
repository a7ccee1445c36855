"""What the sweep says of what it could not do."""

from tests.clouds import Desk

LONG_DUE = {
    "pk": {"S": "triage_ticket-" + "a" * 26},
    "sk": {"S": "run"},
    "due_bucket": {"S": "due#0"},
    "due_at": {"S": "2020-01-01T00:00:00.000Z"},
}
"""An item that is due and tells nothing of itself."""


def test_what_is_due_and_can_not_be_done_is_counted(desk: Desk):
    """Under the stage's own name; the sweep itself goes on and beats."""
    where = {"TableName": desk.names["RunsTable"]}
    desk.dynamodb.put_item(**where, Item=LONG_DUE)
    try:
        told = desk.hurry(lambda: desk.reported("sweep", "DueItemsFailed"), "the metric")
    finally:
        desk.dynamodb.delete_item(**where, Key={n: LONG_DUE[n] for n in ("pk", "sk")})

    assert (told["service"], told["stage"], told["DueItemsFailed"]) == ("sweep", "dev", [1])
    [metrics] = told["_aws"]["CloudWatchMetrics"]
    assert sorted(metrics["Dimensions"][0]) == ["service", "stage"]
    assert desk.item("LedgerTable", "heartbeat#sweep", "heartbeat")["done"]["failed"] == 1
