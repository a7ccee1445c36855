"""What is taken for personal data, and what is not."""

import pytest

from functions.core.domain.guards.personal import checksums
from functions.core.domain.guards.personal.detector import KINDS, ON_REQUEST, PersonalData

USUAL = PersonalData()
EVERY = PersonalData(KINDS)


def _found(text: str, detector: PersonalData = USUAL, about: str = "") -> list[tuple[str, str]]:
    return [(f.kind, text[f.start : f.end]) for f in detector.find(text, about)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Write to Ann.Lee+bills@mail.example.org.", "email", "Ann.Lee+bills@mail.example.org"),
        ("übung@straße.example, please", "email", "übung@straße.example"),
        ("see ftp://ann:secret@files.example.org/a", "url_credentials", "ann:secret"),
        ("It came from 203.0.113.77.", "ip_address", "203.0.113.77"),
        ("ssh root@2001:db8::7:1", "ip_address", "2001:db8::7:1"),
        ("the adapter 00-1b-63-84-45-e6 fails", "mac_address", "00-1b-63-84-45-e6"),
        ("the adapter dead.beef.cafe fails", "mac_address", "dead.beef.cafe"),
        ("charge 4000 0566 5566 5556 now", "card", "4000 0566 5566 5556"),
        ("charge 3782-822463-10005 now", "card", "3782-822463-10005"),
        ("to nl20 ingb 0001 2345 67 by Friday", "iban", "nl20 ingb 0001 2345 67"),
        ("SWIFT code: INGBNL2AXXX", "bic", "INGBNL2AXXX"),
        ("born on 3 May 1984 in Hull", "birth_date", "3 May 1984"),
        ("née le 03/05/1984", "birth_date", "03/05/1984"),
        ("geboren am 3. Mai 1984", "birth_date", "3. Mai 1984"),
        ("My SSN is 219-09-9998", "national_id", "219-09-9998"),
        ("NINO AB 12 34 56 C", "national_id", "AB 12 34 56 C"),
        ("DNI 12345678Z del titular", "national_id", "12345678Z"),
        ("codice fiscale RSSMRA85T10A562S", "tax_number", "RSSMRA85T10A562S"),
        ("CPF: 111.444.777-35", "national_id", "111.444.777-35"),
        ("BE SSN 85.07.30-033.28 here", "national_id", "85.07.30-033.28"),
        ("passport C01X00T47 was lost", "passport", "C01X00T47"),
        ("wallet 1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "crypto_wallet", ""),
        ("call me at (201) 555-0123 x42", "phone", "(201) 555-0123 x42"),
        ("Tel. +49 30 901820, ask for Jo", "phone", "+49 30 901820"),
        ("ring 020 7946 0018 after five", "phone", "020 7946 0018"),
        ('<a href="tel:+44-20-7946-0018">', "phone", "+44-20-7946-0018"),
        ("burgerservicenummer 1112.22.333", "national_id", "1112.22.333"),
        ("Steueridentifikationsnummer 36574261809", "tax_number", "36574261809"),
        ("Krankenversichertennummer A123456780", "health_id", "A123456780"),
        ("isikukood 36805280109, Tallinn", "national_id", "36805280109"),
        ("teudat zehut 039337423", "national_id", "039337423"),
        ("ИНН 7707083893, Москва", "tax_number", "7707083893"),
        ("matrícula 1234 BCD del coche", "vehicle", "1234 BCD"),
        ("immatriculation AB-123-CD", "vehicle", "AB-123-CD"),
        ("targa AB 123 CD", "vehicle", "AB 123 CD"),
    ],
)
def test_it_finds(text: str, kind: str, value: str) -> None:
    """The whole value, and not the full stop behind it."""
    [(found, written)] = _found(text)

    assert found == kind
    assert not value or written == value


@pytest.mark.parametrize(
    "text",
    [
        "Order 10432 of 2026-03-04 over 1,299.00 EUR",
        "charge 4000 0566 5566 5557 now",
        "invoice 2026-000123, item 4711, 12 pieces",
        "update to version 10.2.0.1 at 12:34:56",
        "Requires-Dist: parser>=1.2.0.0, the class Kind :: Part, the extra on-py3 of its licence",
        "at 10.5 per cent, from 1999 to 2004",
        "ISBN 978-3-16-148410-0",
        "std::vector<int>::iterator",
        "GB29 NWBK 6016 1331 9268 18",
        "tracking 1Z 999 AA1 01 2345 6784",
        "the year 2024/25 and a ratio of 3:1",
        "my passport is in the drawer",
        "@home, and a @ b",
    ],
)
def test_it_leaves_alone(text: str) -> None:
    """What business texts are full of."""
    assert _found(text) == []


def test_dates_addresses_and_links_are_for_policies_that_ask() -> None:
    """They say more of the matter than of a person, so texts keep them."""
    text = "Meet on 2026-03-04 at SW1A 2AA, see https://example.org/a?b=1."

    assert _found(text) == []
    assert {kind for kind, _ in _found(text, EVERY)} == {"date", "postcode", "url"}
    assert set(KINDS) > ON_REQUEST


def test_a_national_number_needs_its_region_or_a_sign() -> None:
    """Ten digits are an order or a number; a policy that names the region knows which."""
    assert _found("2015550123") == []
    assert _found("2015550123", PersonalData(regions=("US",))) == [("phone", "2015550123")]
    assert _found("2015550123", about="order_id") == []


def test_a_bare_number_needs_more_than_that_somebody_could_have_it() -> None:
    """Nine in ten numbers are a telephone's in some country, or a social security number's form."""
    assert _found("219099998") == []
    assert _found("219099998", about="ssn") == [("national_id", "219099998")]
    assert _found("0353312345") == []
    assert _found("01701234567") == [("phone", "01701234567")]


def test_a_number_that_is_called_one_is_a_telephones_where_it_is_somebodys() -> None:
    """A label says that it is a number, an owner whose."""
    assert _found("Number: 2015550123") == []
    assert _found("My number is 2015550123") == [("phone", "2015550123")]


def test_a_variables_name_speaks_for_its_value() -> None:
    """A field holds nothing but its value, so its name is all the context there is."""
    assert _found("The number 123456782 is on file") == []
    assert _found("The number 123456782 is on file", about="tax_number_bsn") == [
        ("national_id", "123456782")
    ]


def test_a_broken_number_is_not_found_by_its_name() -> None:
    """The check digit decides, not the label."""
    assert _found("CPF: 111.444.777-36") == []
    assert _found("IT IVA 00743110158") == []
    assert _found("IT IVA 00743110157") == [("tax_number", "00743110157")]


def test_places_are_those_of_the_text_that_was_given() -> None:
    """Blanks and digits of other scripts are read without moving anything."""
    wide = "".join(chr(0xFF10 + int(digit)) for digit in "901820")
    text = f"电话 +49\u00a030\u2009{wide} 或 d@e.example"

    assert [value for _, value in _found(text)] == [f"+49\u00a030\u2009{wide}", "d@e.example"]


@pytest.mark.parametrize(
    ("check", "number"),
    [
        (checksums.luhn, "79927398713"),
        (checksums.uk_health, "9434765919"),
        (checksums.us_provider, "1234567893"),
        (checksums.us_routing, "011000015"),
        (checksums.us_drug_enforcement, "F91234563"),
        (checksums.travel_document, "C01X00T478"),
        (checksums.de_health_insurance, "A000500015"),
        (checksums.de_pension, "15070649C103"),
        (checksums.iso_11_10, "47036892816"),
        (checksums.kr_business, "2208162517"),
        (checksums.fi_identity, "131052-308T"),
    ],
)
def test_a_check_digit_notices_a_changed_digit(check: checksums.Check, number: str) -> None:
    """The number as issuers print it in their own descriptions holds; no neighbour does."""
    at = next(place for place in range(3, len(number)) if number[place].isdigit())
    changed = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]

    assert check(number)
    assert not check(changed)
