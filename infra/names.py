"""Physical names, and the ARNs that follow from them.

A thing has a physical name only where another stack, another repository or a prefix grant
needs it; what is named here is found by its name, so that no stack exports it.
"""

from dataclasses import dataclass

from aws_cdk import ArnFormat, Stack
from constructs import Construct

LIVE = "live"
"""The alias through which everything invokes functions and machines."""


@dataclass(frozen=True)
class Names:
    """The names of one stage."""

    stage: str

    @property
    def prefix(self) -> str:
        """What every physical name of the stage starts with; also the bus's name."""
        return f"interlock-{self.stage}"

    def stack(self, name: str) -> str:
        """Return the name of a stack."""
        return f"{self.prefix}-{name.replace('_', '-')}"

    def of(self, name: str) -> str:
        """Return the name of the platform's function, machine or queue *name*."""
        return f"{self.prefix}-{name}"

    def workflow(self, name: str) -> str:
        """Return the name of a team's machine."""
        return f"{self.prefix}-wf-{name}"

    @property
    def intake(self) -> str:
        """Return the name of the queue that is the door."""
        return self.of("intake")

    @property
    def undelivered(self) -> str:
        """Return the name of the queue for what rules, schedules and streams couldn't deliver."""
        return self.of("undelivered")

    @property
    def workflow_boundary(self) -> str:
        """Return the name of the permissions boundary of teams' machines."""
        return self.of("workflow-boundary")

    @property
    def caller_policy(self) -> str:
        """Return the name of the policy of outside machines that call external workflows."""
        return self.of("caller")


@dataclass(frozen=True)
class Arns:
    """ARNs in the account and region of *scope*, from names alone."""

    scope: Construct

    def machine(self, name: str) -> str:
        """Return a machine's own ARN, on which IAM judges StartExecution."""
        return self._arn("states", "stateMachine", name)

    def live_machine(self, name: str) -> str:
        """Return the ARN of a machine's live alias, by which it is started."""
        return f"{self.machine(name)}:{LIVE}"

    def executions(self, machine: str, execution: str = "*") -> str:
        """Return the ARN pattern of a machine's executions."""
        return self._arn("states", "execution", f"{machine}:{execution}")

    def live_function(self, name: str) -> str:
        """Return the ARN of a function's live alias."""
        return self._arn("lambda", "function", f"{name}:{LIVE}")

    def queue(self, name: str) -> str:
        """Return a queue's ARN."""
        return Stack.of(self.scope).format_arn(service="sqs", resource=name)

    def rules(self, bus: str, rule: str = "*") -> str:
        """Return the ARN pattern of the rules on a bus of our own."""
        return self._slashed("events", "rule", f"{bus}/{rule}")

    def default_rule(self, rule: str) -> str:
        """Return the ARN of a rule on the default bus."""
        return self._slashed("events", "rule", rule)

    def policy(self, name: str) -> str:
        """Return the ARN of a managed policy."""
        return Stack.of(self.scope).format_arn(
            service="iam", region="", resource="policy", resource_name=name
        )

    def _arn(self, service: str, resource: str, name: str) -> str:
        return Stack.of(self.scope).format_arn(
            service=service,
            resource=resource,
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _slashed(self, service: str, resource: str, name: str) -> str:
        return Stack.of(self.scope).format_arn(
            service=service, resource=resource, resource_name=name
        )
