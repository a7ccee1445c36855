"""Copying evidence from the table's stream to the bucket that refuses overwrites."""

import json
from collections.abc import Mapping
from typing import Any

from functions.core.domain.canonical import canonical
from functions.core.domain.evidence import Record
from functions.core.ports import Blobs


def copy(bucket: Blobs, change: str, image: Mapping[str, Any] | None) -> str:
    """Copy one change of the stream.

    Parameters
    ----------
    change
        `INSERT`, `MODIFY` or `REMOVE`.
    image
        The new image in DynamoDB's own JSON; a REMOVE has none.

    Returns
    -------
    str
        What is wrong, for the alarm; empty for an honest new record.
    """
    if change != "INSERT" or image is None:
        return f"a record was {'removed' if change == 'REMOVE' else 'changed'} in the table"
    record = read_image(image)
    taken = bucket.put_once(record.object_key, canonical(record.document()))
    if taken:
        return ""
    held = bucket.get(record.object_key)
    same = held is not None and json.loads(held)["hash"] == record.hash
    return "" if same else "the bucket holds another record under this number"


def read_image(image: Mapping[str, Any]) -> Record:
    """Read a record from a stream image."""
    plain = {name: next(iter(value.values())) for name, value in image.items()}
    return Record.read({**plain, "n": int(plain["n"]), "body": json.loads(plain["body"])})
