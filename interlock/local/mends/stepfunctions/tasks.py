"""Tasks: casing, clients with the machine's role, functions and child machines in process.

moto 5.2.5 calls every service over HTTP with fixed keys, leaves the hooks between ASL's
PascalCase and boto's casing empty, and polls a child every half second.
"""

from __future__ import annotations

import functools
import json
import threading
import uuid
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.core.exceptions import ServiceException
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service as task_module,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callback_module,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_sfn as sfn_module,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from werkzeug.exceptions import HTTPException

from interlock.local.clock import current
from interlock.local.mends import iam
from interlock.local.mends.patching import Wiring, everywhere
from interlock.local.mends.place import ACCOUNT, REGION
from interlock.local.mends.requests import unqualified
from interlock.local.mends.stepfunctions import executions
from interlock.local.mends.stepfunctions.waiting import interruptible

_LONGEST_CAUSE = 32_768  # characters; GetExecutionHistory in the API reference


@functools.cache
def _operation(service: str, action: str) -> Any:
    model = botocore.session.get_session().get_service_model(service)
    names = (n for n in model.operation_names if botocore.xform_name(n) == action)
    name = next(names, None)
    return model.operation_model(name) if name else None


def mend_casing() -> None:
    """Translate ASL's casing to boto's and back; moto 5.2.5 left both hooks as `pass`."""

    def found(task: Any, service: str | None, action: str | None) -> Any:
        return _operation(
            task._get_boto_service_name(service), task._get_boto_service_action(action)
        )

    def parameters(
        self: Any,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        operation = found(self, boto_service_name, service_action_name)
        if operation is not None and operation.input_shape is not None:
            self._to_boto_request(parameters, operation.input_shape)

    def response(
        self: Any,
        response: Any,
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        if not isinstance(response, dict):
            return
        operation = found(self, boto_service_name, service_action_name)
        if operation is not None and operation.output_shape is not None:
            self._from_boto_response(response, operation.output_shape)
        response.update(json.loads(json.dumps(response, default=_as_json)))

    task_module.StateTaskService._normalise_parameters = parameters
    task_module.StateTaskService._normalise_response = response


def _as_json(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _client_error(operation: str, code: str, message: str, status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": str(uuid.uuid4()),
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        operation,
    )


def mend_clients() -> None:
    """Give each machine clients with its own role's keys, made once.

    moto 5.2.5 (`boto_client_for`) builds a client a call, with fixed keys and a fixed port.
    """
    lock = threading.Lock()

    @functools.cache
    def make(region: str, service: str, role: str, endpoint: str) -> Any:
        client: Any = boto3.client  # the stubs want a literal name
        return client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            config=Config(
                parameter_validation=False,
                retries={"total_max_attempts": 1},
                max_pool_connections=64,
            ),
            **iam.credentials(role),
        )

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        with lock:
            return make(region, service, state_credentials.role_arn, Wiring.endpoint)

    everywhere("boto_client_for", boto_client.boto_client_for, client_for)


def function_arn(name: str, qualifier: str | None = None) -> str:
    """Complete a function's name or ARN, with its qualifier."""
    full = name if name.startswith("arn:") else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    return f"{full}:{qualifier}" if qualifier else full


def _invoke(parameters: dict[str, Any], region: str, state_credentials: Any) -> dict[str, Any]:
    arn = function_arn(parameters["FunctionName"], parameters.get("Qualifier"))
    try:
        iam.authorize(state_credentials.role_arn, "lambda:InvokeFunction", arn)
        lambda_backends[ACCOUNT][region].get_function(arn)
    except iam.Denied as denied:
        # AWS shows the SDK's general exception here, not AccessDeniedException
        raise _client_error("Invoke", "AWSLambdaException", str(denied), 403) from denied
    except UnknownFunctionException as unknown:
        raise _client_error(
            "Invoke", "ResourceNotFoundException", f"Function not found: {arn}", 404
        ) from unknown
    asynchronous = parameters.get("InvocationType") == "Event"
    payload = parameters.get("Payload") or b"{}"
    failed, body = Wiring.invoke(arn, payload, asynchronous=asynchronous)
    answer: dict[str, Any] = {
        "StatusCode": 202 if asynchronous else 200,
        "ExecutedVersion": "$LATEST",
        "Payload": json.loads(body) if body else {},
    }
    return answer | ({"FunctionError": "Unhandled"} if failed else {})


def mend_invoke() -> None:
    """Invoke functions in process, on the exact ARN the machine names, as the machine's role.

    moto 5.2.5 (`_invoke_lambda_function`) goes over HTTP with fixed keys to Docker.
    """
    everywhere("_invoke_lambda_function", lambda_eval_utils._invoke_lambda_function, _invoke)


def _start_child(env: Any, region: str, given: dict[str, Any], role: str) -> None:
    arn = given["stateMachineArn"]
    backend = stepfunctions_parser_backends[ACCOUNT][region]
    try:
        iam.authorize(role, "states:StartExecution", unqualified(arn))
        started = backend.start_execution(arn, given.get("name"), given.get("input", "{}"))
    except iam.Denied as denied:
        raise _client_error("StartExecution", "AWSStepFunctions", str(denied)) from denied
    except (ServiceException, HTTPException) as error:
        raise _client_error("StartExecution", *_code_and_message(error)) from error
    env.stack.append({"executionArn": started.execution_arn, "startDate": started.start_date})


def _code_and_message(error: Any) -> tuple[str, str]:
    code = getattr(error, "error_type", None) or getattr(error, "TYPE", None) or error.code
    text = getattr(error, "message", None) or str(error)
    return str(code).removesuffix("Exception"), str(text)


def mend_start_child() -> None:
    """Start a child in process, as the parent's role; moto 5.2.5 goes over HTTP, as nobody."""
    original = sfn_module.StateTaskServiceSfn._eval_service_task

    def evaluate(
        self: Any,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        if self._get_boto_service_action() != "start_execution":
            original(self, env, resource_runtime_part, normalised_parameters, state_credentials)
            return
        role = state_credentials.role_arn
        region = resource_runtime_part.region
        _start_child(env, region, normalised_parameters, role)

    sfn_module.StateTaskServiceSfn._eval_service_task = evaluate


class _Child:
    """What a `.sync` task waits for: the child's ending, read once."""

    def __init__(self, task: Any, env: Any, execution: Any, role: str) -> None:
        self.task, self.env, self.execution, self.role = task, env, execution, role

    def answer(self) -> dict[str, Any]:
        """Return the child's description, or fail as States.TaskFailed.

        Raises
        ------
        FailureEventException
            The child did not succeed; Cause is its description, with its input.
        """
        found = json.loads(json.dumps(executions.description(self.execution), default=_as_json))
        succeeded = self.execution.status == "SUCCEEDED"
        if self.task.resource.condition == ResourceCondition.Sync2 and succeeded:
            for key in ("input", "output"):
                found[key] = json.loads(found[key])
        self.task._normalise_response(response=found, service_action_name="describe_execution")
        if succeeded:
            return dict(found)
        raise FailureEventException(self._failure(found))

    def _failure(self, found: dict[str, Any]) -> FailureEvent:
        name = StatesErrorNameType.StatesTaskFailed
        return FailureEvent(
            env=self.env,
            error_name=StatesErrorName(typ=name),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(
                taskFailedEventDetails=TaskFailedEventDetails(
                    resource=self.task._get_sfn_resource(),
                    resourceType=self.task._get_sfn_resource_type(),
                    error=name.to_name(),
                    cause=to_json_str(found)[:_LONGEST_CAUSE],
                )
            ),
        )


def mend_sync() -> None:
    """Wake a parent when its child closes, and stop the child with its parent.

    moto 5.2.5 polls DescribeExecution every 0.5 s over HTTP and leaves the child running when the
    parent stops or times out.
    """

    def build(
        self: Any,
        env: Any,
        resource_runtime_part: Any,  # noqa: ARG001 - moto's signature
        normalised_parameters: dict[str, Any],  # noqa: ARG001
        state_credentials: Any,
    ) -> _Child:
        execution = executions.find(env.stack.pop()["ExecutionArn"])
        try:
            iam.authorize(
                state_credentials.role_arn, "states:DescribeExecution", execution.exec_arn
            )
        except iam.Denied as denied:
            raise _client_error("DescribeExecution", "AWSStepFunctions", str(denied)) from denied
        return _Child(self, env, execution, state_credentials.role_arn)

    def wait(
        _self: Any,
        env: Any,
        sync_resolver: Any,
        timeout_seconds: float | None,
        callback_endpoint: Any,  # noqa: ARG001
        heartbeat_endpoint: Any,  # noqa: ARG001
    ) -> Any:
        child = sync_resolver.execution
        # Woken by the child's end or the task's: whichever is first sets this event.
        woken = threading.Event()
        child.watchers.append(woken)
        if child.closed.is_set():
            woken.set()
        with interruptible(env, woken):
            current().wait(woken, timeout_seconds)
        if child.closed.is_set() and env.is_running():
            return sync_resolver.answer()
        _stop_child(sync_resolver)
        return callback_module.CallbackOutcomeTimedOut(callback_id="")

    sfn_module.StateTaskServiceSfn._build_sync_resolver = build
    sfn_module.StateTaskServiceSfn._build_sync2_resolver = build
    callback_module.StateTaskServiceCallback._eval_sync = wait


def _stop_child(child: Any) -> None:
    """Stop a child whose parent ended, as AWS does with its best effort."""
    try:
        iam.authorize(child.role, "states:StopExecution", child.execution.exec_arn)
    except iam.Denied:
        return
    executions.stop(child.execution)


def apply() -> None:
    """Install this module's mends."""
    mend_casing()
    mend_clients()
    mend_invoke()
    mend_start_child()
    mend_sync()
