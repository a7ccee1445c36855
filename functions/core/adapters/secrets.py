"""Secrets Manager behind the secrets port."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient


class SecretsManager:
    """Reads each secret once a worker."""

    def __init__(self, client: "SecretsManagerClient") -> None:
        self._client = client
        self._read: dict[str, str] = {}

    def text(self, arn: str) -> str:
        """Return the secret's text."""
        if arn not in self._read:
            self._read[arn] = self._client.get_secret_value(SecretId=arn)["SecretString"]
        return self._read[arn]
