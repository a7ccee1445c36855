"""AWS Signature Version 4 for requests that no SDK client sends."""

from collections.abc import Callable, Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

from functions.core.adapters.http_exchange import Sign

UNSIGNED = frozenset({"accept", "accept-encoding", "user-agent"})
"""What a proxy on the way may change."""


class CredentialsMissing(RuntimeError):
    """The environment holds no AWS credentials to sign with."""


def signer(session: Session) -> Callable[[str, str], Sign]:
    """Return what makes a signer of *session*'s credentials for a service in a region."""

    def of(service: str, region: str) -> Sign:
        def sign(
            method: str, url: str, headers: Mapping[str, str], content: bytes | None
        ) -> Mapping[str, str]:
            credentials = session.get_credentials()
            if credentials is None:
                raise CredentialsMissing("no AWS credentials to sign with")
            signed = {n: v for n, v in headers.items() if n.lower() not in UNSIGNED}
            request = AWSRequest(method=method, url=url, headers=signed, data=content or b"")
            frozen = credentials.get_frozen_credentials()
            SigV4Auth(frozen, service, region).add_auth(request)
            return dict(request.headers.items())

        return sign

    return of
