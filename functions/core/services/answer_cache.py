"""The exact cache: a question that was answered is not asked again while its answer serves.

An entry is found by a keyed hash over everything that went in, under a key of the team's own:
another team, prompt, schema, target or parameter is another question. It lies in one of a fixed
number of slots, which bounds what is kept without anybody counting.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from functions.core.domain.caching import ENTRY_BYTES, CacheRule
from functions.core.domain.canonical import canonical
from functions.core.domain.keys import Keyring, keyed_hash, mac, same
from functions.core.domain.timestamps import iso, parse
from functions.core.ports import Blobs, Clock

JSON = "application/json"


@dataclass(frozen=True)
class Entry:
    """An answer, and what it took to get it."""

    answer: str
    """As the model gave it: whoever is served it reads and checks it anew."""
    attempt: str
    """The attempt that brought it."""
    kept_at: str
    usd: str
    input_tokens: int
    output_tokens: int


class AnswerCache:
    """The cached answers of one stage, a team and a task at a time."""

    def __init__(self, blobs: Blobs, keys: Keyring, clock: Clock) -> None:
        self._blobs = blobs
        self._keys = keys
        self._clock = clock

    def key(self, team: str, question: Mapping[str, Any]) -> str:
        """Return the name of *question* within *team*: nobody else can tell what it names."""
        return keyed_hash(self._keys.cache(team), canonical(question))

    def find(self, rule: CacheRule, key: str, *, team: str, task: str) -> Entry | None:
        """Return the answer kept under *key*, if it still serves."""
        content = self._blobs.get(_place(rule, key, team, task))
        if content is None:
            return None
        held = json.loads(content)
        if held["key"] != key or not same(held["mac"], self._signed(team, key, held["entry"])):
            return None  # another question's, or not of our making
        entry = Entry(**json.loads(held["entry"]))
        ends = parse(entry.kept_at) + timedelta(seconds=rule.ttl_seconds)
        return entry if self._clock.now() < ends else None

    def keep(self, rule: CacheRule, key: str, *, team: str, task: str, **told: Any) -> None:
        """Keep an answer under *key*, unless it is too large.

        Parameters
        ----------
        **told
            What :class:`Entry` holds, but the time.
        """
        entry = canonical(asdict(Entry(kept_at=iso(self._clock.now()), **told))).decode()
        signed = {"key": key, "entry": entry, "mac": self._signed(team, key, entry)}
        content = canonical(signed)
        if len(content) <= ENTRY_BYTES:
            self._blobs.put(_place(rule, key, team, task), content, JSON)

    def _signed(self, team: str, key: str, entry: str) -> str:
        return mac(self._keys.cache(team), key, entry)


def _place(rule: CacheRule, key: str, team: str, task: str) -> str:
    return f"cache/{team}/{task}/{int(key[:12], 16) % rule.slots}"
