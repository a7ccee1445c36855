"""The door's queue with its dead letters, and the queue for what could not be delivered."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.names import Arns, Names
from infra.wiring import MAX_RECEIVE_COUNT, QUEUE_DAYS, VISIBILITY_FACTOR


class Queues(Construct):
    """Three queues; the rules of every workflow stack may send to two of them."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, receiver_seconds: int) -> None:
        """Build the queues for a receiver that may run for *receiver_seconds*."""
        super().__init__(scope, id_)
        self.dead_letters = _queue(self, "DeadLetters")
        self.intake = _queue(
            self,
            "Intake",
            name=names.intake,
            visibility=Duration.seconds(VISIBILITY_FACTOR * receiver_seconds),
            dead_letters=sqs.DeadLetterQueue(
                max_receive_count=MAX_RECEIVE_COUNT, queue=self.dead_letters
            ),
        )
        self.undelivered = _queue(self, "Undelivered", name=names.undelivered)
        for queue in (self.intake, self.undelivered):
            # One statement for the rules of all workflow stacks: each of them could not add
            # its own without a cycle between the stacks.
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="LetRulesSend",
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[queue.queue_arn],
                    conditions={"ArnLike": {"aws:SourceArn": Arns(self).rules(names.prefix)}},
                )
            )


def _queue(
    scope: Construct,
    id_: str,
    *,
    name: str | None = None,
    visibility: Duration | None = None,
    dead_letters: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        id_,
        queue_name=name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(QUEUE_DAYS),
        visibility_timeout=visibility,
        dead_letter_queue=dead_letters,
    )
