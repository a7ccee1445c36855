"""How runs, steps, nested executions and attempts are named (CONTRACTS: names).

A name is computed, never looked up: whoever sees the same facts says the same name, and
that is what makes a repeat a repeat.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

RUN_CHARACTERS = 26
EXECUTION_NAME_LIMIT = 80
"""Step Functions refuses longer execution names."""
STATE_NAME_LIMIT = 32
_STEP = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}(\.[A-Za-z0-9_-]{1,40})?\.[0-9]{1,16}")
_RUN = re.compile(r"[a-z][a-z0-9_]{0,39}-[a-z2-7]{26}")


def _base32(digest: bytes, characters: int) -> str:
    return base64.b32encode(digest).decode().lower().rstrip("=")[:characters]


def dedup_text(values: Sequence[str | int]) -> str:
    """Join the dedup key's values canonically: type, length and text of each."""
    texts = [("i" if isinstance(v, int) else "s", str(v)) for v in values]
    return "".join(f"{kind}{len(text)}:{text}" for kind, text in texts)


def run_name(naming_key: bytes, stage: str, workflow: str, dedup: str, generation: int = 0) -> str:
    """Return `<workflow>-<26 characters>`: 130 bits of HMAC-SHA256 over what identifies the run."""
    told = "\x00".join((stage, workflow, dedup, str(generation)))
    digest = hmac.digest(naming_key, told.encode(), "sha256")
    return f"{workflow}-{_base32(digest, RUN_CHARACTERS)}"


def is_run_name(text: str) -> bool:
    """Say whether *text* has the form of a run's name."""
    return _RUN.fullmatch(text) is not None


def is_step_identity(text: str) -> bool:
    """Say whether *text* is `<state>[.<item key>].<visit in ms>`."""
    return _STEP.fullmatch(text) is not None


def nested_name(run: str, step: str) -> str:
    """Return the name of the platform execution that does *step* of *run*."""
    name = f"{run[-RUN_CHARACTERS:]}-{step}"
    if len(name) <= EXECUTION_NAME_LIMIT:
        return name
    tail = _base32(hashlib.sha256(name.encode()).digest(), 16)
    return f"{name[: EXECUTION_NAME_LIMIT - 17]}-{tail}"


def nonce() -> str:
    """Return a word that no other invocation draws."""
    return secrets.token_hex(8)


def idempotency_key(run: str, step: str) -> str:
    """Return the key a system sees: of the run's step, not of the attempt, so repeats agree."""
    return f"{run}/{step}"


@dataclass(frozen=True)
class AttemptName:
    """`<run>/<step>/<n>/<nonce>`: one try of a step, named by the invocation that prepared it.

    The nonce begins with the millisecond it was drawn at, so that the budget period and the
    shard are functions of the name and its reservation can lie in one place only.
    """

    run: str
    step: str
    number: int
    nonce: str

    @classmethod
    def draw(cls, run: str, step: str, number: int, now: datetime) -> Self:
        """Name a new attempt."""
        milliseconds = int(now.timestamp() * 1000)
        return cls(run, step, number, f"{milliseconds:012x}{nonce()}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read back what `str()` wrote; ValueError if it is none."""
        run, step, number, nonce = text.split("/")
        return cls(run, step, int(number), nonce)

    def __str__(self) -> str:
        return f"{self.run}/{self.step}/{self.number}/{self.nonce}"

    @property
    def key(self) -> str:
        """Its name within its step's item."""
        return f"attempt#{self.number}/{self.nonce}"

    @property
    def drawn_at(self) -> datetime:
        """When it was named."""
        return datetime.fromtimestamp(int(self.nonce[:12], 16) / 1000, UTC)

    def shard(self, shards: int) -> int:
        """Return its shard of a budget with *shards* of them."""
        return int(hashlib.sha256(str(self).encode()).hexdigest()[:8], 16) % shards
