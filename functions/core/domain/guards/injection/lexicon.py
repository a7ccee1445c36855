"""The words that speech acts are made of, in several languages, each under a one-letter class.

A text becomes a string of classes, one letter a word (`acts`); the same few patterns over that
string then hold for every language here. Words are written folded: lower case, Latin letters
without accents. A phrase is one entry and takes precedence over its words. The words were chosen
from what published catalogues of prompt injection describe (OWASP LLM01, garak's and PyRIT's
probes, the BIPIA and InjecGuard papers), translated by hand, and completed with synonyms.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from functions.core.domain.guards.injection.english import ENGLISH
from functions.core.domain.guards.injection.languages import SPACED, UNSPACED

OTHER: Final = "."
STOP: Final = "|"
MODEL: Final = "m"

CLASSES: Final[Mapping[str, str]] = {
    "o": "to set aside",
    "i": "what was told to a model",
    "g": "rules and limits",
    "p": "before this",
    "P": "before this, of a noun that follows",
    "A": "what a model was asked to work on",
    "V": "no longer holds",
    "a": "all",
    "C": "all, of a noun that follows",
    "y": "you",
    "m": "a model",
    "r": "to show",
    "Q": "to ask about",
    "s": "what is not to be shown",
    "S": "what came before, by another name",
    "Y": "what you were told",
    "X": "its, their",
    "x": "a secret",
    "c": "to pretend",
    "u": "without limits",
    "U": "without the limits of a model",
    "n": "not",
    "Z": "to refuse",
    "e": "right and wrong",
    "d": "to answer",
    "q": "always, must",
    "t": "from now on",
    "w": "a new task",
    "W": "instead, the following",
    "k": "a persona",
    "j": "a name of a jailbreak",
    "z": "an encoding",
    "v": "to do something outside",
    "h": "harmless, though it begins like something else",
    "b": "kept inside",
    "l": "not allowed to",
    "f": "I, my",
    "L": "word for word",
    "N": "a note to",
    "R": "reading a text",
    "B": "that reads this",
    "M": "to mention",
    "H": "who reads the answer",
    "K": "so that nobody notices",
    "D": "to decode",
    "F": "to do what it says",
    "G": "to follow",
    "T": "a tool",
    "E": "and nothing else",
}


def _entries(*tables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for table in tables:
        for code, words in table.items():
            for entry in words.split(","):
                yield " ".join(entry.split()), code


def words() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Return first word -> (the words after it, class), the longest phrase first.

    Where two languages share a word, the class of the one listed first holds.
    """
    found: dict[str, dict[tuple[str, ...], str]] = {}
    for entry, code in _entries(ENGLISH, *SPACED):
        first, *rest = entry.split(" ")
        found.setdefault(first, {}).setdefault(tuple(rest), code)
    return {
        first: sorted(entries.items(), key=lambda entry: -len(entry[0]))
        for first, entries in found.items()
    }


Phrases = dict[str, dict[str, list[tuple[list[str], str]]]]


def phrases(entries: Mapping[str, Sequence[tuple[tuple[str, ...], str]]]) -> Phrases:
    """Return first word -> second word -> (the words after the first, class), the longest first."""
    found: Phrases = {}
    for first, more in entries.items():
        for rest, code in more:
            if rest:
                found.setdefault(first, {}).setdefault(rest[0], []).append(([*rest], code))
    return found


def strings() -> dict[str, str]:
    """Return text -> class for scripts whose words are not set apart, the longest first."""
    found: dict[str, str] = {}
    for entry, code in _entries(UNSPACED):
        found.setdefault(entry, code)
    return dict(sorted(found.items(), key=lambda entry: -len(entry[0])))
