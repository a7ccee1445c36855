"""What the throw-away CRM of `make verify-aws` does; deployed inline, and gone afterwards."""

import base64
import hmac
import json
import os
from typing import Any

import boto3

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])
TOKEN = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["TOKEN"])
SHOWN = ("ticket_id", "status", "version")


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Answer one request of a function URL."""
    headers = event["headers"]
    bearer = f"Bearer {TOKEN['SecretString']}".encode()
    if not hmac.compare_digest(headers.get("authorization", "").encode(), bearer):
        return answer(401, {"error": "unauthorized"})
    place, _, rest = event["rawPath"].strip("/").partition("/")
    ticket, _, action = rest.partition("/")
    if place != "tickets" or not ticket:
        return answer(404, {"error": "no such path"})
    held: dict[str, Any] = TABLE.get_item(Key={"pk": ticket}, ConsistentRead=True).get("Item", {})
    record = json.loads(held.get("record", "{}"))
    if event["requestContext"]["http"]["method"] == "GET":
        return answer(200 if held else 404, record)
    key = headers.get("idempotency-key", "")
    if key not in held.get("keys", []):
        record |= written(event, ticket, action, record.get("version", 0) + 1)
        keys = [*held.get("keys", []), key]
        TABLE.put_item(Item={"pk": ticket, "record": json.dumps(record), "keys": keys})
    return answer(200, {name: record[name] for name in SHOWN})


def written(event: dict[str, Any], ticket: str, action: str, version: int) -> dict[str, Any]:
    """Return what a write makes of a ticket."""
    body = event.get("body") or "{}"
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    status = "closed" if action == "closure" else "open"
    return {**json.loads(body), "ticket_id": ticket, "status": status, "version": version}


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """Return an HTTP answer."""
    headers = {"content-type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
