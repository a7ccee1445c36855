"""Cards by range and Luhn, IBANs by length and check digits, BICs by a word beside them."""

import re
from collections.abc import Iterator
from typing import Final

from functions.core.domain.guards.findings import Finding
from functions.core.domain.guards.gate import Pattern
from functions.core.domain.guards.personal.checksums import luhn

CARD: Final = Pattern(
    r"(?<![.+-])(?:\d{12,19}|\d{4}([ -])\d{4}\1\d{4}(?:\1\d{1,7})?|\d{4}([ -])\d{6}\2\d{4,5})"
    r"(?![\w-]|\.\d)"
)
_RANGES: Final = (
    # ISO/IEC 7812 issuer prefixes with the lengths that their schemes give out
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"30[0-5]|3095|36|3[89]"), (14, 15, 16, 17, 18, 19)),
    (re.compile(r"6011|64[4-9]|65|62|81"), (16, 17, 18, 19)),
    (re.compile(r"35(?:2[89]|[3-8])"), (16, 17, 18, 19)),
    (re.compile(r"2131|1800"), (15,)),
    (re.compile(r"50|5[6-8]|6"), (12, 13, 14, 15, 16, 17, 18, 19)),
)
_HEAD: Final = re.compile(r"[A-Za-z]{2}\d\d(?=[ -]?[0-9A-Za-z])")
IBAN: Final = Pattern(r"[A-Za-z]{2}\d\d(?:[ -]?[0-9A-Za-z]){11,29}")
"""The form of an IBAN, whichever country's."""
_REST: Final = re.compile(r"[ -]?[0-9A-Za-z]")
_LENGTHS: Final = {
    # SWIFT's IBAN registry, release 99
    country: int(length)
    for length, countries in (
        line.split(":")
        for line in (
            "15:NO", "16:BE", "18:DK FI FK FO GL NL SD", "19:MK SI",
            "20:AT BA EE KZ LT LU MN XK", "21:CH HR LI LV",
            "22:BG BH CR DE GB GE IE ME RS VA", "23:AE GI IL IQ OM SO TL",
            "24:AD CZ ES MD PK RO SA SE SK TN VG", "25:LY PT ST", "26:IS TR",
            "27:BI DJ FR GR IT MC MR SM", "28:AL AZ BY CY DO GT HN HU LB NI PL SV",
            "29:BR EG PS QA UA", "30:JO KW MU YE", "31:MT SC", "32:LC", "33:RU",
        )
    )
    for country in countries.split()
}  # fmt: skip
BIC: Final = re.compile(
    r"\b(?:bic|swift)(?:[ /-]?(?:code|bic))?[^\w\n]{1,3}([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b",
    re.IGNORECASE,
)


def card(text: str, at: int) -> Iterator[Finding]:
    """Yield the card number that begins at a place of *text*, if one does."""
    found = CARD.compiled.match(text, at)
    if found is None:
        return
    digits = found[0].replace(" ", "").replace("-", "")
    fits = any(len(digits) in lengths and r.match(digits) for r, lengths in _RANGES)
    if fits and luhn(digits):
        yield Finding("card", at, found.end(), 1, "card")


def iban(text: str, at: int) -> Iterator[Finding]:
    """Yield the IBAN that begins at a place of *text*, whatever groups it is written in."""
    head = _HEAD.match(text, at)
    left = _LENGTHS.get(head[0][:2].upper(), 4) - 4 if head else 0
    if head is None or not left:
        return
    end, digits = head.end(), ""
    for char in _REST.finditer(text, end, end + 2 * left):
        if char.start() != end or not left:
            break
        digits += char[0][-1]
        end, left = char.end(), left - 1
    closed = not text[end : end + 1].isalnum()
    if not left and closed and _holds((digits + head[0]).upper()):
        yield Finding("iban", at, end, 1, "iban")


def _holds(turned: str) -> bool:
    """ISO 7064, MOD 97-10, over the IBAN with its head at the end."""
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def bics(text: str) -> Iterator[Finding]:
    """Yield the BICs that are called so: by form alone, any word of eight letters is one."""
    for found in BIC.finditer(text):
        yield Finding("bic", *found.span(1), 1, "bic")
