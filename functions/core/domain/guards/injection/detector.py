"""Injection: how much in a text speaks for it, and what, where, seen by which layer.

    hidden     characters that nobody sees spell something           (`text`)
    decoding   what an encoded part says, looked at by the layers below (`decoding`, `folding`)
    acts       orders to a model: classes of words, one grammar for all languages (`acts`, `signs`)
    marks      imitations of a chat's own machinery                   (`signs`)

One small model weighs the signs (`weights`): the score is the logistic of their sum, so each
sign's part in it can be told. Signs add up within a window: a manual of many pages speaks of rules,
roles and answers, too. A detector only ever advises: what a text can't do, it can't do
undetected either (docs/control-layers.md).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum
from operator import attrgetter
from typing import Final, NamedTuple

from functions.core.domain.guards.gate import Gate
from functions.core.domain.guards.injection.acts import acts, holds_known, speaks_with
from functions.core.domain.guards.injection.decoding import decoded
from functions.core.domain.guards.injection.folding import (
    SPELT_OTHERWISE,
    Folded,
    fold,
    joined,
    unleeted,
)
from functions.core.domain.guards.injection.signs import (
    ACTS,
    MARKED,
    MARKS,
    ORDERS,
    SIGNS,
    TRIGGERS,
)
from functions.core.domain.guards.injection.weights import BIAS, WEIGHTS
from functions.core.domain.guards.text import CleanText, clean

LAYERS: Final = ("hidden", "decoding", "marks", "acts")
_TRIGGERED: Final = speaks_with(TRIGGERS)
_MORE_THAN_WORDS: Final = Gate(*(sign.pattern for sign in MARKS), *SPELT_OTHERWISE)
"""Whether a folded text may hold marks, or words that are not spelt as words."""
ENCODED: Final = 0.5
"""The score from which on an encoded part is an order that somebody hid."""
WINDOW: Final = 1000
"""Characters within which signs speak of the same thing: far apart, they are a long text's."""
_FAMILIES: Final = {sign.name: sign.family for sign in SIGNS} | {
    "hidden_message": "concealment",
    "encoded_order": "concealment",
}
_MOST_FAMILIES: Final = 4
_start: Final = attrgetter("start")
_MOST: Final = {sign.name: sign.most for sign in SIGNS}


class Hit(NamedTuple):
    """One sign in a text: where in the original, and how it had been encoded."""

    sign: str
    family: str
    layer: str
    start: int
    end: int
    encoding: str = ""


@dataclass(frozen=True)
class Verdict:
    """What was found in a text.

    Attributes
    ----------
    score
        0 to 1.
    hits
        What speaks for it, in order of place.
    """

    score: float
    hits: tuple[Hit, ...]

    @property
    def families(self) -> dict[str, float]:
        """What each family adds to the sum under the score, the most first."""
        parts: dict[str, float] = {}
        for name, value in _densest(self.hits).items():
            if name in _FAMILIES:
                family = _FAMILIES[name]
                parts[family] = parts.get(family, 0) + WEIGHTS.get(name, 0) * value
        return dict(sorted(parts.items(), key=lambda part: -part[1]))

    @property
    def family(self) -> str:
        """The family that says the most; nothing where nothing was found."""
        return next(iter(self.families), "")


def look(text: str, layers: Collection[str] = LAYERS) -> Verdict:
    """Return what in *text* speaks for injection, as far as *layers* see it."""
    seen = clean(text)
    folded = fold(seen.text)
    is_words = seen.text.isascii() and not _MORE_THAN_WORDS.may_match(folded.text)
    hits = _hits(seen.text, folded, layers, marks=not is_words)
    if "decoding" in layers:
        hits += _encoded(seen.text, layers)
    score = _score(_densest(hits)) if hits else 0.0
    more: list[Hit] = []
    if not is_words and "decoding" in layers and "acts" in layers and score < ENCODED:
        more += _spelt_otherwise(folded, len(seen.text))
    if seen.text is not text:
        more, hits = [_moved(hit, seen) for hit in (*hits, *more)], []
    if "hidden" in layers and seen.hidden:
        more.append(Hit("hidden_message", "concealment", "hidden", 0, len(text)))
    if not (hits or more):
        return _NOTHING
    found = sorted((*hits, *more), key=lambda hit: (hit.start, hit.end))
    return Verdict(_score(_densest(found)) if more else score, tuple(found))


def features(text: str, layers: Collection[str] = LAYERS) -> dict[str, float]:
    """Return what the model weighs for *text*: sign -> how often, bounded."""
    return _densest(look(text, layers).hits)


def _hits(text: str, folded: Folded, layers: Collection[str], *, marks: bool = True) -> list[Hit]:
    hits: list[Hit] = []
    if "acts" in layers:
        hits += _acted(folded)
    if marks and "marks" in layers and MARKED.may_match(text):
        for sign in MARKS:
            for found in sign.pattern.finditer(text):
                hits.append(Hit(sign.name, sign.family, sign.layer, *found.span()))
    return hits


def _acted(folded: Folded) -> list[Hit]:
    if not _TRIGGERED.may_match(folded.text):
        return []
    read = acts(folded.text)
    if not ORDERS.may_match(read.codes):
        return []
    found = [(sign, match.span()) for sign in ACTS for match in sign.pattern.finditer(read.codes)]
    places = read.places([span for _, span in found])
    return [
        Hit(sign.name, sign.family, sign.layer, *folded.span(*place))
        for (sign, _), place in zip(found, places, strict=True)
    ]


def _encoded(text: str, layers: Collection[str]) -> list[Hit]:
    """Return a hit for each part of *text* that is an order once it is decoded."""
    return [
        Hit("encoded_order", "concealment", "decoding", part.start, part.end, part.encoding)
        for part in decoded(text)
        if _score(_densest(_hits(part.text, fold(part.text), layers))) >= ENCODED
    ]


def _spelt_otherwise(folded: Folded, length: int) -> Iterator[Hit]:
    """Yield a hit if the text is an order once its words are spelt as words."""
    views = [("letters apart", view) for view in joined(folded.text)]
    views += [("digits for letters", view) for view in unleeted(folded.text, holds_known)]
    for name, view in views:
        if _score(_densest(_acted(Folded(view)))) >= ENCODED:
            yield Hit("encoded_order", "concealment", "decoding", 0, length, name)
            return


def _moved(hit: Hit, seen: CleanText) -> Hit:
    start, end = seen.span(hit.start, hit.end)
    return hit._replace(start=start, end=end)


def _densest(hits: Sequence[Hit]) -> dict[str, float]:
    """Return what the window of a text that says the most holds."""
    if not hits:
        return {}
    if len(hits) == 1 or max(hits, key=_start).start - min(hits, key=_start).start < WINDOW:
        return _bounded(Counter(hit.sign for hit in hits))
    return _bounded(max(_windows(sorted(hits, key=_start)), key=_worth))


def _windows(hits: Sequence[Hit]) -> Iterator[Mapping[str, int]]:
    """Yield what each window holds that lies in no larger one: no sign takes weight away."""
    counts, left = Counter[str](), 0
    for hit in hits:
        if hits[left].start <= hit.start - WINDOW:
            yield dict(counts)
            while hits[left].start <= hit.start - WINDOW:
                counts[hits[left].sign] -= 1
                left += 1
        counts[hit.sign] += 1
    yield counts


def _worth(times: Mapping[str, int]) -> float:
    """Return the sum that `_total` makes of what is `_bounded`, at less cost."""
    total, families = 0.0, set[str]()
    for name, n in times.items():
        if n:
            total += WEIGHTS.get(name, 0) * min(n, _MOST.get(name, 1))
            families.add(_FAMILIES[name])
    return total + WEIGHTS["several_families"] * min(len(families) - 1, _MOST_FAMILIES)


def _bounded(times: Mapping[str, int]) -> dict[str, float]:
    counts: dict[str, float] = {name: min(n, _MOST.get(name, 1)) for name, n in times.items() if n}
    families = {_FAMILIES[name] for name in counts}
    if len(families) > 1:
        counts["several_families"] = min(len(families) - 1, _MOST_FAMILIES)
    return counts


def _score(counts: Mapping[str, float]) -> float:
    return 1 / (1 + exp(-_total(counts)))


def _total(counts: Mapping[str, float]) -> float:
    # in whatever order the signs were found, the sum is the same
    return fsum((BIAS, *(WEIGHTS.get(name, 0) * value for name, value in counts.items())))


_NOTHING: Final = Verdict(_score({}), ())
