"""SQS behind the intake port."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


class SqsIntake:
    """The intake queue."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str) -> None:
        """Queue one envelope."""
        self._client.send_message(QueueUrl=self._url, MessageBody=body)
