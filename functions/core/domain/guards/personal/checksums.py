"""Check digits that python-stdnum has no module for, and a way to the modules that it has.

Every function takes a number without separators, in capitals, and says whether it holds.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

Check = Callable[[str], bool]

_NHS_MODULUS: Final = 11
_SERIES: Final = 3
_COUNTING: Final = "0123456789" * 4


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B: cards, and many national numbers."""
    total = 0
    for place, char in enumerate(reversed(number)):
        digit = int(char) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit  # noqa: PLR2004  (its digits' sum)
    return total % 10 == 0


def weighted(weights: Sequence[int], modulus: int) -> Check:
    """Return the check that the digits' weighted sum is a multiple of *modulus*."""

    def check(number: str) -> bool:
        digits = map(int, number)
        return sum(w * d for w, d in zip(weights, digits, strict=False)) % modulus == 0

    return check


@lru_cache(maxsize=512)
def _module(name: str) -> Any:
    return import_module(f"stdnum.{name}")


def standard(name: str) -> Check:
    """Return the check of python-stdnum's module *name* (`es.nif`), imported on first use."""

    def check(number: str) -> bool:
        return bool(_module(name).is_valid(number))

    return check


def either(*checks: Check) -> Check:
    """Return the check that any of *checks* passes."""
    return lambda number: any(check(number) for check in checks)


def is_series(number: str) -> bool:
    """Say whether the digits of *number* are one repeated, or count up: no issued number does."""
    digits = "".join(filter(str.isdecimal, number))
    return len(digits) > _SERIES and (
        digits in _COUNTING or digits[::-1] in _COUNTING or digits == digits[0] * len(digits)
    )


def us_social_security(number: str) -> bool:
    """Area, group and serial that the Social Security Administration issues (since 2011)."""
    area, group, serial = number[:3], number[3:5], number[5:]
    return (
        area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
    ) and not is_series(number)


def us_provider(number: str) -> bool:
    """National Provider Identifier: Luhn over the number behind the issuer's prefix 80840."""
    return luhn(f"80840{number}")


def us_drug_enforcement(number: str) -> bool:
    """DEA registration: (1st + 3rd + 5th) + 2 (2nd + 4th + 6th digit) ends in the 7th."""
    d = [int(char) for char in number[2:]]
    return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def us_routing(number: str) -> bool:
    """ABA routing number: weights 3, 7, 1."""
    return weighted((3, 7, 1) * 3, 10)(number) and number.strip("0") != ""


def uk_health(number: str) -> bool:
    """NHS number: weights 10 to 2, modulo 11."""
    return weighted((10, 9, 8, 7, 6, 5, 4, 3, 2, 1), _NHS_MODULUS)(number) and not is_series(number)


def travel_document(number: str) -> bool:
    """ICAO 9303, part 3: weights 7, 3, 1; letters count from A = 10; the last is the check."""
    total = sum(int(char, 36) * (7, 3, 1)[place % 3] for place, char in enumerate(number[:-1]))
    return total % 10 == int(number[-1])


def _alternating(number: str) -> int:
    """Sum the digits of digits weighted 1, 2, 1, 2 ...; letters count as two digits from 01."""
    digits = "".join(f"{ord(c) - 64:02d}" if c.isalpha() else c for c in number)
    return sum(sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in enumerate(digits))


def de_health_insurance(number: str) -> bool:
    """Krankenversichertennummer (section 290 SGB V): a letter, eight digits, the check digit."""
    return _alternating(number[:-1]) % 10 == int(number[-1])


def de_pension(number: str) -> bool:
    """Rentenversicherungsnummer (VKVV, section 2): weights 2 1 2 5 7 1 2 1 2 1 2 1."""
    day, month = int(number[2:4]) % 50, int(number[4:6])
    digits = "".join(f"{ord(c) - 64:02d}" if c.isalpha() else c for c in number[:-1])
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    total = sum(sum(divmod(w * int(d), 10)) for w, d in zip(weights, digits, strict=True))
    return 1 <= day <= 31 and 1 <= month <= 12 and total % 10 == int(number[-1])  # noqa: PLR2004


def de_doctor(number: str) -> bool:
    """Lebenslange Arztnummer: weights 4 and 9 over six digits; two digits of a speciality."""
    total = sum(int(d) * w for d, w in zip(number, (4, 9) * 3, strict=False))
    return -total % 10 == int(number[6]) and number[7:] != "00"


def iso_11_10(number: str) -> bool:
    """ISO 7064, MOD 11,10: the German tax id, the Croatian OIB."""
    rest = 10
    for char in number[:-1]:
        rest = ((rest + int(char)) % 10 or 10) * 2 % 11
    return (11 - rest) % 10 == int(number[-1])


def kr_business(number: str) -> bool:
    """Korean business registration: weights 1 3 7 1 3 7 1 3 5, a tenth of the last product."""
    d = [int(char) for char in number]
    total = (
        sum(a * b for a, b in zip(d, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=False)) + d[8] * 5 // 10
    )
    return -total % 10 == d[9]


def has_date(pattern: str) -> Check:
    """Return the check that *pattern*'s groups `m` and `d` are a month and a day of it."""
    compiled = re.compile(pattern)

    def check(number: str) -> bool:
        found = compiled.match(number)
        if found is None:
            return False
        month, day = int(found["m"]), int(found["d"])
        return 1 <= month <= 12 and 1 <= day <= (29, 30, 31)[_longest(month)]  # noqa: PLR2004

    return check


def _longest(month: int) -> int:
    return 0 if month == 2 else 1 if month in (4, 6, 9, 11) else 2  # noqa: PLR2004


def every(*checks: Check) -> Check:
    """Return the check that all of *checks* pass."""
    return lambda number: all(check(number) for check in checks)


_FINNISH: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def fi_identity(number: str) -> bool:
    """Finnish identity codes, temporary ones too: nine digits modulo 31 choose the last letter."""
    digits = number[:6] + number[-4:-1]
    return digits.isdigit() and _FINNISH[int(digits) % len(_FINNISH)] == number[-1]


_THAI: Final = re.compile(r".(?:1\d|2[0-7]|[34]\d|5[0-8]|6[0-7]|7[0-7]|8[0-6]|9[0-6])")


def th_province(number: str) -> bool:
    """Second and third digit of a Thai number: a province, as ISO 3166-2:TH counts them."""
    return _THAI.match(number) is not None


_KOREAN_DATE: Final = has_date(r"\d\d(?P<m>\d\d)(?P<d>\d\d)")


def kr_resident(number: str) -> bool:
    """Korean resident numbers; those given since October 2020 are drawn and have no check digit."""
    if is_series(number) or not _KOREAN_DATE(number):
        return False
    total = sum(w * int(d) for w, d in zip((*range(2, 10), *range(2, 6)), number, strict=False))
    offset = 13 if number[6] in "5678" else 11  # foreigners
    drawn = number[:2] >= "20" and number[6] in "3478"
    return drawn or (offset - total % 11) % 10 == int(number[12])
