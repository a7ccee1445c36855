"""E-mail addresses, links, network addresses and wallets: what its wording alone tells."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from functions.core.domain.guards.findings import Finding
from functions.core.domain.guards.personal.checksums import standard

_LOCAL: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}\Z")
_DOMAIN: Final = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:xn--[\w-]{2,59}|[^\W\d_]{2,24})\b"
)
_LINK: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{1,15}://[^\s/<>\"'`][^\s<>\"'`]+")
_CREDENTIALS: Final = re.compile(r"://([^\s/@:?#]*:[^\s/@]+)@")
_V4: Final = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\w/]|\.\w)")
_DOTS, _COLONS = 3, 2
"""How many of them an address has at least."""
_V6: Final = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:\.\d{1,3}){0,3}"
    r"(?:%\w{1,15})?(?:/\d{1,3})?(?![\w:]|\.\w)"
)
_NOWHERE: Final = "::"
_VERSION: Final = re.compile(
    r"(?:\b(?:ver(?:sion|\.)?|chapter|section|clause|kapitel|abschnitt)[ :=]*|[=<>~!]=) *\Z",
    re.IGNORECASE,
)
"""What stands before a version of four parts; the latter before a package's."""
MIDDLE: Final = re.compile(
    # begins with one class, which is quick to look for
    r"[:.-](?:(?<!\.)[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|(?<=\.)[0-9A-Fa-f]{4}\.)"
)
_MAC: Final = re.compile(
    r"(?<![\w.:-])(?:[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![\w:-]|\.\w)"
)
_NO_DEVICE: Final = ("00" * 6, "FF" * 6)
_WALLET: Final = re.compile(
    r"(?<!\w)(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71}|0x[0-9A-Fa-f]{40})(?!\w)"
)

NUMBERED: Final = (_V4, _V6, _WALLET)
"""What addresses and wallets look like."""


def emails(text: str) -> Iterator[Finding]:
    """Yield every e-mail address of *text*."""
    at = text.find("@")
    while at >= 0:
        local = _LOCAL.search(text, max(0, at - 64), at)
        domain = _DOMAIN.match(text, at + 1)
        if local and domain:
            start = local.start() + len(local[0]) - len(local[0].lstrip("'`.*/=-"))
            in_link = text.startswith("://", max(0, start - 3))  # a user's name there
            if start < at and not in_link:
                yield Finding("email", start, domain.end(), 0.99, "email")
        at = text.find("@", at + 1)


def links(text: str) -> Iterator[Finding]:
    """Yield links, and the user and password that some carry."""
    if "://" not in text:
        return
    for found in _LINK.finditer(text):
        credentials = _CREDENTIALS.search(text, found.start(), found.end())
        if credentials:
            yield Finding("url_credentials", *credentials.span(1), 1, "url_credentials")
        end = found.start() + len(found[0].rstrip(".,;:!?)]}"))
        yield Finding("url", found.start(), end, 0.9, "url")


def hardware(text: str) -> Iterator[Finding]:
    """Yield MAC addresses, which need not have a digit."""
    at = 0
    while middle := MIDDLE.search(text, at):
        found = _MAC.search(text, max(0, middle.start() - 4), middle.end() + 16)
        at = found.end() if found else middle.end() - 1
        if found and re.sub(r"\W", "", found[0]).upper() not in _NO_DEVICE:
            yield Finding("mac_address", *found.span(), 1, "mac_address")


def addresses(text: str, start: int, end: int) -> Iterator[Finding]:
    """Yield the IP addresses and networks between two places."""
    if text.count(".", start, end) >= _DOTS:
        for found in _V4.finditer(text, start, end):
            if _is_network(found[0]) and not _is_version(text, found.start()):
                yield Finding("ip_address", *found.span(), 1, "ipv4")
    if text.count(":", start, end) >= _COLONS:
        for found in _V6.finditer(text, start, end):
            # two colons between words are a separator, though they are an address, too
            if (found[0] != _NOWHERE or text.strip() == _NOWHERE) and _is_network(found[0]):
                yield Finding("ip_address", *found.span(), 1, "ipv6")


def wallets(text: str, start: int, end: int) -> Iterator[Finding]:
    """Yield the wallet addresses of the two common chains, by their own checksums."""
    for found in _WALLET.finditer(text, start, end):
        if found[0].startswith("0x") or standard("bitcoin")(found[0]):
            yield Finding("crypto_wallet", *found.span(), 1, "wallet")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True


def _is_version(text: str, start: int) -> bool:
    return _VERSION.search(text, max(0, start - 12), start) is not None
