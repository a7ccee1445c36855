"""SQS behind the ports of the intake and of dead letters."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from functions.core.domain.dead_letters import DeadLetter, DeadQueue
from functions.core.domain.timestamps import iso

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef


class SqsIntake:
    """The intake queue."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str) -> None:
        """Queue one envelope."""
        self._client.send_message(QueueUrl=self._url, MessageBody=body)


_PAGE = 10
"""Messages that SQS hands out, or takes, in one request."""
_HELD_SECONDS = 60
_MILLISECONDS = 1000


class SqsDeadLetters:
    """The dead-letter queues.

    Parameters
    ----------
    urls
        Queue -> its address.
    """

    def __init__(self, client: "SQSClient", urls: Mapping[str, str]) -> None:
        self._client = client
        self._urls = urls

    def hold(self, queue: DeadQueue, most: int) -> list[DeadLetter]:
        """Receive up to *most* messages; a queue that gives none has none to give now."""
        found: dict[str, DeadLetter] = {}
        while len(found) < most:
            answer = self._client.receive_message(
                QueueUrl=self._urls[queue],
                MaxNumberOfMessages=min(_PAGE, most - len(found)),
                VisibilityTimeout=_HELD_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            page = [_letter(message) for message in answer.get("Messages", [])]
            if not page:
                break
            found |= {letter.id: letter for letter in page}
        return list(found.values())

    def put_back(self, queue: DeadQueue, letters: Sequence[DeadLetter]) -> None:
        """End the time for which *letters* are hidden."""
        for start in range(0, len(letters), _PAGE):
            self._client.change_message_visibility_batch(
                QueueUrl=self._urls[queue],
                Entries=[
                    {"Id": str(n), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                    for n, letter in enumerate(letters[start : start + _PAGE])
                ],
            )

    def remove(self, queue: DeadQueue, letter: DeadLetter) -> None:
        """Delete one message."""
        self._client.delete_message(QueueUrl=self._urls[queue], ReceiptHandle=letter.receipt)


def _letter(message: "MessageTypeDef") -> DeadLetter:
    sent = int(message.get("Attributes", {}).get("SentTimestamp", "0")) / _MILLISECONDS
    told: Mapping[str, Any] = message.get("MessageAttributes", {})
    # What EventBridge and Scheduler say of a delivery that they gave up.
    said = [told.get(name, {}).get("StringValue", "") for name in ("ERROR_CODE", "ERROR_MESSAGE")]
    return DeadLetter(
        id=message["MessageId"],
        body=message["Body"],
        sent_at=iso(datetime.fromtimestamp(sent, UTC)),
        error=": ".join(text for text in said if text),
        receipt=message["ReceiptHandle"],
    )
