"""Buckets: their policies with conditions, and `If-None-Match` that only one put can win.

moto 5.2.5 lets any condition of a bucket policy deny, so that `enforce_ssl` makes every call 403;
two puts of one key with `If-None-Match` at once both succeed, and two plain puts can answer 500.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

_GUARD = threading.Lock()
_LOCKS: dict[str, threading.RLock] = {}


def _lock(bucket: str) -> Any:
    with _GUARD:
        return _LOCKS.setdefault(bucket, threading.RLock())


def mend_bucket_policy() -> None:
    """Leave bucket policies to `iam.judge`, which sees the request's conditions.

    moto 5.2.5 (`FakeBucket.get_permission`) judges without conditions.
    """
    FakeBucket.get_permission = lambda _self, _action, _resource: PermissionResult.NEUTRAL


def mend_atomicity() -> None:
    """Handle the requests on one bucket one after another.

    moto 5.2.5 (`S3Response.put_object`) checks `If-None-Match` and puts without a lock.
    """
    original = S3Response._key_response

    def respond(self: Any, request: Any, full_url: str) -> Any:
        with _lock(self.parse_bucket_name_from_url(request, full_url) or ""):
            return original(self, request, full_url)

    S3Response._key_response = respond


@functools.cache
def apply() -> None:
    """Install this module's mends, once."""
    mend_bucket_policy()
    mend_atomicity()
