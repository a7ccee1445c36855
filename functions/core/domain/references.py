"""Artifact references: what travels in state in place of a personal or a large value.

A reference is minted by the service and bound to its run by a MAC. It names content by a
hash that is keyed per team: equal values of one team still compare equal, and nobody can
guess a value back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from functions.core.domain.errors import ArtifactRefused
from functions.core.domain.keys import Keyring, keyed_hash, mac, same

FIELD = "interlock:artifact"
"""The key that makes an object a reference; a business field called `artifact` is none."""
_FIELDS = frozenset((FIELD, "media_type", "bytes", "mac"))


@dataclass(frozen=True)
class Reference:
    """`<team>/<run>/<keyed hash>` and what a reader must know to fetch it."""

    artifact: str
    media_type: str
    size: int

    @classmethod
    def name(cls, keys: Keyring, *, team: str, run: str, content: bytes, media_type: str) -> Self:
        """Name *content* as an artifact of *run*."""
        digest = keyed_hash(keys.team(team), content)
        return cls(f"{team}/{run}/{digest}", media_type, len(content))

    @property
    def team(self) -> str:
        """The team it belongs to."""
        return self.artifact.split("/")[0]

    @property
    def run(self) -> str:
        """The run it belongs to."""
        return self.artifact.split("/")[1]

    @property
    def digest(self) -> str:
        """The keyed hash of the content."""
        return self.artifact.split("/")[2]

    @property
    def object_key(self) -> str:
        """Where the artifacts bucket keeps it."""
        return f"artifacts/{self.artifact}"

    @property
    def vault_key(self) -> str:
        """Where the artifacts bucket keeps what one function only may read, for a short while."""
        return f"vault/{self.artifact}"

    def mint(self, keys: Keyring) -> dict[str, Any]:
        """Return the reference as it stands in state."""
        return {
            FIELD: self.artifact,
            "media_type": self.media_type,
            "bytes": self.size,
            "mac": mac(keys.artifact, self.artifact, self.media_type, str(self.size)),
        }

    @classmethod
    def verify(cls, keys: Keyring, value: Mapping[str, Any]) -> Self:
        """Read a reference; raise ArtifactRefused unless this stage minted it."""
        artifact, media_type = value.get(FIELD), value.get("media_type")
        size, given = value.get("bytes"), value.get("mac")
        if (
            set(value) != _FIELDS
            or not isinstance(artifact, str)
            or not isinstance(media_type, str)
            or not isinstance(size, int)
            or not isinstance(given, str)
            or artifact.count("/") != 2  # noqa: PLR2004  (team/run/digest)
        ):
            raise ArtifactRefused("it has not the form of a reference")
        if not same(given, mac(keys.artifact, artifact, media_type, str(size))):
            raise ArtifactRefused("it was not minted by this stage")
        return cls(artifact, media_type, size)


def is_reference(value: object) -> bool:
    """Say whether *value* claims to be a reference."""
    return isinstance(value, dict) and FIELD in value


def references(value: object, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (JSON pointer, reference) for everything inside *value* that claims to be one."""
    if isinstance(value, dict):
        if FIELD in value:
            yield pointer, value
            return
        for name, inner in value.items():
            yield from references(inner, f"{pointer}/{escape(str(name))}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from references(inner, f"{pointer}/{index}")


def escape(name: str) -> str:
    """Escape a member's name for a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def lookup(value: Any, pointer: str) -> Any:
    """Return what *pointer* names in *value*; KeyError with the pointer if nothing does."""
    if pointer == "":
        return value
    for raw in pointer.lstrip("/").split("/"):
        part = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            raise KeyError(pointer)
    return value


def replace(value: Any, pointer: str, new: Any) -> Any:
    """Return a copy of *value* with what *pointer* names replaced by *new*."""
    if pointer == "":
        return new
    head, _, rest = pointer[1:].partition("/")
    part = head.replace("~1", "/").replace("~0", "~")
    rest = f"/{rest}" if rest or pointer.endswith("/") else ""
    if isinstance(value, list):
        index = int(part)
        return [replace(v, rest, new) if i == index else v for i, v in enumerate(value)]
    return {k: replace(v, rest, new) if k == part else v for k, v in value.items()}
