"""Model targets called from a person's own process: addresses and keys of the environment.

`MODEL_URL` and `MODEL` name an endpoint that speaks OpenAI's chat completions, in place of what
the catalog says. Keys are read when a request is sent, put into its header, and nowhere else.
"""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from functions.core.adapters.model_exchange import ModelExchange
    from functions.core.ports import ModelClient

URL: Final = "MODEL_URL"
MODEL: Final = "MODEL"
KEY: Final = "OPENAI_API_KEY"
OWN_TARGET: Final = "endpoint"
"""What the target is called that the environment describes, as at a stage (infra/settings.py)."""
_CONTEXT_TOKENS: Final = 128_000
_OUTPUT_TOKENS: Final = 4_096


class KeyMissing(Exception):
    """The environment holds no key for a target that needs one."""


def target_from_environment() -> dict[str, Any] | None:
    """Return the target that `MODEL_URL` and `MODEL` describe, as `models.toml` would; or None.

    Its prices are not known: it counts as free, and who shows a cost says so.
    """
    address, model = os.environ.get(URL), os.environ.get(MODEL)
    if not (address and model):
        return None
    return {
        "dialect": "openai_chat",
        "model": model,
        "base_url": address,
        "secret": OWN_TARGET if os.environ.get(KEY) else None,
        "capabilities": ["json_schema"],
        "max_data_class": "personal",  # whoever named it chose it
        "prices": {
            "input_usd_per_million": "0",
            "output_usd_per_million": "0",
            "as_of": "2026-01-01",
            "source": f"not known: {URL} names no price",
        },
        "limits": {"context_tokens": _CONTEXT_TOKENS, "output_tokens": _OUTPUT_TOKENS},
    }


def key_variables(secret: str) -> list[str]:
    """Return the variables in which the key of *secret* may stand, the first that is set wins."""
    return list(dict.fromkeys((f"{secret.upper()}_API_KEY", *((KEY,) if _said() else ()))))


def _said() -> bool:
    """Say whether the person named an address: then their key is meant for it."""
    return bool(os.environ.get(URL))


def _key(secret: str) -> str:
    names = key_variables(secret)
    for name in names:
        if os.environ.get(name):
            return os.environ[name]
    raise KeyMissing(f"the target's key is not in the environment: set {' or '.join(names)}")


class Clients(dict[str, "ModelClient"]):
    """One client a dialect, made when a target of that dialect is first called.

    Leaving it as a context lets go of the connections.

    Parameters
    ----------
    base_urls
        Target -> address, in place of the catalog's.
    """

    def __init__(self, base_urls: Mapping[str, str]) -> None:
        super().__init__()
        self._base_urls = base_urls
        self._connections = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connections.close()

    def __missing__(self, dialect: str) -> "ModelClient":
        from functions.core.adapters.dialects import client_of

        client = client_of(dialect, self._exchange, _region)
        self[dialect] = client
        return client

    def _exchange(self) -> "ModelExchange":
        from botocore.session import Session

        from functions.core.adapters.model_exchange import ModelExchange
        from functions.core.adapters.sigv4 import signer

        of = signer(Session())
        exchange = ModelExchange(
            self._base_urls, _key, lambda how: of(how.service, how.region or _region())
        )
        self._connections.callback(exchange.close)
        return exchange


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
