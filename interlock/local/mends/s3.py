"""Buckets: their policies with conditions, and `If-None-Match` that only one put can win.

moto 5.2.5 lets any condition of a bucket policy deny, so that `enforce_ssl` makes every call 403;
two puts of one key with `If-None-Match` at once both succeed, and two plain puts can answer 500.
It keeps each object, however small, in a temporary file of its own.
"""

from __future__ import annotations

import functools
import sys
import threading
import types
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3 import models
from moto.s3.models import FakeBucket, FakeKey
from moto.s3.responses import S3Response
from moto.settings import get_s3_default_key_buffer_size
from moto.utilities.tagging_service import TaggingService
from moto.utilities.utils import LowercaseDict

from interlock.local.mends.place import ACCOUNT, PARTITION, REGION

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


class _Content:
    """An object's bytes, with what moto asks of the temporary file that it would keep them in."""

    __slots__ = ("_at", "_bytes")

    def __init__(self, max_size: int) -> None:  # noqa: ARG002  (as moto calls it)
        self._at, self._bytes = 0, b""

    def seek(self, at: int) -> None:
        self._at = at

    def read(self, most: int = -1) -> bytes:
        end = None if most < 0 else self._at + most
        part = self._bytes[self._at : end]
        self._at += len(part)
        return part

    def truncate(self) -> None:
        self._bytes = self._bytes[: self._at]

    def write(self, content: bytes) -> None:
        behind = self._at + len(content)
        self._bytes = self._bytes[: self._at] + content + self._bytes[behind:]
        self._at = behind

    def close(self) -> None:
        self._bytes = b""


def mend_contents() -> None:
    """Keep an object as its bytes.

    moto 5.2.5 (`FakeKey`) opens a temporary file in memory for each, which takes three times what
    a short text does.
    """
    models.tempfile = types.SimpleNamespace(SpooledTemporaryFile=_Content)


_USUAL: dict[str, Any] = {
    "_expiry": None,
    "_is_versioned": True,
    "_max_buffer_size": get_s3_default_key_buffer_size(),
    "_status": None,
    "_storage_class": "STANDARD",
    "_tick": 0,
    "_transitions": [(None, "IN_PROGRESS"), ("IN_PROGRESS", "RESTORED")],
    "account_id": ACCOUNT,
    "bucket_key_enabled": False,
    "checksum_algorithm": None,
    "checksum_parts": None,
    "checksum_type": None,
    "disposed": False,
    "encryption": None,
    "kms_key_id": None,
    "lock_legal_status": None,
    "lock_mode": None,
    "lock_until": None,
    "model_name": "s3::keyrestore",
    "multipart": None,
    "partition": PARTITION,
    "region_name": REGION,
    "website_redirect_location": None,
}


def mend_objects() -> None:
    """Let objects share what most of them have in common.

    moto 5.2.5 (`FakeKey`) gives each nearly forty attributes of its own, which take more memory
    than a short text does.
    """
    original = FakeKey.__init__

    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.bucket_name = sys.intern(self.bucket_name or "") or None
        self.__dict__ = {
            name: value
            for name, value in vars(self).items()
            if name not in _USUAL or value != _USUAL[name]
        }

    FakeKey.__init__ = made
    LowercaseDict._keytransform = lambda _self, key: sys.intern(key.lower())
    for name, value in _USUAL.items():
        setattr(FakeKey, name, value)


def mend_tags() -> None:
    """Keep no tags of what has none; moto 5.2.5 keeps a name and an empty list for each object."""
    original = TaggingService.tag_resource

    def tag(self: Any, arn: str, tags: list[dict[str, str]] | None) -> None:
        if tags or arn in self.tags:
            original(self, arn, tags)

    TaggingService.tag_resource = tag


@functools.cache
def apply() -> None:
    """Install this module's mends, once."""
    mend_bucket_policy()
    mend_atomicity()
    mend_contents()
    mend_objects()
    mend_tags()
