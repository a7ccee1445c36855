"""Where the links and images of a text lead."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

_ADDRESS: Final = re.compile(
    r"(?<![\w/])(?:(?P<scheme>[a-z][a-z0-9+.-]{1,20}):)?(?://|\\\\)[^\s\"'<>)\]}]+"
    r"|(?<![\w@.-])www\.[^\s\"'<>)\]}]+"
    r"|\b(?:javascript|data|vbscript|file):[^\s\"'<>)\]}]+",
    re.IGNORECASE,
)
WEB: Final = ("http", "https", "")


def strangers(text: str, hosts: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield where in *text* an address stands that leads to none of *hosts*.

    A host stands for itself, `*.example.com` for all hosts under it. What can't be read as an
    address leads nowhere that is allowed.
    """
    for found in _ADDRESS.finditer(text):
        if not _is_allowed(found[0].rstrip(".,;:!?"), hosts):
            yield found.span()


def _is_allowed(address: str, hosts: tuple[str, ...]) -> bool:
    text = address.replace("\\", "/")
    if text.lower().startswith("www."):
        text = f"//{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    if parts.scheme.lower() not in WEB or not host or parts.username is not None:
        return False
    return any(_covers(allowed.lower(), host) for allowed in hosts)


def _covers(allowed: str, host: str) -> bool:
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed
