"""Credentials in texts: the shapes that vendors give their keys, and random text called a secret.

Most texts hold no word of twenty characters, and are done with when that is seen.
"""

import json
import math
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from functions.core.domain.guards.findings import Finding, apart
from functions.core.domain.guards.text import longest_word

_SHAPES: Final = {
    # as the vendors document them, or their own scanners look for them
    "anthropic_key": r"sk-ant-[a-z]{3,8}\d\d-[\w-]{24,120}",
    "aws_access_key": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
    "azure_storage_key": r"AccountKey=[A-Za-z0-9+/]{86}==",
    "databricks_token": r"dapi[0-9a-f]{32}(?:-\d)?",
    "digitalocean_token": r"do[por]_v1_[0-9a-f]{64}",
    "docker_token": r"dckr_(?:pat|oat)_[\w-]{24,40}",
    "github_token": r"gh[opsru]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    "gitlab_token": r"gl(?:pat|dt|rt|ptt|oas|cbt|ft|imt|agent|soat)-[\w-]{20,64}(?:\.[\w-]{2,20})*",
    "google_key": r"AIza[\w-]{35}|GOCSPX-[\w-]{28}|ya29\.[\w-]{20,400}",
    "hashicorp_vault_token": r"hv[sbr]\.[\w-]{24,300}",
    "huggingface_token": r"hf_[A-Za-z]{34}",
    "jwt": r"eyJ[\w-]{10,2000}\.eyJ[\w-]{10,8000}\.[\w-]{10,1000}",
    "mailgun_key": r"key-[0-9a-f]{32}",
    "npm_token": r"npm_[A-Za-z0-9]{36}",
    "openai_key": r"sk-(?:proj|svcacct|admin)-[\w-]{40,200}|sk-[A-Za-z0-9]{48}",
    "pypi_token": r"pypi-AgE[\w-]{50,400}",
    "sendgrid_key": r"SG\.[\w-]{22}\.[\w-]{43}",
    "shopify_token": r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    "slack_token": (
        r"xox[abeoprs]-(?:\d-)?[A-Za-z0-9-]{20,250}|xapp-\d-[A-Z0-9]{8,14}-\d{10,14}-[0-9a-f]{32,80}"
        r"|hooks\.slack\.com/(?:services|workflows)/[\w/]{40,60}"
    ),
    "square_token": r"sq0[a-z]{3}-[\w-]{22,43}|EAAA[\w-]{60}",
    "stripe_key": r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9+/=]{32,64}",
    "telegram_token": r"\d{8,10}:AA[\w-]{33}",
    "twilio_key": r"SK[0-9a-f]{32}",
}
KINDS: Final = tuple(sorted((*_SHAPES, "aws_secret_key", "private_key", "secret")))
"""Every kind that there is a rule for; `secret` is known by its name and its randomness."""

_KEYS: Final = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(f"(?P<{kind}>{shape})" for kind, shape in _SHAPES.items())
    + r")(?![\w])"
)
_SHORTEST: Final = len("AKIA") + 16
_LONG_WORD: Final = re.compile(rf"\S{{{_SHORTEST},}}")
"""Where a shape may be: none holds a blank, and an AWS access key is the shortest."""
_BLOCK: Final = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[\s\S]{0,16384}?-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"|[\w+/=\s\\-]{0,16384})"
)
_NAMES: Final = ("secret", "token", "passw", "pwd", "passphrase", "key", "credential", "bearer")
_CALLED: Final = re.compile(
    r"(?:secret|token|passw(?:or)?[dt]|pwd|passphrase|(?:api|access|private|auth|client)[ _-]?key"
    r"|credential)[\w.-]{0,24}[\"'`]?\s{0,3}(?:=>|:=|[:=]|\bis\b)\s{0,3}[\"'`]?(?:Bearer |Basic )?"
    r"(?P<value>[^\s\"'`,;<>{}()]{8,512})"
    r"|\b(?:Bearer|Basic)\s(?P<bearer>[\w.~+/=-]{20,2048})",
    re.IGNORECASE,
)
_AWS_SECRET: Final = re.compile(r"[A-Za-z0-9+/]{40}")
_PLACEHOLDER: Final = re.compile(
    r"example|sample|your|change|dummy|placeholder|redacted|xxxx|\*{3}|\.\.\.|\$\{|(.)\1{5}|0123456789|abcdefgh",
    re.IGNORECASE,
)
_LONG: Final = 16
_BITS_LONG, _BITS_SHORT = 3.5, 2.75
"""Entropy, in bits a character, from which on a value of 16, or of 8 to 15, counts as random."""


def find_secrets(text: str) -> Sequence[Finding]:
    """Return the credentials in *text*, in order."""
    found: list[Finding] = []
    if longest_word(text) >= _SHORTEST:
        found += _by_shape(text)
    if "PRIVATE KEY" in text:
        found += [
            Finding("private_key", *m.span(), 1, "private_key") for m in _BLOCK.finditer(text)
        ]
    low = text.lower()
    if any(map(low.__contains__, _NAMES)):
        found += _by_name(text, low)
    return apart(found) if len(found) > 1 else found


def entropy(text: str) -> float:
    """Return Shannon's entropy of *text*, in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _by_shape(text: str) -> Iterator[Finding]:
    for word in _LONG_WORD.finditer(text):
        for match in _KEYS.finditer(text, *word.span()):
            kind = match.lastgroup or "secret"
            if kind == "jwt" and not _is_jwt(match[0]):
                continue
            if not _PLACEHOLDER.search(match[0]):
                yield Finding(kind, *match.span(), 1, kind)


def _by_name(text: str, low: str) -> Iterator[Finding]:
    for match in _CALLED.finditer(text):
        group = "value" if match["value"] else "bearer"
        value = match[group].rstrip(".:!?]")
        start = match.start(group)
        if len(value) < len("password") or _PLACEHOLDER.search(value) or not _is_random(value):
            continue
        is_aws = "aws" in low[max(0, start - 32) : start] and _AWS_SECRET.fullmatch(value)
        kind = "aws_secret_key" if is_aws else "secret"
        yield Finding(kind, start, start + len(value), 0.8, "entropy")


def _is_random(value: str) -> bool:
    """Say whether *value* looks drawn rather than written: mixed characters, no word of a text."""
    classes = sum(
        any(test(char) for char in value)
        for test in (str.isdigit, str.islower, str.isupper, lambda char: not char.isalnum())
    )
    least = _BITS_LONG if len(value) >= _LONG else _BITS_SHORT
    is_address = value.startswith(("http:", "https:", "arn:", "/", "$", "%"))
    mixed = any(char.isdigit() for char in value) and classes > 1
    return mixed and not is_address and entropy(value) >= least


def _is_jwt(text: str) -> bool:
    head = text.split(".", maxsplit=1)[0]
    try:
        return "alg" in json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return False
