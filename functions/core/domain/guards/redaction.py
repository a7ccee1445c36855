"""Personal data and secrets as tokens: `<EMAIL_48213>`, the same value always the same token.

A token's number is a keyed hash of what it stands for, under a key of the run. So the functions
of a run agree on it without talking to each other, another run's tokens say nothing here, and
nobody can guess a value back. A text that holds such a token already gets it replaced like a
value, as `<LITERAL_...>`: what comes back from the model as a token is one of ours.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from functions.core.domain.guards.findings import Finding, apart
from functions.core.domain.keys import keyed_hash

LITERAL: Final = "literal"
"""The kind of a text that only looks like a token; it comes back wherever it is."""
TOKEN: Final = re.compile(r"<([A-Z][A-Z_]{1,31})_(\d{5,20})>")
_DIGITS: Final = 5

Find = Callable[[str, str], Sequence[Finding]]
"""From a text and what it is called to what has to go."""


class Redaction:
    """What one call keeps back: tokens and values, for all its texts.

    Parameters
    ----------
    key
        Of the run: its tokens agree, those of other runs do not.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._tokens: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}

    @property
    def values(self) -> Mapping[str, str]:
        """Token -> what it stands for."""
        return self._values

    def text(self, text: str, findings: Iterable[Finding]) -> str:
        """Return *text* with every finding as its token, and every look-alike as one, too."""
        alike = [Finding(LITERAL, *m.span(), 2, LITERAL) for m in TOKEN.finditer(text)]
        parts, at = [], 0
        for finding in apart([*findings, *alike]):
            value = text[finding.start : finding.end]
            parts += [text[at : finding.start], self._token(finding.kind, value)]
            at = finding.end
        return "".join([*parts, text[at:]])

    def tree(self, value: Any, find: Find, about: str = "") -> Any:
        """Return JSON *value* with each of its texts redacted, names of members too."""
        if isinstance(value, str):
            return self.text(value, find(value, about))
        if isinstance(value, Mapping):
            return {
                self.text(name, find(name, about)): self.tree(one, find, f"{about} {name}")
                for name, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.tree(one, find, about) for one in value]
        return value

    def _token(self, kind: str, value: str) -> str:
        known = self._tokens.get((kind, value))
        if known is not None:
            return known
        number = str(int(keyed_hash(self._key, f"{kind}\0{value}".encode()), 16))
        length = _DIGITS
        # two values may share their first digits: the later one takes more of them
        while (token := f"<{kind.upper()}_{number[:length]}>") in self._values:
            length += 1
        self._tokens[kind, value] = token
        self._values[token] = value
        return token


def restored(text: str, values: Mapping[str, str]) -> str:
    """Return *text* with each token of *values* as what it stands for; once, never again."""
    return TOKEN.sub(lambda token: values.get(token[0], token[0]), text)


def restored_tree(value: Any, values: Mapping[str, str]) -> Any:
    """Return JSON *value* with its texts restored; names of members stay."""
    if isinstance(value, str):
        return restored(value, values)
    if isinstance(value, dict):
        return {name: restored_tree(one, values) for name, one in value.items()}
    if isinstance(value, list):
        return [restored_tree(one, values) for one in value]
    return value
