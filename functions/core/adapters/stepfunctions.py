"""Step Functions behind the ports for executions and for tasks that wait."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.core.ports import Execution

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

_SEEN = {
    "RUNNING": Execution.OPEN,
    "PENDING_REDRIVE": Execution.OPEN,
    "SUCCEEDED": Execution.SUCCEEDED,
}


class Supervisor:
    """The `supervise_run` machine of this stage; executions carry the run's name.

    Parameters
    ----------
    machine
        ARN of the machine's `live` alias.
    """

    def __init__(self, client: "SFNClient", machine: str) -> None:
        self._client = client
        self._machine = machine

    def start(self, name: str, payload: str) -> bool:
        """Start the supervisor; False if an execution of that name exists already."""
        try:
            self._client.start_execution(stateMachineArn=self._machine, name=name, input=payload)
        except self._client.exceptions.ExecutionAlreadyExists:
            return False
        return True

    def look(self, name: str) -> Execution:
        """Say what became of the execution of that name."""
        try:
            status = self._client.describe_execution(executionArn=self._execution(name))["status"]
        except self._client.exceptions.ExecutionDoesNotExist:
            return Execution.NONE
        return _SEEN.get(status, Execution.CLOSED)

    def stop(self, name: str, cause: str) -> None:
        """Stop it; nothing happens if it is closed already, or never was."""
        try:
            self._client.stop_execution(
                executionArn=self._execution(name), error="Interlock.Cancelled", cause=cause
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise

    def _execution(self, name: str) -> str:
        unqualified = ":".join(self._machine.split(":")[:7])
        return f"{unqualified.replace(':stateMachine:', ':execution:')}:{name}"


class WaitingTasks:
    """Tasks that wait for their token to come back."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def answer(self, token: str, output: str) -> bool:
        """Let the task succeed; False if it is over, timed out, or never was."""
        gone = self._client.exceptions
        try:
            self._client.send_task_success(taskToken=token, output=output)
        except (gone.TaskTimedOut, gone.TaskDoesNotExist, gone.InvalidToken):
            return False
        return True
