"""Numbers that a text calls by their name: "NIF 12345678Z", "BE SSN: ...", "CPF n. ...".

The names are the schemes' own (python-stdnum calls its modules by them), so one rule covers what
some eighty countries issue. What does not name a person or a taxpayer is left out.
"""

import re
from collections.abc import Iterator
from typing import Final

from functions.core.domain.guards.findings import Finding
from functions.core.domain.guards.gate import Pattern
from functions.core.domain.guards.personal.checksums import standard
from functions.core.domain.guards.personal.schemes import words

_COUNTRIES: Final = """
ad nrt|al nipt|ar cuit dni cbu|at tin uid vnr businessid|au abn acn tfn|az voen
be bis nn ssn vat|bg egn pnf vat|br cnpj cpf|by unp|ca bc_phn bn sin|ch ssn uid vat|cl rut
cn ric uscc|co nit|cr cpf cpj cr|cu ni|cy vat|cz dic rc bankaccount|de idnr stnr vat|dk cpr cvr
do cedula rnc ncf|dz nif|ec ci ruc|ee ik kmkr registrikood|eg tn|es cif dni nie nif|eu at_02 vat
fi associationid hetu veronumero ytunnus|fo vn|fr nif nir siren siret tva rcs|gb nhs utr vat upn
gh tin|gn nifp|gr amka vat|gt nit|hr oib|hu anum|id nik npwp|ie pps vat|il hp idnr
in_ aadhaar epic gstin pan vid|is_ kennitala vsk|it codicefiscale iva|jp cn in_|ke pin
kr brn rrn|li peid|lt asmens pvm|lu tva|lv pvn|ma ice|mc tva|md idno|me pib|mk edb|mt vat|mu nid
mx curp rfc|my nric|mz nuit|nl bsn btw identiteitskaartnummer onderwijsnummer
no fodselsnummer mva orgnr kontonr|nz ird bankaccount|pe cui ruc|pk cnic|pl nip pesel regon
pt cc nif|py ruc|ro cf cnp cui onrc|rs pib|ru inn ogrn|se orgnr personnummer vat|sg uen
si ddv emso maticna|sk dph rc|sm coe|sn ninea|sv nit|th moa pin tin|tn mf|tr tckimlik vkn|tw ubn
ua edrpou rntrc|us atin ein itin ptin ssn tin rtn|uy rut|ve rif|vn mst|za idnr tin
"""
SCHEMES: Final = tuple(
    f"{country}.{name}"
    for line in _COUNTRIES.replace("\n", "|").split("|")
    if line
    for country, *names in [line.split()]
    for name in names
)
"""What is looked for by name: python-stdnum's modules for people, taxpayers and firms."""
_ALSO: Final = """
isikukood ee.ik|zehut il.idnr|steuerid de.idnr|steueridentifikationsnummer de.idnr
steuernummer de.stnr
burgerservicenummer nl.bsn|sofinummer nl.bsn|rijksregisternummer be.nn|insz be.nn|niss be.nn
kodas lt.asmens|asmenskodas lt.asmens|jmbg si.emso|umcn si.emso|cuil ar.cuit|tckn tr.tckimlik
kimlik tr.tckimlik|mykad my.nric|ktp id.nik|aadhar in_.aadhaar|afm gr.vat|αφμ gr.vat|αμκα gr.amka
инн ru.inn|огрн ru.ogrn|егн bg.egn|ідрпоу ua.edrpou|єдрпоу ua.edrpou|рнокпп ua.rntrc
orgnummer se.orgnr|organisationsnummer se.orgnr|organisasjonsnummer no.orgnr|ytunnus fi.ytunnus
fødselsnummer no.fodselsnummer|personnr se.personnummer|henkilötunnus fi.hetu|kontonummer no.kontonr
adószám hu.anum|dič cz.dic|ičo cz.dic
"""
"""What people call a scheme that python-stdnum calls otherwise: name, scheme."""
_COMMON_WORDS: Final = words("at02 cc ci cn cr in ni hp mf nn rc cf ik vn tn bn ice pin pan vid")
"""Names that are words, or too short: they count behind their country's letters only."""
_PERSONAL: Final = words(
    "dni vnr bis nn ssn egn pnf sin cpf ric cedula ci ik idnr nie hetu nir nhs upn amka nik pps"
    " aadhaar epic codicefiscale rrn peid asmens nid curp nric bsn identiteitskaartnummer"
    " onderwijsnummer fodselsnummer cui cnic pesel cc cnp personnummer emso rc pin tckimlik rntrc"
    " kennitala ni oib"
)


def _named() -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = {}
    for scheme in SCHEMES:
        country, _, name = scheme.partition(".")
        plain = name.replace("_", "")
        names.setdefault(plain, {})[country.rstrip("_")] = scheme
    for pair in _ALSO.replace("\n", "|").strip("|").split("|"):
        name, scheme = pair.split(" ")
        names.setdefault(name, {})[scheme[:2]] = scheme
    return names


_NAMED: Final = _named()
_NAME: Final = re.compile(r"(?<![^\W_])[^\W\d_][^\W_]{1,26}(?=\W)")
NAMED: Final = Pattern(rf"(?:^|[^a-z0-9])(?:{'|'.join(_NAMED)})(?:[^a-z0-9]|\Z)", re.IGNORECASE)
"""A scheme's name, for a gate."""
_LEAD: Final = re.compile(r"(?<![^\W_])([A-Za-z]{2})[ ._-]\Z")
_LINK: Final = re.compile(
    r"(?:[ .]?(?:no|nr|number|nummer|#|n°|is)\b\.?)?[ .:=#-]{1,3}(?=[\w(])", re.IGNORECASE
)
_VALUE: Final = re.compile(r"[(]?\w+(?:[) ./-]{1,3}\w+){0,7}")
_MOST: Final = 34
_END: Final = re.compile(r"(?<=\w)(?:\Z|(?=[ )](?:[^\W\d]*\b(?!\d))))")
"""Where a number may end: words follow, never a group with a digit, which would belong to it."""


def labelled(text: str, start: int, end: int) -> Iterator[Finding]:
    """Yield the numbers whose schemes are named right before them, and which hold by them."""
    for name in _NAME.finditer(text, start, end):
        if (low := name[0].lower()) not in _NAMED or not (link := _LINK.match(text, name.end())):
            continue
        lead = _LEAD.search(text, max(0, name.start() - 3), name.start())
        schemes = _schemes(lead[1] if lead else None, low)
        at = link.end()
        value = _VALUE.match(text, at)
        if not schemes or value is None:
            continue
        # the longest that holds: a number may be written in groups, and words may follow it
        for stop in reversed([found.start() for found in _END.finditer(value[0])]):
            rule = _holding(schemes, value[0][:stop])
            if rule:
                yield Finding(kind_of(rule), at, at + stop, 1, rule)
                break


def kind_of(scheme: str) -> str:
    """Return what a number of *scheme* is."""
    return "national_id" if scheme.partition(".")[2] in _PERSONAL else "tax_number"


def _holding(schemes: tuple[str, ...], written: str) -> str | None:
    if len(written) > _MOST or not any(char.isdigit() for char in written):
        return None
    return next((scheme for scheme in schemes if standard(scheme)(written)), None)


def _schemes(country: str | None, name: str) -> tuple[str, ...]:
    found = _NAMED.get(name, {})
    if country and country.lower() in found:
        return (found[country.lower()],)
    return () if name in _COMMON_WORDS else tuple(found.values())
