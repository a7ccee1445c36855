"""What is wrong with a declaration: in which file, at which key, and why."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import ValidationError

_KEY: Final = re.compile(r"[A-Za-z0-9_$-]+")
_UNION_TAGS: Final = frozenset({"rule", "schedule"})
_TOLD: Final = re.compile(r"([a-z_][A-Za-z0-9_.]*): (.+)", re.DOTALL)
_PHRASES: Final = {"extra_forbidden": "unknown key", "missing": "missing key"}


@dataclass(frozen=True, order=True)
class DefinitionError:
    """One thing that is wrong.

    `key` is a dotted key of a TOML file, a JSON pointer, a line (`line 3`), or empty for the
    file as a whole.
    """

    file: str
    key: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.file}: {self.key}: {self.reason}" if self.key else f"{self.file}: {self.reason}"
        )


class DefinitionErrors(Exception):
    """Everything that is wrong with a project; nothing of it was loaded."""

    def __init__(self, errors: list[DefinitionError]) -> None:
        self.errors = tuple(sorted(set(errors)))
        count = len(self.errors)
        title = f"{count} problem{'s' if count > 1 else ''} in what is declared"
        super().__init__("\n  ".join((title, *map(str, self.errors))))


@dataclass
class Problems:
    """Collects what is wrong, so that one look shows all of it."""

    root: Path
    found: list[DefinitionError] = field(default_factory=list)

    def add(self, file: Path, key: str, reason: str) -> None:
        """Note that *file* is wrong at *key*."""
        shown = file.relative_to(self.root) if file.is_relative_to(self.root) else file
        self.found.append(DefinitionError(shown.as_posix(), key, reason))

    def add_validation(
        self,
        file: Path,
        problem: ValidationError,
        *,
        elsewhere: dict[str, Path] | None = None,
        skip: frozenset[str] = frozenset(),
    ) -> None:
        """Note what pydantic found in the document that *file* declares.

        Parameters
        ----------
        elsewhere : dict
            First key -> the file that this part of the document came from.
        skip : frozenset
            First keys about which nothing is said, because something they need is broken.
        """
        for error in problem.errors(include_url=False, include_context=False, include_input=False):
            tokens = [str(token) for token in error["loc"] if _is_key(token)]
            reason = _PHRASES.get(error["type"], error["msg"].removeprefix("Value error, "))
            if told := error["type"] == "value_error" and _TOLD.fullmatch(reason):
                tokens.append(told[1])
                reason = told[2]
            first = tokens[0].split(".")[0] if tokens else ""
            if first in skip:
                continue
            place = (elsewhere or {}).get(first)
            self.add(place or file, "" if place else ".".join(tokens), reason)


def _is_key(token: int | str) -> bool:
    return isinstance(token, int) or (
        token not in _UNION_TAGS and _KEY.fullmatch(token) is not None
    )
