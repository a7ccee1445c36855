"""One pass over a text for personal data.

A text is searched for its digits once. Only what lies around them, and around `@` and `://`, is
looked at closer: most sentences have neither, and cost next to nothing.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Final

from functions.core.domain.guards.findings import Finding, apart
from functions.core.domain.guards.gate import Gate, Pattern
from functions.core.domain.guards.personal import network, payments
from functions.core.domain.guards.personal.dates import DATED, dates
from functions.core.domain.guards.personal.labelled import NAMED, labelled
from functions.core.domain.guards.personal.phones import Phones
from functions.core.domain.guards.personal.schemes import (
    Scheme,
    Table,
    Where,
    compact,
    speaks_of,
    table,
)
from functions.core.domain.guards.personal.tables import BY_DIGIT, BY_LETTER

KINDS: Final = (
    "bank_account", "bic", "birth_date", "card", "company_id", "crypto_wallet", "date",
    "driving_licence", "email", "health_id", "iban", "ip_address", "licence", "mac_address",
    "national_id", "passport", "phone", "postcode", "tax_number", "url", "url_credentials",
    "vehicle",
)  # fmt: skip
"""Every kind that there is a detector for."""
ON_REQUEST: Final = frozenset(("company_id", "date", "postcode", "url"))
"""Kinds that say little of a person and much of the matter: a policy names them, or has none."""
USUAL: Final = tuple(kind for kind in KINDS if kind not in ON_REQUEST)

_STRETCH: Final = re.compile(r"\d(?:\D{0,48}+\d)*+")
_START: Final = re.compile(
    # four digits at least, few letters and single separators between them
    r"(?<![0-9A-Za-z])(?:\d(?=(?:[ ._/+-]?+[A-Za-z]{0,3}+ ?+\d){3})"
    # or up to six letters before the first, in one word or two
    r"|[A-Za-z](?=[A-Za-z]{0,5}+(?:[ -][A-Za-z]{0,2}+ ?+)?+\d))"
)
"""Where a number of some scheme may begin: cheaper than to ask every scheme everywhere."""
_WORD: Final = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e31-\u0e3a\u0e47-\u0e4e])+")
"""Letters with the vowel signs that some scripts write as marks."""
_REACHED: Final = (Pattern("@|://"), network.MIDDLE, payments.BIC)
_WITHOUT_DIGITS: Final = Gate(*_REACHED)
"""Addresses, links, a bank's code."""
_PERSONAL: Final = Gate(*_REACHED, _STRETCH)
_ADDRESSED: Final = Gate(*network.NUMBERED)
_DATED_OR_NAMED: Final = Gate(*DATED, NAMED)
_BY_DIGIT: Final = table(BY_DIGIT, payments.CARD)
_BY_LETTER: Final = table(BY_LETTER, payments.IBAN)
_SPOKEN_OF: Final = speaks_of((*BY_DIGIT, *BY_LETTER))
_LONGEST: Final = 48
"""How long a number may be, its separators with it."""
_REACH, _LETTERS = 24, 12
"""How far around digits what they belong to may reach, and before them a number's letters."""
_BEFORE, _AFTER = 48, 24
"""How far from a number a word speaks of it."""
_FIGURES: Final = {
    **dict.fromkeys([0xA0, 0x2007, 0x2009, 0x202F, 0x3000], " "),
    **dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2212, 0xFF0D], "-"),
    **{0xFF10 + digit: str(digit) for digit in range(10)},
    **{zero + digit: str(digit) for zero in (0x660, 0x6F0, 0x966) for digit in range(10)},
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    **{0xFF20: "@", 0xFF0E: ".", 0xFF0B: "+", 0xFF08: "(", 0xFF09: ")", 0xFF0F: "/", 0xFF1A: ":"},
}
"""Blanks, hyphens and digits as other scripts write them, one for one; no lone surrogates."""
_OTHERWISE: Final = re.compile(f"[{''.join(map(chr, _FIGURES))}]")


class PersonalData:
    """Finds personal data of *kinds* in texts; telephone numbers by the plans of *regions*."""

    def __init__(self, kinds: Collection[str] = USUAL, regions: Sequence[str] = ()) -> None:
        self._kinds = frozenset(kinds)
        self._phones = Phones(regions)

    def find(self, text: str, about: str = "") -> Sequence[Finding]:
        """Return what is personal in *text*, in order, nothing twice.

        *about* is what the text is called, a variable's name for example: its words count as if
        they stood before the text.
        """
        otherwise = not text.isascii() and _OTHERWISE.search(text)
        plain = text.translate(_FIGURES) if otherwise else text
        if not _PERSONAL.may_match(plain):
            return []
        found = [f for f in self._all(plain, about) if f.kind in self._kinds]
        return apart(found) if len(found) > 1 else found

    def _all(self, text: str, about: str) -> Iterator[Finding]:
        if _WITHOUT_DIGITS.may_match(text):
            yield from network.emails(text)
            yield from network.links(text)
            yield from network.hardware(text)
            yield from payments.bics(text)
        for stretch in _STRETCH.finditer(text):
            first, last = stretch.span()
            start, end = max(0, first - _REACH), last + _REACH
            around = text[start:end]
            if _ADDRESSED.may_match(around):
                yield from network.addresses(text, start, end)
                yield from network.wallets(text, start, end)
            if _DATED_OR_NAMED.may_match(around):
                yield from dates(text, start, end)
                yield from labelled(text, start, end)
            yield from _numbers(text, max(0, first - _LETTERS), last, about)
            if self._phones.may_be_in(text, stretch[0]):
                yield from self._phones.find(text, first, last)


def _numbers(text: str, start: int, end: int, about: str) -> Iterator[Finding]:
    for first in _START.finditer(text, start, end):
        at = first.start()
        ahead = text[at : at + _LONGEST]
        if not first[0].isdigit():
            if _BY_LETTER.begins.may_match(ahead):
                yield from payments.iban(text, at)
                yield from _identifiers(_BY_LETTER, text, at, about)
        elif _BY_DIGIT.begins.may_match(ahead):
            yield from payments.card(text, at)
            yield from _identifiers(_BY_DIGIT, text, at, about)


def _identifiers(schemes: Table, text: str, at: int, about: str) -> Iterator[Finding]:
    ahead = text[at : at + _LONGEST]
    near = f"{about} {text[max(0, at - _BEFORE) : at + _LONGEST + _AFTER]}"
    alone = not (text[:at].strip() or text[at + _LONGEST :].strip())
    groups = schemes.groups if alone or _SPOKEN_OF.may_match(near) else schemes.certain
    for group in groups:
        for one in group.of(ahead):
            found = one.shape.compiled.match(text, at)
            score = _score(one, text, at, found.end(), about) if found else 0
            if found and score and (one.check is None or one.check(compact(found[0]))):
                yield Finding(one.kind, at, found.end(), score, one.rule)


def _score(one: Scheme, text: str, start: int, end: int, about: str) -> float:
    if one.where is Where.ANYWHERE:
        return 0.95
    near = f"{about} {text[max(0, start - _BEFORE) : start]} {text[end : end + _AFTER]}"
    if not one.words.isdisjoint(_words(near)):
        return 0.9
    alone = one.where is Where.ALONE and not text[:start].strip() and not text[end:].strip()
    return 0.5 if alone else 0


@lru_cache(maxsize=16)
def _words(text: str) -> Sequence[str]:
    """Return the words of *text*: schemes that fit one place ask for the same."""
    return _WORD.findall(text.lower().replace("_", " "))
