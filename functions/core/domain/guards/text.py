"""Text from outside as a reader would see it: characters that nobody sees are taken out, counted.

What is sent to a model is normalised to NFC and no further: NFKC would turn 10² into 102.
Detectors look at a folded copy (`injection.folding`) and map back what they find.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from functions.core.domain.guards.gate import Pattern

_TAGS: Final = "\U000e0000-\U000e007f"
_CLASSES: Final = {
    "tag": _TAGS,
    "bidirectional": "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069",
    "invisible": (
        "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f"
        "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0100-\U000e01ef"
    ),
    "control": "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f",
    "surrogate": "\ud800-\udfff",
}
"""What is removed, by the name under which it is counted (Unicode 16, chapters 9, 23)."""

_PICTURE: Final = (
    "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"  # characters that emoji are made from
)
_JOINING: Final = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af"
_LAWFUL: Final = (
    "\U0001f3f4[\U000e0061-\U000e007a]{4,6}\U000e007f"  # the flag of a part of a country
    f"|(?<=[{_PICTURE}\ufe0f])[\ufe0e\ufe0f\u200d]"  # a picture's variant, joined pictures
    "|(?<=[0-9#*])\ufe0f"  # a key cap
    f"|(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])"  # letters joined or not
)
_SEEN: Final = re.compile(
    f"(?P<lawful>{_LAWFUL})|" + "|".join(f"(?P<{n}>[{c}])" for n, c in _CLASSES.items())
)
_CLEAN: Final = Pattern(rf"\A[^{''.join(c for n, c in _CLASSES.items() if n != 'surrogate')}]*\Z")
"""A text of which nothing is removed: most are, and done with at once.

One with a lone surrogate never passes, as it is with every gate.
"""
_CLUSTER: Final = re.compile(
    r"[^\u0300-\u036f\u1ab0-\u1aff\u3099\u309a][\u0300-\u036f\u1ab0-\u1aff\u3099\u309a]*|.",
    re.DOTALL,
)


class CleanText(NamedTuple):
    """A text without hidden characters.

    Attributes
    ----------
    text
        What is left, in NFC.
    removed
        How many characters were taken out, by what they are: `tag`, `bidirectional`,
        `invisible`, `control`, `surrogate`.
    hidden
        What the tag characters spelled: a message that only a model reads.
    """

    text: str
    removed: Mapping[str, int] = MappingProxyType({})
    hidden: str = ""
    places: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters from *start* to *end* stand in the original."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end]


def clean(text: str) -> CleanText:
    """Return *text* as it is seen."""
    if _is_clean(text):
        return CleanText(text)
    removed: Counter[str] = Counter()
    hidden: list[str] = []
    kept: list[tuple[int, int]] = []  # what stays, from where to where
    at = 0
    for match in _SEEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "lawful":
            continue
        removed[kind] += 1
        if kind == "tag" and (code := ord(match[0]) - 0xE0000) >= ord(" "):
            hidden.append(chr(code))
        kept.append((at, match.start()))
        at = match.end()
    if not removed and unicodedata.is_normalized("NFC", text):
        return CleanText(text)
    kept.append((at, len(text)))
    pieces: list[str] = []
    places: list[int] = []
    for start, end in kept:
        for cluster in _CLUSTER.finditer(text, start, end):
            piece = unicodedata.normalize("NFC", cluster[0])
            pieces.append(piece)
            places.extend([cluster.start()] * len(piece))
    places.append(len(text))
    return CleanText("".join(pieces), dict(removed), "".join(hidden), places)


def _is_clean(text: str) -> bool:
    normal = text.isascii() or unicodedata.is_normalized("NFC", text)
    return normal and _CLEAN.may_match(text)
