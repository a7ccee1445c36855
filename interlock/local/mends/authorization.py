"""The door of every request: whose key signed it, and may its owner do what it asks.

The judgement itself is in `iam`.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import AccessDeniedError, JsonRESTError
from moto.s3.exceptions import S3AccessDeniedError

from interlock.local.mends import counting, decisions, iam, requests
from interlock.local.mends.refusal import NotPlayedHere


def _signer(response: Any) -> tuple[str | None, str | None]:
    """Return access key and service of a request's signature, in its header or its query."""
    header = response.headers.get("Authorization", "")
    found = re.search(r"Credential=([^/,]+)/[^/]+/[^/]+/([^/]+)/", header)
    if found is None:
        query = (response.querystring or {}).get("X-Amz-Credential", [""])[0]
        found = re.match(r"([^/]+)/[^/]+/[^/]+/([^/]+)/", query)
    return (found[1], found[2]) if found else (None, None)


def _refusal(service: str, error: Exception) -> Exception:
    if service == "s3":
        refusal: Exception = S3AccessDeniedError()
        return refusal
    answer: Any = JsonRESTError("AccessDeniedException", str(error))
    if service in {"lambda", "scheduler"}:
        answer.code = 403
    found: Exception = answer
    return found


def _check_assumption(response: Any) -> None:
    given = {name: values[0] for name, values in (response.querystring or {}).items()}
    role, session = given.get("RoleArn", ""), given.get("RoleSessionName", "")
    try:
        iam.judge_assumption(role, session, given.get("SourceIdentity", ""))
    except (iam.Denied, NotPlayedHere) as error:
        raise AccessDeniedError(iam.DEVELOPER, "sts:AssumeRole") from error


def _count_events(ask: requests.Ask) -> None:
    if ask.action == "events:PutEvents":  # one ask an entry, and one price
        counting.consumed("event", ask.resource, 1)


def _check(response: Any, _iam_request_cls: type, resource: str = "*") -> None:
    key, service = _signer(response)
    if service is None:
        return
    role = iam.role_behind(key)
    action = response._get_action()
    if service == "s3" and resource == "arn:aws:s3:::*" and action != "ListAllMyBuckets":
        return  # moto asks once before it knows the bucket
    if role is None and service not in {"s3", "sqs"}:
        counting.called(service, str(action), None)
        if action == "AssumeRole":
            _check_assumption(response)
        return
    request = requests.read(response, service, resource)
    counting.called(service, request.action, role)
    try:
        for ask in requests.asks(request):
            iam.judge(role, ask)
            _count_events(ask)
    except iam.Denied as denied:
        raise _refusal(service, denied) from denied
    except NotPlayedHere as unknown:
        decisions.record_denial(
            role or iam.DEVELOPER, f"{service}:{request.action}", resource, str(unknown)
        )
        raise _refusal(service, unknown) from unknown


def mend_authorization() -> None:
    """Judge each request by the caller's policies on the resources that it names.

    moto 5.2.5 (`ActionAuthenticatorMixin._authenticate_and_authorize_action`) judges most services
    on ``*``, denies on any Condition, ignores boundaries, and is off unless configured.
    """
    ActionAuthenticatorMixin._authenticate_and_authorize_action = _check


@functools.cache
def apply() -> None:
    """Install this module's mends, once."""
    mend_authorization()
