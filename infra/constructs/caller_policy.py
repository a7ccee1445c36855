"""What a state machine of somebody else's needs to call external workflows."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.machine import start_and_wait
from infra.grants import SUPERVISOR
from infra.names import Arns, Names


class CallerPolicy(iam.ManagedPolicy):
    """For a team to attach to its own machine's role; nothing of ours carries it.

    IAM judges the machine that is started, not what it is given: whoever has the policy may call
    every external workflow of the stage, and no other.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names) -> None:
        """Allow to start the supervisor and to wait for its end."""
        super().__init__(
            scope,
            id_,
            managed_policy_name=names.caller_policy,
            description="May call the external workflows of this stage",
            statements=start_and_wait(Arns(scope), names.of(SUPERVISOR)),
        )
