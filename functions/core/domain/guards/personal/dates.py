"""Dates of birth by a word beside them; other dates for policies that ask for them."""

import re
from collections.abc import Iterator
from typing import Final

from functions.core.domain.guards.findings import Finding
from functions.core.domain.guards.gate import Pattern

_MONTHS: Final = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|"
    "januar|january|februar|february|march|märz|april|mai|june|juni|july|juli|august|september|october|oktober|november|december|dezember|"
    "janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|enero|"
    "febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
_MONTH: Final = f"(?:{_MONTHS})"
_NAMES: Final = frozenset(_MONTHS.split("|"))
_DAY, _YEAR = r"[0-3]?\d", r"(?:19|20)\d\d"
_CLOCK: Final = r"[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?"
_OF: Final = r"(?:[ -]|\sde\s)"
_DATE: Final = re.compile(
    rf"(?P<iso>{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?:{_CLOCK})?"
    rf"|(?P<slashed>{_DAY}([./-]){_DAY}\3(?:{_YEAR}|\d\d)|{_YEAR}([./])[01]?\d\4{_DAY})"
    rf"|(?P<written>{_DAY}(?:st|nd|rd|th|\.)?{_OF}(?i:{_MONTH})\b(?:\.?,?{_OF}(?:19|20)?\d\d)?)"
    rf"|(?P<short>[01]?\d/{_DAY})"
)
DATED: Final = (
    Pattern(re.sub(r"\\[34]", "[./-]", _DATE.pattern)),
    Pattern(rf"{_MONTH}\.?[ -]\d", re.IGNORECASE),
)
"""What dates look like, for a gate."""
_LAST_WORD: Final = re.compile(r"\b\w+\Z")
_AFTER_MONTH: Final = re.compile(rf"{_DAY}(?:st|nd|rd|th)?(?:,? {_YEAR})?(?:-\d\d)?")
_START: Final = re.compile(r"(?<![\w.,/:-])\d|(?<=[a-zA-Z]-)\d")
_OPEN: Final = re.compile(r"[\w/%-]|[.,:]\d")
"""What, right behind it, makes a date something else."""
_BORN: Final = re.compile(
    r"\b(?:born|birth\w*|d\.?o\.?b|bday|geb(?:oren|urtsdatum|urtstag)?|née?|naissance|nacid[oa]|"
    r"nacimiento|nat[oa]|nascita|nascid[oa]|nascimento|geboren|geboortedatum|urodzon[ya]|født|"
    r"född|syntynyt|doğum)\b",
    re.IGNORECASE,
)
_NEAR: Final = 32
"""How far before a date the word may stand."""


def dates(text: str, start: int, end: int) -> Iterator[Finding]:
    """Yield `birth_date` where a word says so, else `date`."""
    for digit in _START.finditer(text, start, end):
        at, first = digit.start(), digit.start()
        rule, found = "written", None
        month = _month_before(text, at)
        if month is not None:
            first, found = month, _AFTER_MONTH.match(text, at)
        elif text[at - 1 : at] != "-" and (found := _DATE.match(text, at)):
            rule = next(name for name in ("iso", "slashed", "written", "short") if found[name])
        if found is None or _OPEN.match(text, found.end()):
            continue
        born = rule != "short" and _BORN.search(text, max(0, first - _NEAR), first)
        kind, score = ("birth_date", 1.0) if born else ("date", 0.7)
        yield Finding(kind, first, found.end(), score, rule)


def _month_before(text: str, at: int) -> int | None:
    """Return where the month begins whose day stands at a place; `May 3` and `May-21`."""
    gap, last = text[at - 1 : at], text[at - 2 : at - 1]
    if gap not in {" ", "-"} or not (last.isalpha() or last == "."):
        return None
    stop = at - 2 if last == "." else at - 1
    found = _LAST_WORD.search(text, max(0, at - 12), stop)
    return found.start() if found and found[0].casefold() in _NAMES else None
