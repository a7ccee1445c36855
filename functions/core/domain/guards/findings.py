"""What a guard reports: a kind and a place in a text, never the text itself."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that a rule of a guard took notice of.

    `start` and `end` count code points of the text as it was given to the guard, `end` beyond the
    last. `score` lies between 0 and 1: 1 says that a checksum or the wording leaves no doubt.
    `kind` is what policies and evidence speak of (`email`, `aws_key`), `rule` what noticed it.
    """

    kind: str
    start: int
    end: int
    score: float
    rule: str


def counted(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each kind: all that evidence may say of values."""
    return dict(sorted(Counter(finding.kind for finding in findings).items()))


def apart(findings: Iterable[Finding]) -> Sequence[Finding]:
    """Return the findings in order of place, none overlapping another.

    Of two that overlap the one with the higher score stays, then the longer one, then the first.
    """
    best = sorted(findings, key=lambda f: (-f.score, f.start - f.end, f.start, f.kind))
    kept: list[Finding] = []
    for finding in best:
        if all(finding.end <= other.start or other.end <= finding.start for other in kept):
            kept.append(finding)
    return sorted(kept, key=lambda f: f.start)
