"""Function URLs: a signed HTTP request becomes an invocation that is told who called.

Payload format 2.0 (AWS Lambda developer guide, "Invoking Lambda function URLs").
"""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from interlock.local.mends import iam
from interlock.local.settings import ACCOUNT, REGION
from interlock.local.signatures import NotSigned, Received, signer_of

LOG = logging.getLogger(__name__)
PREFIX = "/_url/"
_BODY_BYTES = 6 * 1024 * 1024

Answer = tuple[int, dict[str, str], bytes]


class FunctionUrls:
    """Answers what is sent to ``/_url/<id>/``.

    Parameters
    ----------
    endpoint
        Where this cloud listens.
    functions
        URL id -> ARN of the function, with its qualifier.
    invoke
        Invokes a function by ARN; says whether it failed, and its answer.
    """

    def __init__(
        self,
        endpoint: str,
        functions: Mapping[str, str],
        invoke: Callable[[str, bytes], tuple[bool, bytes]],
    ) -> None:
        self._endpoint = endpoint
        self._functions = functions
        self._invoke = invoke

    def __call__(self, environ: Mapping[str, Any], body: bytes) -> Answer:
        """Answer one request."""
        path = str(environ["PATH_INFO"])
        identity, _, rest = path.removeprefix(PREFIX).partition("/")
        arn = self._functions.get(identity)
        if arn is None:
            return _said(404, "no function has this URL")
        if len(body) > _BODY_BYTES:
            return _said(413, "the body is too large")
        request = _received(environ, body, self._endpoint)
        try:
            key = signer_of(request, service="lambda", region=REGION, secret_of=iam.secret_of)
            caller = iam.caller_of(key)
            self._authorize(caller, arn)
        except (NotSigned, iam.Denied) as refused:
            return _said(403, str(refused))
        event = _event(environ, identity, f"/{rest}", request, caller)
        failed, answer = self._invoke(arn, json.dumps(event).encode())
        if failed:
            LOG.error("%s failed on a request to its URL", arn)
            return _said(502, "Internal Server Error")
        return _answered(json.loads(answer or b"null"))

    @staticmethod
    def _authorize(caller: iam.Caller, arn: str) -> None:
        """Ask for both: a URL needs the right to the URL and the right to the function."""
        if caller.role is None:  # the developer, or somebody who declares themselves
            return
        for action, context in (
            ("lambda:InvokeFunctionUrl", {"lambda:functionurlauthtype": ["AWS_IAM"]}),
            ("lambda:InvokeFunction", {"lambda:invokedviafunctionurl": ["true"]}),
        ):
            iam.authorize(caller.role, action, arn, context)


def _received(environ: Mapping[str, Any], body: bytes, endpoint: str) -> Received:
    headers = {
        name.removeprefix("HTTP_").lower().replace("_", "-"): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.lower().replace("_", "-")] = str(environ[name])
    query = environ.get("QUERY_STRING", "")
    url = endpoint + environ["PATH_INFO"] + (f"?{query}" if query else "")
    return Received(environ["REQUEST_METHOD"], url, headers, body)


def _event(
    environ: Mapping[str, Any], identity: str, path: str, request: Received, caller: iam.Caller
) -> dict[str, Any]:
    query = str(environ.get("QUERY_STRING", ""))
    given = {name: ",".join(values) for name, values in parse_qs(query).items()}
    text = re.match(r"application/json|text/", request.headers.get("content-type", ""))
    body = (
        request.body.decode(errors="replace") if text else base64.b64encode(request.body).decode()
    )
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {k: v for k, v in request.headers.items() if k != "authorization"},
        **({"queryStringParameters": given} if given else {}),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": identity,
            "domainName": request.headers.get("host", ""),
            "authentication": None,
            "authorizer": {
                "iam": {
                    "accessKey": caller.key,
                    "accountId": ACCOUNT,
                    "callerId": caller.key,
                    "cognitoIdentity": None,
                    "principalOrgId": None,
                    "userArn": caller.user_arn,
                    "userId": caller.key,
                }
            },
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": request.headers.get("user-agent", ""),
            },
            "stage": "$default",
        },
        **({"body": body} if request.body else {}),
        "isBase64Encoded": bool(request.body) and not text,
    }


def _answered(told: Any) -> Answer:
    if not isinstance(told, dict) or "statusCode" not in told:
        return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()
    body = str(told.get("body", ""))
    content = base64.b64decode(body) if told.get("isBase64Encoded") else body.encode()
    headers = {"Content-Type": "application/json", **told.get("headers", {})}
    return int(told["statusCode"]), headers, content


def _said(status: int, message: str) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps({"Message": message}).encode()
