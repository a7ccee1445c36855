"""The HTTP of decisions: what a signed request says, and how it is answered.

Function URL payload format 2.0 (AWS Lambda developer guide, "Invoking function URLs").
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.core.domain.canonical import parse_strict
from functions.core.domain.errors import ArtifactRefused, DecisionRefused, InvalidJson
from functions.core.domain.expressions import Item, Ref, Table
from functions.core.domain.parked import Decision, Verdict, votes
from functions.core.domain.people import Person

STATUS: Final[Mapping[str, int]] = {
    "UNKNOWN": 404,
    "NOT_AN_APPROVER": 403,
    "REQUESTER": 403,
    "ALREADY_VOTED": 409,
    "CHANGED": 409,
    "DECIDED": 409,
    "RUN_CLOSED": 409,
    "CONTENT_REJECTED": 422,
    "NOT_EDITABLE": 422,
}
"""Why a decision does not count, and the status that says so."""
_FORBIDDEN: Final = 403
_GONE: Final = 410
_SHOWN: Final = (
    "run",
    "step",
    "workflow",
    "approval",
    "purpose",
    "hash",
    "first_hash",
    "amount",
    "why",
    "approvers",
    "groups",
    "quorum",
    "editable",
    "on_expiry",
    "parked_at",
    "expires_at",
    "decision",
)


_OF_A_VOTE: Final = ("by", "verdict", "at", "why", "edited_from", "self_declared")


class BadRequest(Exception):
    """A request that says nothing that can be done."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        self.status = status
        super().__init__(sentence)


class Said(BaseModel):
    """The body of a decision."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    queue: str = Field(min_length=1, max_length=128)
    order: str = Field(min_length=1, max_length=256)
    verdict: Literal["approve", "reject"]
    shown: str = Field(pattern=r"^[0-9a-f]{64}$")
    fields: dict[str, Any] | None = None
    why: str = Field(default="", max_length=500)


@dataclass(frozen=True)
class Request:
    """Who asks for what; without a decision, to be shown what is parked."""

    user_arn: str
    ref: Ref
    decision: Decision | None


def read(event: Mapping[str, Any]) -> Request:
    """Read a function URL's event.

    Raises
    ------
    BadRequest
        Naming the field, never its value.
    """
    context = event["requestContext"]
    user_arn = str(context["authorizer"]["iam"]["userArn"])
    method = context["http"]["method"]
    if method == "GET":
        given = event.get("queryStringParameters") or {}
        return Request(user_arn, _ref(given.get("queue", ""), given.get("order", "")), None)
    if method != "POST":
        raise BadRequest("GET shows and POST decides; there is nothing else", 405)
    said = _body(event)
    verdict = Verdict.APPROVED if said.verdict == "approve" else Verdict.REJECTED
    decision = Decision(verdict, said.shown, said.why, said.fields)
    return Request(user_arn, _ref(said.queue, said.order), decision)


def _ref(queue: str, order: str) -> Ref:
    if not queue.startswith("inbox#") or not order:
        raise BadRequest("queue and order name what is parked")
    return Ref(Table.PARKED, queue, order)


def _body(event: Mapping[str, Any]) -> Said:
    text = event.get("body") or ""
    try:
        raw = base64.b64decode(text).decode() if event.get("isBase64Encoded") else text
        return Said.model_validate(parse_strict(raw))
    except ValidationError as problem:
        places = sorted({".".join(map(str, e["loc"])) for e in problem.errors()})
        raise BadRequest(f"does not fit: {', '.join(places) or 'the body'}") from None
    except (InvalidJson, ValueError):
        raise BadRequest("the body is no strict JSON") from None


def answer(item: Item, person: Person, fields: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what is known of *item* now; with *fields*, what is to be approved in clear."""
    told: dict[str, Any] = {name: item[name] for name in _SHOWN if name in item}
    told["you"] = {"name": person.shown, "self_declared": person.self_declared}
    said = votes(item)
    told["approved_by"] = [vote["by"] for vote in said if vote["verdict"] == Verdict.APPROVED]
    told["votes"] = [{name: vote[name] for name in _OF_A_VOTE} for vote in said]
    if fields is not None:
        told["fields"] = fields
    return _reply(200, "application/json", told)


def refusal(refused: Exception) -> dict[str, Any]:
    """Return an error as problem+json (RFC 9457)."""
    reason, status = type(refused).__name__, _FORBIDDEN
    facts: dict[str, object] = {}
    if isinstance(refused, DecisionRefused):
        reason, facts, status = refused.reason, dict(refused.facts), STATUS[refused.reason]
    elif isinstance(refused, ArtifactRefused):
        status = _GONE
    elif isinstance(refused, BadRequest):
        status = refused.status
    told = {"title": reason, "status": status, "detail": str(refused), "facts": facts}
    return _reply(status, "application/problem+json", told)


def _reply(status: int, kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": kind, "Cache-Control": "no-store"}
    body = json.dumps(told, default=str)
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}
