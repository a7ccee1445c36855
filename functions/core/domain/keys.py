"""Every key of the service, derived from one master secret.

HKDF-SHA256 (RFC 5869) with one label a purpose, so that no two purposes share a key and
reading one secret once a worker is enough.
"""

import hashlib
import hmac
from functools import cached_property

KEY_BYTES = 32
ROTATION = "1"
"""Id of the current short-lived keys; what they sign names it, so that two may overlap."""


class Keyring:
    """The derived keys of one stage.

    Parameters
    ----------
    master
        The master secret's text; at least 32 characters.
    """

    def __init__(self, master: str) -> None:
        if len(master) < KEY_BYTES:
            raise ValueError(f"the master secret has fewer than {KEY_BYTES} characters")
        self._extracted = hmac.digest(b"interlock", master.encode(), "sha256")

    @cached_property
    def naming(self) -> bytes:
        """Names runs; never rotated, or a repeated event would be a new run."""
        return self._expanded("naming")

    @cached_property
    def ticket(self) -> bytes:
        """Signs run tickets."""
        return self._expanded(f"ticket/{ROTATION}")

    @cached_property
    def artifact(self) -> bytes:
        """Signs artifact references."""
        return self._expanded("artifact")

    @cached_property
    def fence(self) -> bytes:
        """Makes the delimiters around untrusted text."""
        return self._expanded("fence")

    @cached_property
    def canary(self) -> bytes:
        """Makes the words by which a system prompt is recognised in an answer."""
        return self._expanded(f"canary/{ROTATION}")

    @cached_property
    def refused(self) -> bytes:
        """Names refused bodies, whose content nobody may guess back."""
        return self._expanded("refused")

    @cached_property
    def emits(self) -> bytes:
        """Signs the events that we put on the bus."""
        return self._expanded(f"emits/{ROTATION}")

    def team(self, team: str) -> bytes:
        """Return the key of *team*'s content hashes: equal inputs compare equal within it."""
        return self._expanded(f"team/{team}")

    def cache(self, team: str) -> bytes:
        """Return the key of *team*'s cached answers: names them, and signs them."""
        return self._expanded(f"cache/{team}")

    def _expanded(self, purpose: str) -> bytes:
        return hmac.digest(self._extracted, purpose.encode() + b"\x01", "sha256")


def keyed_hash(key: bytes, content: bytes) -> str:
    """Return 64 hex characters that only a holder of *key* can compute."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def mac(key: bytes, *parts: str) -> str:
    """Return a MAC over *parts*; each is length-prefixed, so no two lists share a text."""
    framed = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
    return hmac.new(key, framed, hashlib.sha256).hexdigest()


def same(a: str, b: str) -> bool:
    """Compare two MACs in constant time."""
    return hmac.compare_digest(a.encode(), b.encode())
