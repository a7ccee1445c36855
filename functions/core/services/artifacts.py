"""Artifacts: values kept outside the state, by hash, bound to their run."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from functions.core.domain.canonical import canonical
from functions.core.domain.errors import ArtifactRefused
from functions.core.domain.keys import Keyring, keyed_hash, same
from functions.core.domain.references import (
    Reference,
    escape,
    is_reference,
    lookup,
    references,
    replace,
)
from functions.core.ports import Blobs

TEXT = "text/plain"
JSON = "application/json"
VALUE_BYTES = 8 * 1024
"""A value above this is replaced by a reference."""
STATE_BYTES = 24 * 1024
"""Then the largest first, until the whole is below this."""
EXACT_INTEGER = 2**53 - 1
"""JSONata counts in doubles: a larger integer travels as a reference, and stays exact."""


class Artifacts:
    """The artifacts bucket, one run at a time."""

    def __init__(self, blobs: Blobs, keys: Keyring) -> None:
        self.blobs = blobs
        self._keys = keys

    def keep(self, content: bytes, media_type: str, *, team: str, run: str) -> Reference:
        """Keep *content* for *run*; the same content is the same artifact."""
        named = Reference.name(
            self._keys, team=team, run=run, content=content, media_type=media_type
        )
        self.blobs.put(named.object_key, content, media_type)
        return named

    def keep_value(self, value: Any, *, team: str, run: str) -> dict[str, Any]:
        """Keep a JSON value; return its minted reference."""
        if isinstance(value, str):
            return self.keep(value.encode(), TEXT, team=team, run=run).mint(self._keys)
        return self.keep(canonical(value), JSON, team=team, run=run).mint(self._keys)

    def fetch(self, value: Mapping[str, Any], *, run: str) -> bytes:
        """Return what a reference of *run* names; raise ArtifactRefused for any other."""
        named = Reference.verify(self._keys, value)
        if named.run != run:
            raise ArtifactRefused("it belongs to another run")
        return self._read(named)

    def lock_away(self, values: Mapping[str, str], *, team: str, run: str) -> dict[str, Any]:
        """Keep what tokens stand for where only who restores them may look; return a reference."""
        content = canonical(dict(values))
        named = Reference.name(self._keys, team=team, run=run, content=content, media_type=JSON)
        self.blobs.put(named.vault_key, content, JSON)
        return named.mint(self._keys)

    def unlock(self, value: Mapping[str, Any], *, run: str) -> dict[str, str]:
        """Return what the tokens of a call of *run* stand for; ArtifactRefused for any other."""
        named = Reference.verify(self._keys, value)
        if named.run != run:
            raise ArtifactRefused("it belongs to another run")
        values: dict[str, str] = json.loads(self._read(named, named.vault_key))
        return values

    def resolve(self, value: Any, *, run: str) -> Any:
        """Return *value* with every reference replaced by what it names."""
        return self._resolve(value, lambda reference: reference.run == run)

    def admit(self, value: Any, *, team: str) -> Any:
        """Return *value* from outside with references of the same team resolved.

        The door keeps what they name anew for the new run; anything else is refused.
        """
        return self._resolve(value, lambda reference: reference.team == team)

    def _resolve(self, value: Any, may: Callable[[Reference], bool]) -> Any:
        for pointer, claimed in list(references(value)):
            named = Reference.verify(self._keys, claimed)
            if not may(named):
                raise ArtifactRefused(f"{pointer or '(root)'} belongs to somebody else")
            content = self._read(named)
            new = content.decode() if named.media_type == TEXT else json.loads(content)
            value = replace(value, pointer, new)
        return value

    def _read(self, named: Reference, place: str = "") -> bytes:
        content = self.blobs.get(place or named.object_key)
        if content is None:
            raise ArtifactRefused("what it names is not kept any more")
        if not same(keyed_hash(self._keys.team(named.team), content), named.digest):
            raise ArtifactRefused("what it names was changed in the bucket")
        return content

    def shrink(
        self, value: Any, pointers: Iterator[str] | list[str], *, team: str, run: str
    ) -> Any:
        """Return *value* fit for state: what *pointers* name, and what is large, replaced.

        Parameters
        ----------
        pointers
            Personal values, and whatever else must not travel.
        """
        for pointer in _outermost([*pointers, *_oversized(value)]):
            found = lookup(value, pointer)
            if not is_reference(found):
                value = replace(value, pointer, self.keep_value(found, team=team, run=run))
        while len(canonical(value)) > STATE_BYTES and isinstance(value, dict):
            largest = max(
                (name for name in value if not is_reference(value[name])),
                key=lambda name: len(canonical(value[name])),
                default=None,
            )
            if largest is None:
                break
            value = {**value, largest: self.keep_value(value[largest], team=team, run=run)}
        return value


def _outermost(pointers: list[str]) -> list[str]:
    chosen: list[str] = []
    for pointer in sorted(set(pointers), key=len):
        if not any(pointer == c or pointer.startswith(f"{c}/") for c in chosen):
            chosen.append(pointer)
    return chosen


def _oversized(value: Any, pointer: str = "") -> Iterator[str]:
    """Yield the deepest values that are too large, and integers that doubles can't hold."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _oversized(inner, f"{pointer}/{escape(name)}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _oversized(inner, f"{pointer}/{index}")
        if len(canonical(value)) > VALUE_BYTES:
            yield pointer
    elif (isinstance(value, int) and abs(value) > EXACT_INTEGER) or (
        isinstance(value, str) and len(value.encode()) > VALUE_BYTES
    ):
        yield pointer
