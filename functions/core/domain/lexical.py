"""Which of several labels a text is most like, by the words and letters that they share.

TF-IDF over stemmed words, word pairs and letter groups; a label is the sum of its words, its
description and its examples. Nothing is trained and nothing is random: the same texts give the
same ranking for ever. Standard library only, since a function imports it at its cold start.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\-./]+")
_SUFFIXES: Final = ("ing", "ed", "es", "s", "ly")
_STEM_LETTERS: Final = 3
_GROUPS: Final = (3, 4)

# Found on seeded splits of one public set of short questions; flat around these values.
_PAIR_WEIGHT: Final = 0.5
_GROUP_WEIGHT: Final = 0.5
_RARITY: Final = 0.8
_NEAREST_SHARE: Final = 0.3
"""How much the single nearest example counts beside the label as a whole."""
_SHARPNESS: Final = 2

Vector = dict[str, float]


def words(text: str) -> list[str]:
    """Return the lower-case words of *text*."""
    return [word.replace("'", "") for word in _WORD.findall(text.lower())]


def label_text(label: str) -> str:
    """Return a label such as `card_not_working` or `cardNotWorking` as words."""
    return " ".join(_CAMEL.split(label))


class LexicalRanking:
    """Labels with what is known of each, ready to be compared with texts.

    Parameters
    ----------
    labels : Mapping
        Label -> text that describes it (may be empty); the label's own words always count.
    examples : Sequence
        (text, label) of solved cases; those with another label are left out.
    """

    def __init__(self, labels: Mapping[str, str], examples: Sequence[tuple[str, str]]) -> None:
        self._labels = tuple(labels)
        described = [_features(f"{label_text(label)} {labels[label]}") for label in labels]
        solved = [(_features(text), label) for text, label in examples if label in labels]
        self._rarity = _rarities([*described, *(features for features, _ in solved)])
        self._examples: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._wholes: dict[str, list[tuple[str, float]]] = defaultdict(list)
        self._label_of = [label for _, label in solved]
        sums = {
            label: Counter(self._vector(features))
            for label, features in zip(self._labels, described, strict=True)
        }
        for index, (features, label) in enumerate(solved):
            vector = self._vector(features)
            sums[label].update(vector)
            for feature, weight in vector.items():
                self._examples[feature].append((index, weight))
        for label, total in sums.items():
            for feature, weight in _normalized(total).items():
                self._wholes[feature].append((label, weight))

    def rank(self, text: str) -> list[tuple[str, float]]:
        """Return (label, share of confidence) from the most alike to the least.

        Shares add up to 1. A text that shares nothing with any label gives equal shares, in
        the order in which the labels were declared.
        """
        scores = self._scores(self._vector(_features(text)))
        sharpened = {label: scores[label] ** _SHARPNESS for label in self._labels}
        total = sum(sharpened.values())
        if not total:
            return [(label, 1 / len(self._labels)) for label in self._labels]
        ranked = sorted(self._labels, key=lambda label: -sharpened[label])
        return [(label, sharpened[label] / total) for label in ranked]

    def _scores(self, query: Vector) -> dict[str, float]:
        whole: dict[str, float] = defaultdict(float)
        each: dict[int, float] = defaultdict(float)
        for feature, weight in query.items():
            for label, other in self._wholes.get(feature, ()):
                whole[label] += weight * other
            for index, other in self._examples.get(feature, ()):
                each[index] += weight * other
        nearest: dict[str, float] = defaultdict(float)
        for index, score in each.items():
            label = self._label_of[index]
            nearest[label] = max(nearest[label], score)
        return {
            label: (1 - _NEAREST_SHARE) * whole[label] + _NEAREST_SHARE * nearest[label]
            for label in self._labels
        }

    def _vector(self, features: Counter[str]) -> Vector:
        unseen = self._rarity.get("", 1.0)
        return _normalized(
            {
                feature: _weight(feature) * math.sqrt(count) * self._rarity.get(feature, unseen)
                for feature, count in features.items()
            }
        )


def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _STEM_LETTERS:
            return word[: -len(suffix)]
    return word


def _features(text: str) -> Counter[str]:
    """Return the features of *text*: `w:` words, `p:` pairs of words, `g:` groups of letters."""
    stems = [_stem(word) for word in words(text)]
    features = Counter(f"w:{stem}" for stem in stems)
    features.update(f"p:{first} {second}" for first, second in pairwise(stems))
    for stem in stems:
        framed = f"<{stem}>"
        for size in _GROUPS:
            features.update(
                f"g:{framed[start : start + size]}" for start in range(len(framed) - size + 1)
            )
    return features


def _weight(feature: str) -> float:
    return {"w": 1.0, "p": _PAIR_WEIGHT, "g": _GROUP_WEIGHT}[feature[0]]


def _rarities(documents: Sequence[Iterable[str]]) -> dict[str, float]:
    """Return feature -> inverse document frequency; the empty feature stands for unseen ones."""
    counts = Counter(feature for document in documents for feature in set(document))
    counts[""] = 0
    total = len(documents) + 1
    return {
        feature: math.log(total / (count + 1) + 1e-9) ** _RARITY if count + 1 < total else 0.0
        for feature, count in counts.items()
    }


def _normalized(vector: Mapping[str, float]) -> Vector:
    norm = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {feature: weight / norm for feature, weight in vector.items()} if norm else {}
