"""Telephone numbers, by the numbering plans of the regions that a policy names.

The plans are those of `phonenumbers` (libphonenumber's metadata), read region by region when a
number needs them. Its own matcher costs a hundred times as much for the same answers.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from functions.core.domain.guards.findings import Finding
from functions.core.domain.guards.gate import Gate
from functions.core.domain.guards.personal.checksums import is_series
from functions.core.domain.guards.personal.schemes import words

COMMON: Final = (
    "US", "GB", "DE", "FR", "ES", "IT", "NL", "BE", "AT", "CH", "SE", "NO", "DK", "FI", "PL", "PT",
    "IE", "CZ", "GR", "HU", "RO", "TR", "IN", "CN", "JP", "KR", "AU", "NZ", "BR", "MX", "AR", "ZA",
    "PH", "SG", "IL", "AE",
)  # fmt: skip
"""Whose national numbers are known where a policy names no regions."""
_LONG: Final = re.compile(r"\d(?:[ ./\-()\u2010-\u2013]{0,3}+\d){6,}+")
_LONG_ENOUGH: Final = Gate(_LONG)
_LONGEST: Final = 64
"""How long a text may be, its blanks with it, that is a short number."""
_ALONE: Final = re.compile(r"\(?\d(?:[ ./\-()\u2010-\u2013]{0,3}\d){3,11}")
_NO_DIGITS: Final = re.compile(r"\D+")
_OPENING: Final = re.compile(r"(?:\(?\+ ?|\()\Z")
_NOT_BEFORE: Final = re.compile(r"[\w@#$€£%]|(?<![^\W\d_]):")
"""A colon after a figure is a time's, or a ratio's; after a word it names what follows."""
_EXTENSION: Final = re.compile(r" ?(?:ext\.?|extension|x|#) ?\d{1,6}\b", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+")
_STRONG: Final = words(
    "phone phones telephone tel telefon teléfono telefone telefono téléphone mobile mobil móvil"
    " handy cell cellphone cellular fax call calling called calls dial whatsapp sms text texted"
    " ring"
    " reach hotline contact office home landline direct rufnummer rufen anrufen cep celular"
    " cellulare telefoon telefoonnummer telefonnummer mobilnummer mobiel gsm komórka tlf"
    " portable appeler llamar teléfonos puhelin numer"
)
_WEAK: Final = frozenset(("number", "numbers", "nummer", "número", "numero", "numéro", "no", "nr"))
"""They say that it is a number: a telephone's where it is somebody's, "my number is ..."."""
_OWNERS: Final = words(
    "my our his her their your mein meine unsere dein deine ihre mon ma notre votre mi nuestro su"
    " mio mia meu minha mijn ons min vår"
)
_OTHER: Final = words(
    "order orders invoice ticket ref reference transaction account iban card sku isbn issn"
    " version case"
    " policy contract tracking amount total price id code bestellung rechnung vertrag customer"
    " serial model part batch lot article item po vat tax zip"
    " ndc gtin ean upc asin imei doi isin lei"
)
_DATES: Final = re.compile(
    r"(?:19|20)\d\d([-./])\d\d?\1\d\d?(?:\D|$)|\d\d?([-./])\d\d?\2(?:19|20)?\d\d$"
)
_BEFORE, _AFTER = 28, 12
_LEAST, _MOST, _MOST_NATIONAL = 7, 15, 12
"""Digits of a number (E.164), and of one without its country's code."""
_TAIL: Final = re.compile(r"(?=[^\W_]*\d)(?=[^\W_]*[^\W\d_])[^\W_]+[ -]\Z")
"""Letters and digits right before a number: it is the rest of something longer, a broken IBAN."""
_NANP: Final = re.compile(r"\(?\d{3}\)?[-. ]{0,2}\d{3}[-. ]\d{4}")


@dataclass(frozen=True)
class Plan:
    """A region's numbering plan: what its numbers look like, and what is dialled before them."""

    code: str
    numbers: re.Pattern[str]
    mobiles: re.Pattern[str]
    prefix: re.Pattern[str] | None
    transformed: str | None
    lengths: frozenset[int]

    def has(self, digits: str, *, mobile: bool = False) -> bool:
        """Say whether *digits*, as dialled within the region or behind its code, are one."""
        numbers = self.mobiles if mobile else self.numbers
        return bool(numbers.fullmatch(digits)) or self._without_prefix(digits, numbers)

    def _without_prefix(self, digits: str, numbers: re.Pattern[str]) -> bool:
        found = self.prefix.match(digits) if self.prefix else None
        if not found or not found.end():
            return False
        rest = digits[found.end() :]
        if self.transformed and found.lastindex and found[found.lastindex]:
            rest = found.expand(self.transformed) + rest
        return bool(numbers.fullmatch(rest))


@lru_cache(maxsize=256)
def plan(region: str) -> Plan | None:
    """Return the plan of *region* (ISO 3166, two letters; "001" with a code for shared ones)."""
    from phonenumbers.phonemetadata import PhoneMetadata  # noqa: PLC0415 - 60 ms, once it is needed

    name, _, code = region.partition("+")
    data = (
        PhoneMetadata.metadata_for_nongeo_region(int(code))
        if code
        else PhoneMetadata.metadata_for_region(name)
    )
    if data is None:
        return None
    kinds = (
        data.fixed_line,
        data.mobile,
        data.toll_free,
        data.personal_number,
        data.voip,
        data.uan,
        data.premium_rate,
        data.shared_cost,
    )
    patterns = [k.national_number_pattern for k in kinds if k and k.national_number_pattern]
    prefix = data.national_prefix_for_parsing
    general = data.general_desc
    lengths = general.possible_length if general else ()
    transformed = data.national_prefix_transform_rule
    return Plan(
        str(data.country_code),
        re.compile("|".join(f"(?:{p})" for p in patterns)),
        re.compile(data.mobile.national_number_pattern or "(?!)" if data.mobile else "(?!)"),
        re.compile(prefix) if prefix else None,
        transformed.replace("$", "\\") if transformed else None,
        frozenset(length for length in lengths if length > 0),
    )


@lru_cache(maxsize=512)
def _regions_of(code: str) -> tuple[str, ...]:
    from phonenumbers import phonenumberutil  # noqa: PLC0415

    regions = phonenumberutil.region_codes_for_country_code(int(code))
    return tuple(f"001+{code}" if region == "001" else region for region in regions)


def _international(digits: str) -> float:
    """Return how sure it is that *digits*, country code first, are a number."""
    for size in (1, 2, 3):
        national = digits[size:]
        plans = [found for region in _regions_of(digits[:size]) if (found := plan(region))]
        if any(found.has(national) for found in plans):
            return 1
        if any(len(national) in found.lengths for found in plans):
            return 0.6
    return 0


class Phones:
    """Finds numbers of *regions*, and those written with their country's code."""

    def __init__(self, regions: Sequence[str] = ()) -> None:
        self._regions = tuple(regions) or COMMON
        self._named = bool(regions)

    def may_be_in(self, text: str, part: str) -> bool:
        """Say whether a *part* of *text* may hold a number, or *text* be one."""
        return _LONG_ENOUGH.may_match(part) or (self._named and len(text) <= _LONGEST)

    def find(self, text: str, start: int, end: int) -> Iterator[Finding]:
        """Yield the numbers between two places of *text*."""
        if self._named and (alone := self._alone(text)):
            yield alone
            return
        for found in _LONG.finditer(text, start, end):
            before = text[max(0, found.start() - 3) : found.start()]
            opening = _OPENING.search(before) if "+" in before or "(" in before else None
            begin = found.start() - len(opening[0]) if opening else found.start()
            if begin and _NOT_BEFORE.match(text, begin - 1):
                continue
            written = text[begin : found.end()]
            for first, last in _parts(written):
                score = self._judged(text, begin + first, written[first:last])
                if score:
                    stop = begin + last
                    more = _EXTENSION.match(text, stop)
                    yield Finding(
                        "phone", begin + first, more.end() if more else stop, score, "phone"
                    )

    def _alone(self, text: str) -> Finding | None:
        """Return the number that is the whole text: small countries' have four digits."""
        written = text.strip()
        if not _ALONE.fullmatch(written) or _DATES.match(written):
            return None
        if not self._known(_NO_DIGITS.sub("", written)):
            return None
        at = text.index(written)
        return Finding("phone", at, at + len(written), 0.8, "phone")

    def _judged(self, text: str, at: int, written: str) -> float:
        digits = _NO_DIGITS.sub("", written.replace("(0)", ""))
        stop = at + len(written)
        if (
            text[stop : stop + 1].isalnum()
            or not _LEAST <= len(digits) <= _MOST + 3
            or _DATES.match(written)
        ):
            return 0
        if "+" in written[:2]:
            return _international(digits)
        if digits.startswith("00") and _international(digits[2:]) == 1:
            near = _WORD.findall(text[max(0, at - _BEFORE) : at].lower())[-2:]
            return 0.9 if _OTHER.isdisjoint(near) else 0
        if len(digits) > _MOST_NATIONAL or is_series(digits):
            return 0
        return self._national(text, at, written, digits)

    def _national(self, text: str, at: int, written: str, digits: str) -> float:
        stop = at + len(written)
        before = _WORD.findall(text[max(0, at - _BEFORE) : at].lower())
        near = {*before, *_WORD.findall(text[stop : stop + _AFTER].lower())[:2]}
        if not _STRONG.isdisjoint(near):
            grouped = len(written) > len(digits)
            return 0.9 if self._known(digits) else 0.6 if grouped or len(before) < 3 else 0  # noqa: PLR2004
        if not _OTHER.isdisjoint(near) or _TAIL.search(text, max(0, at - _BEFORE), at):
            return 0
        marked = digits[0] == "0" or written[0] == "(" or bool(_NANP.fullmatch(written))
        if marked and len(written) > len(digits):
            return 0.8 if self._known(digits) else 0
        if digits[0] == "0" and written == text.strip():
            # nine in ten such numbers are a fixed line somewhere
            return 0.7 if self._known(digits, mobile=True) else 0
        owned = not _WEAK.isdisjoint(near) and not _OWNERS.isdisjoint(near)
        if owned or (self._named and len(written) > len(digits)):
            return 0.7 if self._known(digits) and len(digits) > 9 else 0  # noqa: PLR2004
        return 0

    def _known(self, digits: str, *, mobile: bool = False) -> bool:
        plans = (found for region in self._regions if (found := plan(region)))
        return any(found.has(digits, mobile=mobile) for found in plans)


def _parts(written: str) -> Iterator[tuple[int, int]]:
    """Yield what of a cluster may be a number: all of it, else its parts between two blanks."""
    if len(written) <= _MOST + 2 or len(_NO_DIGITS.sub("", written)) <= _MOST + 2:
        yield 0, len(written)
        return
    at = 0
    for gap in re.finditer(r"\s+", written):
        yield at, gap.start()
        at = gap.end()
    yield at, len(written)
