"""How an outside address is reached where the open internet is not the way to it."""

import re
import ssl
from typing import Annotated, Final, Self

from pydantic import StringConstraints, model_validator

from functions.core.domain.documents import Document

_CERTIFICATE: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----"
)


class Connection(Document):
    """The way to a model target or a system: none of it is secret, all of it is pinned."""

    proxy: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#@]+/?$")] | None = None
    """Where requests go first: a proxy that lets pass who is in its network, without password."""
    ca_certificates: Annotated[str, StringConstraints(max_length=65_536)] | None = None
    """PEM of the authorities that alone are believed; None: those of the public internet."""

    @model_validator(mode="after")
    def _names_authorities(self) -> Self:
        if self.ca_certificates is None:
            return self
        found = _CERTIFICATE.findall(self.ca_certificates)
        if not found or _CERTIFICATE.sub("", self.ca_certificates).strip():
            raise ValueError("ca_certificates: takes certificates in PEM, and nothing else")
        try:
            for certificate in found:
                ssl.create_default_context(cadata=certificate)
        except (ssl.SSLError, ValueError):
            raise ValueError("ca_certificates: holds a certificate that can't be read") from None
        return self


DIRECT: Final = Connection()
"""Straight there, believed as the public internet is."""
