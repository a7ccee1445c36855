"""Credentials in texts: the shapes that vendors give keys, and random text called a secret."""

import json
import math
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from functions.core.domain.guards.findings import Finding, apart
from functions.core.domain.guards.gate import Gate, Pattern, legible

_SHAPES: Final = {
    # as the vendors document them, or their own scanners look for them
    "age_key": r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}",
    "anthropic_key": r"sk-ant-[a-z]{3,8}\d\d-[\w-]{24,120}",
    "atlassian_token": r"ATATT3[\w=-]{60,300}",
    "aws_access_key": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
    "azure_storage_key": r"AccountKey=[A-Za-z0-9+/]{86}==",
    "databricks_token": r"dapi[0-9a-f]{32}(?:-\d)?",
    "digitalocean_token": r"do[por]_v1_[0-9a-f]{64}",
    "discord_webhook": r"discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,80}",
    "docker_token": r"dckr_(?:pat|oat)_[\w-]{24,40}",
    "doppler_token": r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]{2,40}\.)?[A-Za-z0-9]{40,44}",
    "figma_token": r"figd_[\w-]{40,60}",
    "github_token": r"gh[opsru]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    "gitlab_token": r"gl(?:pat|dt|rt|ptt|oas|cbt|ft|imt|agent|soat)-[\w-]{20,64}(?:\.[\w-]{2,20})*",
    "google_key": r"AIza[\w-]{35}|GOCSPX-[\w-]{28}|ya29\.[\w-]{20,400}",
    "grafana_token": r"gls?[ac]_[A-Za-z0-9+/=_]{32,400}",
    "groq_key": r"gsk_[A-Za-z0-9]{52}",
    "hashicorp_vault_token": r"hv[sbr]\.[\w-]{24,300}",
    "huggingface_token": r"(?:hf|api_org)_[A-Za-z0-9]{34}",
    "jwt": r"eyJ[\w-]{10,2000}\.eyJ[\w-]{10,8000}\.[\w-]{10,1000}",
    "linear_key": r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}",
    "mailgun_key": r"key-[0-9a-f]{32}",
    "new_relic_key": r"NR(?:AK|RA|IQ)-[A-Za-z0-9_-]{27,42}",
    "notion_token": r"ntn_[A-Za-z0-9]{40,50}|secret_[A-Za-z0-9]{43}",
    "npm_token": r"npm_[A-Za-z0-9]{36}",
    "openai_key": r"sk-(?:proj|svcacct|admin)-[\w-]{40,200}|sk-[A-Za-z0-9]{48}",
    "perplexity_key": r"pplx-[A-Za-z0-9]{48,56}",
    "postman_key": r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    "pypi_token": r"pypi-AgE[\w-]{50,400}",
    "replicate_token": r"r8_[A-Za-z0-9]{37,40}",
    "sendgrid_key": r"SG\.[\w-]{22}\.[\w-]{43}",
    "sentry_token": r"sntry[su]_[\w=+/]{60,400}",
    "shopify_token": r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    "slack_token": (
        r"xox[abeoprs]-(?:\d-)?[A-Za-z0-9-]{20,250}|xapp-\d-[A-Z0-9]{8,14}-\d{10,14}-[0-9a-f]{32,80}"
        r"|hooks\.slack\.com/(?:services|workflows)/[\w/]{40,60}"
    ),
    "square_token": r"sq0[a-z]{3}-[\w-]{22,43}|EAAA[\w-]{60}",
    "stripe_key": r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9+/=]{32,64}",
    "supabase_token": r"sbp_[0-9a-f]{40}",
    "telegram_token": r"\d{8,10}:AA[\w-]{33}",
    "terraform_token": r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70}",
    "twilio_key": r"SK[0-9a-f]{32}",
    "xai_key": r"xai-[A-Za-z0-9]{70,90}",
}
KINDS: Final = tuple(sorted((*_SHAPES, "aws_secret_key", "private_key", "secret")))
"""Every kind that there is a rule for; `secret` is known by its name and its randomness."""

_KEYS: Final = Pattern(
    r"(?<![\w-])(?:"
    # vendors write ASCII
    + "|".join(f"(?P<{kind}>{s})" for kind, s in _SHAPES.items()).replace(r"\w", "A-Za-z0-9_")
    + r")(?!\w)"
)
_BLOCK: Final = Pattern(
    r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[\s\S]{0,16384}?-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"|[\w+/=\s\\-]{0,16384})"
)
_CALLED: Final = Pattern(
    r"(?:secret|token|passw(?:or)?[dt]|pwd|passphrase|(?:api|access|private|auth|client)[ _-]?key"
    r"|credential|kennwort|contrase[nñ]a|mot de passe|senha|wachtwoord|hasło|пароль)"
    r"[\w.-]{0,24}[\"'`]?\s{0,3}(?:=>|:=|[:=]|\bis\b)\s{0,3}[\"'`]?(?:Bearer |Basic )?"
    r"(?P<value>[^\s\"'`,;<>{}()]{8,512})"
    r"|\b(?:Bearer|Basic)\s(?P<bearer>[\w.~+/=-]{20,2048})",
    re.IGNORECASE,
)
_SECRET: Final = Gate(_KEYS, _BLOCK, _CALLED)
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
    text = legible(text)
    if not _SECRET.may_match(text):
        return []
    found = [*_by_shape(text)]
    found += [Finding("private_key", *m.span(), 1, "private_key") for m in _BLOCK.finditer(text)]
    found += _by_name(text)
    return apart(found) if len(found) > 1 else found


def entropy(text: str) -> float:
    """Return Shannon's entropy of *text*, in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _by_shape(text: str) -> Iterator[Finding]:
    for match in _KEYS.finditer(text):
        kind = match.lastgroup or "secret"
        if kind == "jwt" and not _is_jwt(match[0]):
            continue
        if not _PLACEHOLDER.search(match[0]):
            yield Finding(kind, *match.span(), 1, kind)


def _by_name(text: str) -> Iterator[Finding]:
    for match in _CALLED.finditer(text):
        group = "value" if match["value"] else "bearer"
        value = match[group].rstrip(".:!?]")
        start = match.start(group)
        if len(value) < len("password") or _PLACEHOLDER.search(value) or not _is_random(value):
            continue
        is_aws = "aws" in text[max(0, start - 32) : start].lower() and _AWS_SECRET.fullmatch(value)
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
