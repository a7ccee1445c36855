"""Signed requests to the function that decides: IAM learns from the signature who asks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from interlock.cli.exits import LOGIN, NotFound, Problem, Refused, Unreachable
from interlock.cli.stage import Stage

SECONDS = 40
"""Longer than the function may run."""
_NOT_FOUND = 404
_BAD = 400


@dataclass(frozen=True)
class Signer:
    """Who signs.

    Attributes
    ----------
    declared
        What a laptop cloud is told of somebody's name and groups; None where AWS knows.
    """

    keys: Any
    region: str
    declared: str | None = None


def signer(stage: Stage, name: str | None, groups: Sequence[str]) -> Signer:
    """Return whose signature decisions bear.

    On AWS, that of the usual credentials. On a laptop cloud anybody is who they say: the name
    that was given, else the login; the groups that were given, else those that are asked.
    """
    from botocore.credentials import Credentials

    if stage.cloud is None or not stage.keys.get("aws_access_key_id"):
        found = stage.credentials()
        if found is None:
            raise Unreachable("no AWS credentials were found that work", LOGIN)
        return Signer(found, stage.region)
    body = {"name": name or stage.person, "groups": list(groups)}
    keys = stage.cloud.post("declared-user", body)
    declared = f"{body['name']} of {', '.join(groups)}" if groups else str(body["name"])
    credentials = Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"])
    return Signer(credentials, stage.region, declared)


def ask(stage: Stage, who: Signer, place: Mapping[str, str]) -> dict[str, Any]:
    """Return what is parked at *place*, in clear."""
    return _send(stage, who, "GET", f"?{urlencode(place)}", None)


def tell(stage: Stage, who: Signer, said: Mapping[str, Any]) -> dict[str, Any]:
    """Send a decision; return what is known after it."""
    return _send(stage, who, "POST", "", dict(said))


def _send(
    stage: Stage, who: Signer, method: str, query: str, said: dict[str, Any] | None
) -> dict[str, Any]:
    import httpx
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    url = stage.output("DecideUrl") + query
    content = b"" if said is None else json.dumps(said).encode()
    headers = {"Content-Type": "application/json"} if said is not None else {}
    request = AWSRequest(method, url, headers, content)
    SigV4Auth(who.keys, "lambda", who.region).add_auth(request)
    answer = httpx.request(
        method, url, headers=dict(request.headers.items()), content=content, timeout=SECONDS
    )
    try:
        told = answer.json()
    except ValueError:
        told = {}
    if answer.status_code >= _BAD:
        raise _problem(answer.status_code, told, said or {})
    return dict(told)


def _problem(status: int, told: Mapping[str, Any], said: Mapping[str, Any]) -> Problem:
    sentence = str(told.get("detail") or told.get("Message") or f"the answer was {status}")
    if status == _NOT_FOUND:
        return NotFound(sentence, "see what waits: interlock inbox")
    _, _, run_and_step = str(said.get("order", "")).partition("#")
    place = run_and_step.partition("#")[0]
    then = {
        "CHANGED": f"look again: interlock approvals show {place}",
        "DECIDED": f"what became of it: interlock approvals show {place}",
        "ALREADY_VOTED": "somebody else has to approve it too",
        "NOT_AN_APPROVER": "interlock inbox says who may decide",
    }
    return Refused(sentence, then.get(str(told.get("title")), ""))
