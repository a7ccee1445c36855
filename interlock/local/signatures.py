"""Verifies AWS Signature Version 4 of requests that reach a function by its URL.

The same signer that clients use computes the signature anew (botocore); what is compared is
what the request's own header claims.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_CLAIM = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/]+)/"
    r"(?P<service>[^/]+)/aws4_request,\s*SignedHeaders=(?P<headers>[^,\s]+),\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW = timedelta(minutes=5)
_MUST_SIGN = {"host", "x-amz-date"}


class NotSigned(Exception):
    """The request's signature does not hold; the message is AWS's."""


@dataclass(frozen=True)
class Received:
    """A request as it came in."""

    method: str
    url: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


def signer_of(
    request: Received, *, service: str, region: str, secret_of: Callable[[str], str | None]
) -> str:
    """Return the access key that signed *request*.

    Parameters
    ----------
    secret_of
        Access key -> its secret; None for a key that nobody has.

    Raises
    ------
    NotSigned
        Saying what is wrong with it.
    """
    claim = _CLAIM.fullmatch(request.headers.get("authorization", ""))
    if claim is None:
        raise NotSigned("Missing Authentication Token")
    if (claim["service"], claim["region"]) != (service, region):
        raise NotSigned("Credential should be scoped to correct service and region.")
    signed = claim["headers"].split(";")
    if not set(signed) >= _MUST_SIGN or any(name not in request.headers for name in signed):
        raise NotSigned("'Host' and 'X-Amz-Date' must be signed, and what is signed must be there.")
    stamp = request.headers["x-amz-date"]
    _require_fresh(stamp, claim["date"])
    secret = secret_of(claim["key"])
    if secret is None:
        raise NotSigned("The security token included in the request is invalid.")
    expected = _signature(request, signed, stamp, Credentials(claim["key"], secret), claim)
    if not hmac.compare_digest(expected, claim["signature"]):
        raise NotSigned("The request signature we calculated does not match the one you provided.")
    return claim["key"]


def _require_fresh(stamp: str, date: str) -> None:
    try:
        moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise NotSigned("X-Amz-Date has not the form of a date.") from None
    # clients sign by the machine's clock, whatever this cloud's own says
    now = datetime.now(UTC)
    if not stamp.startswith(date) or abs(now - moment) > _SKEW:
        raise NotSigned("Signature expired.")


def _signature(
    request: Received,
    signed: list[str],
    stamp: str,
    credentials: Credentials,
    claim: re.Match[str],
) -> str:
    headers = {name: request.headers[name] for name in signed}
    again = AWSRequest(request.method, request.url, headers, request.body)
    again.context["timestamp"] = stamp
    auth = SigV4Auth(credentials, claim["service"], claim["region"])
    canonical = auth.canonical_request(again)
    return str(auth.signature(auth.string_to_sign(again, canonical), again))
