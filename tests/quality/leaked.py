"""Credentials in texts, and texts that only speak of them: a set of the project's own.

No key stands in this file: each is put together from its vendor's shape and a seeded draw.
"""

import json
import random
import string
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any, Final

from functions.core.domain.guards.secrets import find_secrets

ALNUM: Final = string.ascii_letters + string.digits
HEX: Final = "0123456789abcdef"
_SHAPES: Final = {
    "age_key": ("AGE-SECRET-", "KEY-1", ("023456789ACDEFGHJKLMNPQRSTUVWXYZ", 58)),
    "anthropic_key": ("sk-", "ant-", "api03-", (ALNUM + "-_", 93)),
    "atlassian_token": ("ATA", "TT3", (ALNUM + "-_", 186)),
    "aws_access_key": ("AK", "IA", (string.ascii_uppercase + "234567", 16)),
    "azure_storage_key": ("Account", "Key=", (ALNUM + "+/", 86), "=="),
    "databricks_token": ("da", "pi", (HEX, 32)),
    "digitalocean_token": ("dop", "_v1_", (HEX, 64)),
    "discord_webhook": ("discord.com/api/", "webhooks/", (string.digits, 18), "/", (ALNUM, 68)),
    "docker_token": ("dckr", "_pat_", (ALNUM + "-_", 27)),
    "doppler_token": ("dp", ".pt.", (ALNUM, 43)),
    "figma_token": ("fi", "gd_", (ALNUM + "-_", 43)),
    "github_token": ("gh", "p_", (ALNUM, 36)),
    "gitlab_token": ("gl", "pat-", (ALNUM + "-_", 20)),
    "google_key": ("AI", "za", (ALNUM + "-_", 35)),
    "grafana_token": ("gl", "sa_", (ALNUM, 32), "_", (HEX, 8)),
    "groq_key": ("gs", "k_", (ALNUM, 52)),
    "hashicorp_vault_token": ("hv", "s.", (ALNUM, 90)),
    "huggingface_token": ("h", "f_", (ALNUM, 34)),
    "linear_key": ("lin", "_api_", (ALNUM, 40)),
    "mailgun_key": ("key", "-", (HEX, 32)),
    "new_relic_key": ("NR", "AK-", (string.ascii_uppercase + string.digits, 27)),
    "notion_token": ("nt", "n_", (ALNUM, 46)),
    "npm_token": ("np", "m_", (ALNUM, 36)),
    "openai_key": ("sk", "-proj-", (ALNUM + "-_", 74)),
    "perplexity_key": ("pp", "lx-", (ALNUM, 48)),
    "postman_key": ("PM", "AK-", (HEX, 24), "-", (HEX, 34)),
    "pypi_token": ("py", "pi-", "AgEIcHlwaS5vcmc", (ALNUM + "-_", 120)),
    "replicate_token": ("r", "8_", (ALNUM, 37)),
    "sendgrid_key": ("S", "G.", (ALNUM + "-_", 22), ".", (ALNUM + "-_", 43)),
    "sentry_token": ("snt", "rys_", (ALNUM, 120)),
    "shopify_token": ("shp", "at_", (HEX, 32)),
    "slack_token": ("xo", "xb-", (string.digits, 12), "-", (string.digits, 12), "-", (ALNUM, 24)),
    "square_token": ("sq0", "atp-", (ALNUM + "-_", 22)),
    "stripe_key": ("sk", "_live_", (ALNUM, 24)),
    "supabase_token": ("sb", "p_", (HEX, 40)),
    "telegram_token": ((string.digits, 9), ":A", "A", (ALNUM + "-_", 33)),
    "terraform_token": ((ALNUM, 14), ".atlas", "v1.", (ALNUM, 67)),
    "twilio_key": ("S", "K", (HEX, 32)),
    "xai_key": ("x", "ai-", (ALNUM, 80)),
}
_AROUND: Final = (
    "{}",
    "Our job fails since Monday, the key is {} and it worked before.",
    'config = {{"endpoint": "https://api.example.org", "credential": "{}"}}',
    "export SERVICE_KEY={}\nmake deploy",
    "Hello,\n\n> {}\n\nplease rotate it. Thanks, Ann",
)
HARMLESS: Final = (
    "My password does not work any more, please reset it.",
    "The token is invalid: it must be renewed every 30 days.",
    "secret: see the vault, entry billing/production",
    "api_key = os.environ['SERVICE_API_KEY']",
    "password: ********",
    "The commit is 9fceb02d0ae598e95dc970b74767f19372d61af8, on main.",
    "request id 7b1c3f7e-0b8e-4d1c-9c55-0b1d6f2f3a10",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "https://www.example.org/wiki/A_rather_long_page_name_about_nothing?id=1234567",
    "key-value pairs, sk-learn, AKIA in a sentence, and ghp_ alone",
    "token=${TOKEN} and secret: <your-secret-here>",
    "The basic authentication of our internationalisation-team is documented elsewhere.",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    "Passphrase is a word with ten letters",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit: sed do eiusmod tempor.",
)


def credentials(seed: int = 7) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, credential, text that holds it), a few texts a kind."""
    chance = random.Random(seed)

    def drawn(alphabet: str, length: int) -> str:
        return "".join(chance.choice(alphabet) for _ in range(length))

    def packed(value: dict[str, object]) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    made = {
        kind: "".join(part if isinstance(part, str) else drawn(*part) for part in shape)
        for kind, shape in _SHAPES.items()
    }
    head, body = packed({"alg": "HS256", "typ": "JWT"}), packed({"sub": "1", "iat": 1})
    made["jwt"] = f"{head}.{body}.{drawn(ALNUM, 43)}"
    dashes = "-" * 5
    made["private_key"] = "\n".join(
        (
            f"{dashes}BEGIN RSA PRIVATE KEY{dashes}",
            drawn(ALNUM + "+/", 64),
            f"{dashes}END RSA PRIVATE KEY{dashes}",
        )
    )
    for kind, credential in made.items():
        for around in _AROUND:
            yield kind, credential, around.format(credential)
    aws = drawn(ALNUM + "/+", 40)
    yield "aws_secret_key", aws, f"aws_secret_access_key = {aws}"
    for name in ("password", "DB_PASSWORD", "client-secret", "apiKey", "Passwort"):
        value = drawn(ALNUM, 14) + "7a"
        yield "secret", value, f"the {name}: {value}, as asked"


def leaked() -> dict[str, Any]:
    """Return recall over the credentials, false positives over harmless texts, and what failed."""
    missed, rows = [], 0
    for kind, credential, text in credentials():
        rows += 1
        covered = {text[f.start : f.end] for f in find_secrets(text)}
        if not any(credential in one for one in covered):
            missed.append(f"{kind} {text[:24]!r}")
    wrong = [text for text in HARMLESS if find_secrets(text)]
    return {
        "secrets_recall": 1 - len(missed) / rows,
        "secrets_false_positives": len(wrong) / len(HARMLESS),
        "details": [*missed, *wrong],
    }
