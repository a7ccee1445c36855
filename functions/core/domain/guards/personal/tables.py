"""The schemes that are looked for by their form: issuers' own descriptions, a line each.

`s` in a shape stands for one separator or none. What python-stdnum names, and a text names too
("NIF 12345678Z"), needs no line here: `labelled.py` finds it.
"""

from typing import Final

from functions.core.domain.guards.personal.checksums import (
    de_doctor,
    de_health_insurance,
    de_pension,
    every,
    fi_identity,
    has_date,
    is_series,
    iso_11_10,
    kr_business,
    kr_resident,
    luhn,
    standard,
    th_province,
    travel_document,
    uk_health,
    us_drug_enforcement,
    us_provider,
    us_routing,
    us_social_security,
    weighted,
)
from functions.core.domain.guards.personal.schemes import Scheme, Where, scheme

_ANY, _ALONE, _WORD = Where.ANYWHERE, Where.ALONE, Where.LABELLED

_PASSPORT: Final = (
    "passport passports pass passnummer reisepass passeport pasaporte passaporto paspoort pas"
    " document ausweis pasaport paszport passi reisepassnummer passeports pasaportes"
)
_IDENTITY: Final = (
    "id identity identification identifier card ausweis personalausweis idnr dni identità carta"
    " national citizen resident nric fin ssn personal kimlik personnummer identidad identité"
    " identiteitskaart identidade"
)
_TAX: Final = (
    "tax tin taxpayer steuer steuerid steuernummer idnr idno vat iva ust fiscal fiscale nif"
    " partita bir skatt impuesto steueridentifikationsnummer identifikationsnummer tva btw moms"
)
_HEALTH: Final = (
    "nhs health medicare patient insurance versicherung krankenversicherung versichertennummer"
    " kvnr krankenkasse gesundheitskarte mbi beneficiary medical krankenversichertennummer"
    " krankenversicherungsnummer"
)
_COMPANY: Final = (
    "company business organisation organisationsnummer organization uen abn acn register"
    " registration firma företag org orgnr brn corporate"
)
_PLATE: Final = (
    "plate plates vehicle registration reg car licence license kennzeichen plaka matricula"
    " matrícula number-plate"
)
_PLATE_ITSELF: Final = (
    "plate plates kennzeichen plaka matricula matrícula immatriculation immatriculé targa kenteken"
    " rejestracyjny nummerplade registreringsnummer rekisteri placa"
)
_DRIVING: Final = (
    "driver drivers driving licence license führerschein führerscheinnummer patente permis carnet"
    " conducir conduire guida rijbewijs körkort kørekort ajokortti"
)
_SOCIAL: Final = "social security ssn sozialversicherung rentenversicherung rvnr sv"


_GERMAN: Final = r"[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{7}\d"


def _has_digit(number: str) -> bool:
    return any(char.isdigit() for char in number[:-1])


def _luhn_of_ten(number: str) -> bool:
    """Swedish numbers: Luhn over the last ten digits, the century left out."""
    return luhn(number[-10:])


def _not_series(number: str) -> bool:
    return not is_series(number)


BY_DIGIT: Final[tuple[Scheme, ...]] = (
    # North America
    scheme("us.ssn", "national_id", r"\d{3}([- ])\d\d\1\d{4}", _ANY, "", us_social_security),
    scheme("us.ssn", "national_id", r"\d{9}", _WORD, _SOCIAL, us_social_security),
    scheme("us.itin", "tax_number", r"9\d\d([- ])\d\d\1\d{4}", _ANY, "", standard("us.itin")),
    scheme("us.itin", "tax_number", r"9\d{8}", _ALONE, "itin " + _TAX, standard("us.itin")),
    scheme("us.ein", "tax_number", r"\d\d-\d{7}", _WORD, "ein employer " + _TAX),
    scheme("us.npi", "health_id", r"1\d{9}", _ALONE, "npi provider", us_provider),
    scheme("us.npi", "health_id", r"2\d{9}", _WORD, "npi provider", us_provider),
    scheme(
        "us.mbi",
        "health_id",
        r"[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d(-?)[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d\1"
        r"[AC-HJKMNP-RT-Y]{2}\d\d",
        _ANY,
    ),
    scheme("us.passport", "passport", r"\d{9}", _WORD, _PASSPORT, _not_series),
    scheme("us.passport", "passport", r"9\d{8}", _ALONE, _PASSPORT, _not_series),
    scheme("us.rtn", "bank_account", r"[01236-8]\d{3}-\d{4}-\d", _ANY, "", us_routing),
    scheme("us.rtn", "bank_account", r"[01236-8]\d{8}", _ALONE, "aba routing bank", us_routing),
    scheme("bank.account", "bank_account", r"\d{8,17}", _WORD, "account acct konto iban cuenta"),
    scheme("us.licence", "driving_licence", r"\d{6,9}", _WORD, "driver drivers driving dl"),
    scheme(
        "ca.sin",
        "national_id",
        r"[1-79]\d\d([ -]?)\d{3}\1\d{3}",
        _ALONE,
        "sin social insurance assurance",
        standard("ca.sin"),
    ),
    # United Kingdom, Ireland
    scheme("gb.nhs", "health_id", r"\d{3}([- ]?)\d{3}\1\d{4}", _ALONE, _HEALTH, uk_health),
    # Germany
    scheme("de.idnr", "tax_number", r"\d{11}", _WORD, _TAX, iso_11_10),
    scheme(
        "de.idnr", "tax_number", r"\d\d ?\d{3} ?\d{3} ?\d{3}", _ALONE, _TAX, standard("de.idnr")
    ),
    scheme("de.lanr", "health_id", r"\d{9}", _ALONE, "lanr arztnummer arzt", de_doctor),
    scheme("de.bsnr", "health_id", r"\d{9}", _WORD, "bsnr betriebsstättennummer betriebsstätte"),
    scheme("de.rvnr", "national_id", r"\d{8} ?[A-Z] ?\d{3}", _ANY, "", de_pension),
    # France, Spain, Italy, Portugal
    scheme(
        "fr.nir",
        "national_id",
        r"[1-478] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d",
        _ANY,
        "",
        standard("fr.nir"),
    ),
    scheme(
        "es.nif",
        "tax_number",
        r"\d{7,8}[ -]?[A-Z]",
        _ANY,
        "",
        lambda number: standard("es.dni")(number.rjust(9, "0")),
    ),
    scheme("it.card", "national_id", r"\d{7}[A-Z]{2}", _ALONE, _IDENTITY),
    scheme("it.iva", "tax_number", r"\d{8}[ _]?\d{3}", _ALONE, _TAX, standard("it.iva")),
    # the north
    scheme(
        "fi.hetu",
        "national_id",
        r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]",
        _ANY,
        "",
        every(has_date(r"(?P<d>\d\d)(?P<m>\d\d)"), fi_identity),
    ),
    scheme(
        "se.personnummer",
        "national_id",
        r"(?:18|19|20)?\d{6}[-+]?\d{4}",
        _ALONE,
        "personnummer " + _IDENTITY,
        every(_luhn_of_ten, has_date(r"(?:\d\d)??\d\d(?P<m>\d\d)(?P<d>[0-9]\d)\d{4}$")),
    ),
    scheme("se.orgnr", "company_id", r"\d{6}-?\d{4}", _ALONE, _COMPANY, every(luhn, _not_series)),
    scheme("dk.cpr", "national_id", r"\d{6}-\d{4}", _WORD, "cpr", standard("dk.cpr")),
    scheme(
        "no.fodselsnummer",
        "national_id",
        r"\d{6} ?\d{5}",
        _ALONE,
        "fødselsnummer",
        standard("no.fodselsnummer"),
    ),
    # the Low Countries, the middle and east of Europe
    scheme(
        "be.nn",
        "national_id",
        r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d",
        _ANY,
        "",
        standard("be.nn"),
    ),
    scheme(
        "nl.bsn",
        "national_id",
        r"\d{4}\.?\d\d\.?\d{3}",
        _WORD,
        "bsn burgerservicenummer sofinummer",
        standard("nl.bsn"),
    ),
    scheme("ch.ssn", "national_id", r"756\.?\d{4}\.?\d{4}\.?\d\d", _ANY, "", standard("ch.ssn")),
    scheme("pl.pesel", "national_id", r"\d{11}", _ALONE, "pesel", standard("pl.pesel")),
    scheme("hr.oib", "national_id", r"\d{11}", _WORD, "oib", iso_11_10),
    scheme("cz.rc", "national_id", r"\d{6}/\d{3,4}", _ANY, "", standard("cz.rc")),
    # Turkey, Africa
    scheme(
        "tr.kimlik",
        "national_id",
        r"[1-9]\d{10}",
        _ALONE,
        "kimlik tckn tc",
        standard("tr.tckimlik"),
    ),
    scheme("es.plate", "vehicle", r"\d{4}[ -]?[BCDFGHJ-NPR-TV-Z]{3}", _WORD, _PLATE_ITSELF),
    scheme("tr.plate", "vehicle", r"(?:0[1-9]|[1-7]\d|8[01]) ?[A-Z]{1,3} ?\d{2,5}", _ALONE, _PLATE),
    scheme("za.idnr", "national_id", r"\d{13}", _ANY, "", standard("za.idnr")),
    scheme("ng.nin", "national_id", r"\d{11}", _ALONE, "nin", standard("verhoeff")),
    # Asia
    scheme(
        "kr.rrn",
        "national_id",
        r"\d{6}-?[1-8]\d{6}",
        _ANY,
        "",
        kr_resident,
    ),
    scheme("kr.brn", "company_id", r"\d{3}(-?)\d\d\1\d{5}", _ALONE, _COMPANY, kr_business),
    scheme(
        "kr.licence",
        "driving_licence",
        r"(?:1[1-9]|2[0-68])([- ])\d\d\1\d{6}\1\d\d",
        _ALONE,
        _DRIVING,
    ),
    scheme(
        "th.pin",
        "national_id",
        r"[1-8]([- ]?)\d{4}\1\d{5}\1\d\d\1\d",
        _ALONE,
        _IDENTITY + " เลขบัตรประชาชน เลขประจำตัวประชาชน",
        every(th_province, standard("th.pin")),
    ),
    scheme("cn.ric", "national_id", r"\d{17}[0-9X]", _ANY, "", standard("cn.ric")),
    scheme(
        "in.aadhaar",
        "national_id",
        r"[2-9]\d{3}([- ]?)\d{4}\1\d{4}",
        _ALONE,
        "aadhaar aadhar uidai uid",
        standard("in_.aadhaar"),
    ),
    scheme(
        "in.gstin",
        "tax_number",
        r"\d\d[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]",
        _ANY,
        "",
        standard("in_.gstin"),
    ),
    scheme("ph.tin", "tax_number", r"\d{3}(-?)\d{3}\1\d{3}(?:\1\d{3,5})?", _WORD, _TAX),
    scheme(
        "sg.uen",
        "company_id",
        r"(?:\d{8}|(?:19|20)\d{7})[A-Z]",
        _ALONE,
        _COMPANY,
        standard("sg.uen"),
    ),
    scheme("my.nric", "national_id", r"\d{6}-\d\d-\d{4}", _ANY, "", standard("my.nric")),
    # Australia, Latin America
    scheme(
        "au.abn", "company_id", r"\d\d ?\d{3} ?\d{3} ?\d{3}", _ALONE, _COMPANY, standard("au.abn")
    ),
    scheme("au.acn", "company_id", r"\d{3} ?\d{3} ?\d{3}", _ALONE, _COMPANY, standard("au.acn")),
    scheme(
        "au.tfn", "tax_number", r"\d{3} ?\d{3} ?\d{2,3}", _ALONE, "tfn " + _TAX, standard("au.tfn")
    ),
    scheme(
        "au.medicare",
        "health_id",
        r"[2-6]\d{3} ?\d{5} ?\d",
        _ALONE,
        _HEALTH,
        weighted((1, 3, 7, 9, 1, 3, 7, 9, -1), 10),
    ),
    scheme("br.cpf", "national_id", r"\d{3}\.\d{3}\.\d{3}-\d\d", _ANY, "", standard("br.cpf")),
    scheme(
        "br.cnpj", "company_id", r"\d\d\.\d{3}\.\d{3}/\d{4}-\d\d", _ANY, "", standard("br.cnpj")
    ),
    scheme("ar.cuit", "tax_number", r"\d\d-\d{8}-\d", _ANY, "", standard("ar.cuit")),
    scheme("cl.rut", "national_id", r"\d{1,2}\.\d{3}\.\d{3}-[0-9K]", _ANY, "", standard("cl.rut")),
)

BY_LETTER: Final[tuple[Scheme, ...]] = (
    scheme("us.passport", "passport", r"[A-Z]\d{8}", _WORD, _PASSPORT),
    scheme("us.passport", "passport", r"[A-Z]\d{8}", _ALONE, "", _not_series),
    scheme(
        "us.dea",
        "licence",
        r"[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}",
        _ALONE,
        "dea licence license",
        us_drug_enforcement,
    ),
    scheme(
        "us.licence", "driving_licence", r"[A-Z]{1,2}\d{4,14}", _WORD, "driver drivers driving dl"
    ),
    scheme(
        "gb.nino",
        "national_id",
        r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]",
        _ANY,
    ),
    scheme(
        "gb.licence",
        "driving_licence",
        r"[A-Z9]{5}\d(?:[05][1-9]|[16][0-2])(?:0[1-9]|[12]\d|3[01])\d[A-Z9]{2}[0-9][A-Z]{2}",
        _ANY,
    ),
    scheme("eu.passport", "passport", r"[A-Z]{2}\d{7}", _ALONE, _PASSPORT + " " + _IDENTITY),
    scheme("es.passport", "passport", r"[A-Z]{3}\d{6}[A-Z]?", _ALONE, _PASSPORT),
    scheme("de.passport", "passport", _GERMAN, _WORD, _PASSPORT, _has_digit),
    scheme("de.passport", "passport", _GERMAN, _ALONE, "", every(_has_digit, travel_document)),
    # with the check digit of its machine-readable line
    scheme("de.passport", "passport", _GERMAN + r"\d", _ALONE, _PASSPORT, travel_document),
    scheme("kr.passport", "passport", r"[MSRODG](?:\d{8}|\d{3}[A-Z]\d{4})", _ALONE, _PASSPORT),
    scheme("de.kvnr", "health_id", r"[A-Z]\d{9}", _ALONE, _HEALTH, de_health_insurance),
    scheme("es.nie", "national_id", r"[XYZ][ -]?\d{7}[ -]?[A-Z]", _ANY, "", standard("es.nie")),
    scheme(
        "es.nif",
        "tax_number",
        r"[A-HJ-NP-SU-W][ -]?\d{7}[ -]?[0-9A-J]",
        _ALONE,
        _TAX,
        standard("es.nif"),
    ),
    scheme(
        "it.codicefiscale",
        "tax_number",
        r"[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]",
        _ANY,
        "",
        standard("it.codicefiscale"),
    ),
    scheme(
        "it.licence", "driving_licence", r"(?:[A-Z]{2}\d{7}|U1[A-Z0-9]{7})[A-Z]", _ALONE, _DRIVING
    ),
    scheme("it.card", "national_id", r"C[A-Z]\d{5}[A-Z]{2}", _ALONE, _IDENTITY),
    scheme("sg.nric", "national_id", r"[STFGM]\d{7}[A-Z]", _ALONE, _IDENTITY),
    scheme("sg.nric", "national_id", r"[STFG]\d{7}[A-Z]", _ANY, capitals=True),
    scheme("sg.nric", "national_id", r"[A-W]\d{7}[A-Z]", _ALONE, _IDENTITY),
    scheme("sg.uen", "company_id", r"[STR]\d\d[A-Z]{2}\d{4}[A-Z]", _ANY, "", standard("sg.uen")),
    scheme("in.pan", "tax_number", r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]", _ANY),
    scheme(
        "in.voter",
        "national_id",
        r"[A-Z]{3}\d{7}",
        _ALONE,
        "voter epic elector election",
        standard("in_.epic"),
    ),
    scheme("in.voter", "national_id", r"[A-Z]{3}\d{7}", _WORD, "voter epic elector election"),
    scheme("in.passport", "passport", r"[A-PR-WY][1-9]\d ?\d{4}[1-9]", _ALONE, _PASSPORT),
    scheme("in.plate", "vehicle", r"[A-Z]{2}[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{4}", _ALONE, _PLATE),
    scheme(
        "mx.curp",
        "national_id",
        r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d",
        _ANY,
        "",
        standard("mx.curp"),
    ),
    scheme(
        "mx.rfc",
        "tax_number",
        r"[A-ZÑ&]{3,4}-?\d{6}-?[0-9A-Z]{3}",
        _ANY,
        "",
        standard("mx.rfc"),
    ),
    scheme("eu.vat", "tax_number", r"[A-Z]{2} ?[0-9A-Z]{8,12}", _ALONE, _TAX, standard("eu.vat")),
    # vehicles
    scheme(
        "gb.plate",
        "vehicle",
        r"[A-HJ-PR-Y][A-HJ-PR-Y](?:0[2-9]|[12]\d|5[1-9]|[67]\d) ?[A-HJ-PR-Z]{3}",
        _ALONE,
        _PLATE,
    ),
    scheme("gb.plate", "vehicle", r"[A-HJ-NPR-TVWY]\d{1,3} ?[A-HJ-PR-Y]{3}", _ALONE, _PLATE),
    scheme("gb.plate", "vehicle", r"[A-HJ-PR-Y]{3} ?\d{1,3}[A-HJ-NPR-TV-Y]", _ALONE, _PLATE),
    scheme(
        "de.plate",
        "vehicle",
        r"[A-ZÄÖÜ]{1,3}-[A-Z]{1,2} ?[1-9]\d{0,3}[EH]?",
        _ALONE,
        _PLATE,
        capitals=True,
    ),
    # letters, figures and perhaps letters again: most of the world's others
    scheme(
        "plate",
        "vehicle",
        r"[A-Z]{1,3}[ -]?\d{3,4}[ -]?[A-Z]{1,3}|[A-Z]{3}-\d{3,4}",
        _WORD,
        _PLATE_ITSELF,
        capitals=True,
    ),
    scheme("ng.plate", "vehicle", r"[A-Z]{3}-\d{3}[A-Z]{2}", _ANY, capitals=True),
    # where somebody lives
    scheme(
        "gb.postcode",
        "postcode",
        r"(?:GIR ?0AA|(?:[A-PR-UWYZ]\d[0-9A-HJKPSTUW]?|[A-PR-UWYZ][A-HK-Y]\d[0-9ABEHMNPRVWXY]?)"
        r" \d[ABD-HJLNP-UW-Z]{2})",
        _ANY,
        capitals=True,
    ),
    scheme(
        "gb.postcode",
        "postcode",
        r"(?:[A-PR-UWYZ]\d[0-9A-HJKPSTUW]?|[A-PR-UWYZ][A-HK-Y]\d[0-9ABEHMNPRVWXY]?)"
        r" ?\d[ABD-HJLNP-UW-Z]{2}",
        _ALONE,
        "postcode address post code",
    ),
)
