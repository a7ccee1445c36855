"""Texts that an answer must not hold, or has to, whatever their case, width or accents."""

from collections.abc import Iterator

from functions.core.domain.guards.injection.folding import fold


def forbidden(text: str, unwanted: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield where one of the *unwanted* texts stands in *text*."""
    folded = fold(text)
    for one in unwanted:
        wanted = fold(one).text
        at = folded.text.find(wanted)
        if at >= 0:
            yield folded.span(at, at + len(wanted))


def missing(texts: list[str], required: tuple[str, ...]) -> int:
    """Return how many of the *required* texts stand in none of *texts*."""
    known = [fold(text).text for text in texts]
    return sum(not any(fold(one).text in text for text in known) for one in required)
