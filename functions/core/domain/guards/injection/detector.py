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
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp
from operator import attrgetter
from typing import Final

from functions.core.domain.guards.injection.acts import acts, holds_known
from functions.core.domain.guards.injection.decoding import decoded
from functions.core.domain.guards.injection.folding import Folded, fold, joined, unleeted
from functions.core.domain.guards.injection.signs import ACTS, MARKS, SIGNS, Sign, may_be_marked
from functions.core.domain.guards.injection.weights import BIAS, WEIGHTS
from functions.core.domain.guards.text import CleanText, clean

LAYERS: Final = ("hidden", "decoding", "marks", "acts")
ENCODED: Final = 0.5
"""The score from which on an encoded part is an order that somebody hid."""
WINDOW: Final = 1000
"""Characters within which signs speak of the same thing: far apart, they are a long text's."""
_FAMILIES: Final = {sign.name: sign.family for sign in SIGNS} | {
    "hidden_message": "concealment",
    "encoded_order": "concealment",
}
_start: Final = attrgetter("start")
_MOST: Final = {sign.name: sign.most for sign in SIGNS}


@dataclass(frozen=True)
class Hit:
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
    hits = [*_hits(seen.text, folded, layers)]
    if "decoding" in layers:
        hits += _encoded(seen.text, layers)
        if "acts" in layers and (not hits or _score(_densest(hits)) < ENCODED):
            hits += _spelt_otherwise(folded, len(seen.text))
    if seen.text != text:
        hits = [_moved(hit, seen) for hit in hits]
    if "hidden" in layers and seen.hidden:
        hits.append(Hit("hidden_message", "concealment", "hidden", 0, len(text)))
    if not hits:
        return _NOTHING
    hits.sort(key=lambda hit: (hit.start, hit.end))
    return Verdict(_score(_densest(hits)), tuple(hits))


def features(text: str, layers: Collection[str] = LAYERS) -> dict[str, float]:
    """Return what the model weighs for *text*: sign -> how often, bounded."""
    return _densest(look(text, layers).hits)


def _hits(text: str, folded: Folded, layers: Collection[str]) -> Iterator[Hit]:
    if "acts" in layers:
        yield from _acted(folded)
    if "marks" in layers and may_be_marked(folded.text):
        has = folded.text.__contains__
        for sign in MARKS:
            if any(map(has, sign.needs)):
                for found in sign.pattern.finditer(text):
                    yield Hit(sign.name, sign.family, sign.layer, *found.span())


def _acted(folded: Folded) -> Iterator[Hit]:
    read = acts(folded.text)
    for sign in _possible(frozenset(read.codes)):
        for found in sign.pattern.finditer(read.codes):
            span = folded.span(*read.span(*found.span()))
            yield Hit(sign.name, sign.family, sign.layer, *span)


@lru_cache(maxsize=4096)
def _possible(classes: frozenset[str]) -> Sequence[Sign]:
    """Return the acts that a text of these *classes* may hold: few texts have many."""
    return [sign for sign in ACTS if not classes.isdisjoint(sign.needs)]


def _encoded(text: str, layers: Collection[str]) -> Iterator[Hit]:
    """Yield a hit for each part of *text* that is an order once it is decoded."""
    for part in decoded(text):
        inner = _densest([*_hits(part.text, fold(part.text), layers)])
        if _score(inner) >= ENCODED:
            span = part.start, part.end
            yield Hit("encoded_order", "concealment", "decoding", *span, part.encoding)


def _spelt_otherwise(folded: Folded, length: int) -> Iterator[Hit]:
    """Yield a hit if the text is an order once its words are spelt as words."""
    views = [("letters apart", view) for view in joined(folded.text)]
    views += [("digits for letters", view) for view in unleeted(folded.text, holds_known)]
    for name, view in views:
        if _score(_densest([*_acted(Folded(view))])) >= ENCODED:
            yield Hit("encoded_order", "concealment", "decoding", 0, length, name)
            return


def _moved(hit: Hit, seen: CleanText) -> Hit:
    start, end = seen.span(hit.start, hit.end)
    return replace(hit, start=start, end=end)


def _densest(hits: Sequence[Hit]) -> dict[str, float]:
    """Return what the window of a text that says the most holds."""
    if not hits:
        return {}
    if len(hits) == 1 or max(hits, key=_start).start - min(hits, key=_start).start < WINDOW:
        return _bounded(Counter(hit.sign for hit in hits))
    return max(_windows(sorted(hits, key=_start)), key=_total)


def _windows(hits: Sequence[Hit]) -> Iterator[dict[str, float]]:
    """Yield what each window holds that lies in no larger one: no sign takes weight away."""
    counts, left = Counter[str](), 0
    for hit in hits:
        if hits[left].start <= hit.start - WINDOW:
            yield _bounded(counts)
            while hits[left].start <= hit.start - WINDOW:
                counts[hits[left].sign] -= 1
                left += 1
        counts[hit.sign] += 1
    yield _bounded(counts)


def _bounded(times: Mapping[str, int]) -> dict[str, float]:
    counts: dict[str, float] = {name: min(n, _MOST.get(name, 1)) for name, n in times.items() if n}
    families = {_FAMILIES[name] for name in counts}
    if len(families) > 1:
        counts["several_families"] = min(len(families) - 1, 4)
    return counts


def _score(counts: Mapping[str, float]) -> float:
    return 1 / (1 + exp(-_total(counts)))


def _total(counts: Mapping[str, float]) -> float:
    return BIAS + sum(WEIGHTS.get(name, 0) * value for name, value in counts.items())


_NOTHING: Final = Verdict(_score({}), ())
