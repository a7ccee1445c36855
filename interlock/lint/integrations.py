"""Task resources: service integrations, their patterns, and what they can't do without.

Source: Step Functions developer guide, "Integrating optimized services" and the page of each
service; the AWS SDK integrations take any action of a service.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from interlock.lint.findings import Finding, error, warning
from interlock.lint.jsonata import is_expression
from interlock.lint.machine import Machine, State

SERVICE = error(
    "ASL801",
    "A Resource arn:aws:states:::service:action names an action that the service offers there.",
    "Correct the action, or use aws-sdk:service:action.",
)
PATTERN = error(
    "ASL802",
    "An integration has only the patterns it offers: .sync, .sync:2, .waitForTaskToken.",
    "Use a pattern that the integration has.",
)
NEEDS = error(
    "ASL803",
    "An integration is given what it can't do without.",
    "Add it to Arguments (JSONPath: Parameters).",
)
NO_TOKEN = warning(
    "ASL804",
    "A task with .waitForTaskToken passes its token on.",
    "Pass $states.context.Task.Token (JSONPath: $$.Task.Token), or nobody can answer.",
)
ENDLESS_WAIT = warning(
    "ASL805",
    "A task with .waitForTaskToken has a time-out or a heartbeat.",
    "Add TimeoutSeconds, or it waits a year for a lost answer.",
)
UNKNOWN_SERVICE = warning(
    "ASL806",
    "A Resource arn:aws:states:::service:action names a service that Step Functions lists.",
    "Correct the service, or use aws-sdk:service:action; a service added since is fine.",
)
RULES: Final = (SERVICE, PATTERN, NEEDS, NO_TOKEN, ENDLESS_WAIT, UNKNOWN_SERVICE)

_NONE, _SYNC, _TOKEN, _ALL = "", "s", "t", "st"
_STATES_ARN: Final = re.compile(
    r"arn:(?:aws[a-z-]*|\$\{[^}]+\}):states:::"
    r"(?P<service>[A-Za-z0-9-]+):(?P<rest>.+)"
)
_SDK: Final = re.compile(r"[a-z0-9]+:[a-z]\w*(\.waitForTaskToken)?")
_ACTION: Final = re.compile(r"(?P<action>[A-Za-z0-9]+)(?:\.(?P<pattern>.+))?")

INTEGRATIONS: Final[dict[str, dict[str, str]]] = {
    "apigateway": {"invoke": _TOKEN},
    "athena": {
        "startQueryExecution": _SYNC,
        "stopQueryExecution": _NONE,
        "getQueryExecution": _NONE,
        "getQueryResults": _NONE,
    },
    "batch": {"submitJob": _SYNC},
    "bedrock": {
        "invokeModel": _NONE,
        "createModelCustomizationJob": _SYNC,
    },
    "codebuild": {
        "startBuild": _SYNC,
        "startBuildBatch": _SYNC,
        "stopBuild": _NONE,
        "stopBuildBatch": _NONE,
        "retryBuild": _NONE,
        "retryBuildBatch": _SYNC,
        "batchDeleteBuilds": _NONE,
        "batchGetReports": _NONE,
    },
    "databrew": {"startJobRun": _SYNC},
    "dynamodb": {"getItem": _NONE, "putItem": _NONE, "updateItem": _NONE, "deleteItem": _NONE},
    "ecs": {"runTask": _ALL},
    "eks": {
        "call": _NONE,
        "runJob": _ALL,
        "createCluster": _SYNC,
        "deleteCluster": _SYNC,
        "createFargateProfile": _SYNC,
        "deleteFargateProfile": _SYNC,
        "createNodegroup": _SYNC,
        "deleteNodegroup": _SYNC,
    },
    "elasticmapreduce": {
        "createCluster": _SYNC,
        "terminateCluster": _SYNC,
        "addStep": _SYNC,
        "cancelStep": _NONE,
        "setClusterTerminationProtection": _NONE,
        "modifyInstanceFleetByName": _NONE,
        "modifyInstanceGroupByName": _NONE,
    },
    "emr-containers": {
        "createVirtualCluster": _NONE,
        "deleteVirtualCluster": _SYNC,
        "startJobRun": _SYNC,
    },
    "emr-serverless": {
        "createApplication": _SYNC,
        "startApplication": _SYNC,
        "stopApplication": _SYNC,
        "deleteApplication": _SYNC,
        "startJobRun": _SYNC,
        "cancelJobRun": _SYNC,
    },
    "events": {"putEvents": _TOKEN},
    "glue": {"startJobRun": _SYNC},
    "http": {"invoke": _NONE},
    "lambda": {"invoke": _TOKEN},
    "mediaconvert": {"createJob": _SYNC},
    "sagemaker": {
        "createEndpoint": _NONE,
        "createEndpointConfig": _NONE,
        "createHyperParameterTuningJob": _SYNC,
        "createLabelingJob": _SYNC,
        "createModel": _NONE,
        "createProcessingJob": _SYNC,
        "createTrainingJob": _SYNC,
        "createTransformJob": _SYNC,
        "updateEndpoint": _NONE,
    },
    "sns": {"publish": _TOKEN},
    "sqs": {"sendMessage": _TOKEN},
    "states": {"startExecution": _ALL},
}
"""Service -> action -> patterns beside request and response: s (.sync), t (.waitForTaskToken)."""

_SYNC_2: Final = frozenset({("states", "startExecution")})

REQUIRED: Final[dict[tuple[str, str], tuple[tuple[str, ...], ...]]] = {
    ("batch", "submitJob"): (("JobName",), ("JobDefinition",), ("JobQueue",)),
    ("bedrock", "invokeModel"): (("ModelId",),),
    ("codebuild", "startBuild"): (("ProjectName",),),
    ("dynamodb", "deleteItem"): (("TableName",), ("Key",)),
    ("dynamodb", "getItem"): (("TableName",), ("Key",)),
    ("dynamodb", "putItem"): (("TableName",), ("Item",)),
    ("dynamodb", "updateItem"): (("TableName",), ("Key",)),
    ("ecs", "runTask"): (("TaskDefinition",),),
    ("events", "putEvents"): (("Entries",),),
    ("glue", "startJobRun"): (("JobName",),),
    ("http", "invoke"): (("ApiEndpoint",), ("Method",)),
    ("lambda", "invoke"): (("FunctionName",),),
    ("sns", "publish"): (("TopicArn", "TargetArn", "PhoneNumber"), ("Message",)),
    ("sqs", "sendMessage"): (("QueueUrl",), ("MessageBody",)),
    ("states", "startExecution"): (("StateMachineArn",),),
}
"""Integration -> groups of arguments of which it needs one each."""

_TOKEN_PASSED: Final = re.compile(r"\.Task(?:\.Token)?\b")
_PATTERNS: Final = {"sync": _SYNC, "sync:2": _SYNC, "waitForTaskToken": _TOKEN}


def check(machine: Machine) -> Iterator[Finding]:
    """Yield what is wrong with the resources of Task states."""
    for state in machine.states:
        resource = state.body.get("Resource")
        if state.type != "Task" or not isinstance(resource, str):
            continue
        yield from _waiting(state, resource)
        found = _STATES_ARN.fullmatch(resource)
        if found is None:  # the language doesn't constrain other addresses
            continue
        place = f"{state.pointer}/Resource"
        if found["service"] == "aws-sdk":
            if not _SDK.fullmatch(found["rest"]):
                yield Finding(SERVICE, place, "aws-sdk takes service:action, begun in lower case")
            continue
        yield from _integration(state, place, found["service"], found["rest"])


def _integration(state: State, place: str, service: str, rest: str) -> Iterator[Finding]:
    said = _ACTION.fullmatch(rest)
    actions = INTEGRATIONS.get(service)
    if actions is None:
        yield Finding(UNKNOWN_SERVICE, place, f"{service} is not on the list of integrations")
        return
    if said is None or said["action"] not in actions:
        yield Finding(SERVICE, place, f"there is no integration {service}:{rest}")
        return
    action, pattern = said["action"], said["pattern"]
    if pattern is not None and (
        _PATTERNS.get(pattern, "?") not in actions[action]
        or (pattern == "sync:2" and (service, action) not in _SYNC_2)
    ):
        yield Finding(PATTERN, place, f"{service}:{action} has no pattern .{pattern}")
    field = "Arguments" if state.jsonata else "Parameters"
    given = state.body.get(field)
    if not isinstance(given, Mapping):
        return
    named = {key.removesuffix(".$") for key in given}
    for group in REQUIRED.get((service, action), ()):
        if not set(group) & named:
            said_ = f"{service}:{action} needs {' or '.join(group)}"
            yield Finding(NEEDS, f"{state.pointer}/{field}", said_)


def _waiting(state: State, resource: str) -> Iterator[Finding]:
    if not resource.endswith(".waitForTaskToken"):
        return
    given: Any = state.body.get("Arguments" if state.jsonata else "Parameters")
    if not is_expression(given) and not _TOKEN_PASSED.search(str(given)):
        yield Finding(NO_TOKEN, state.pointer, "its token goes nowhere")
    if not any(key.startswith(("TimeoutSeconds", "HeartbeatSeconds")) for key in state.body):
        yield Finding(ENDLESS_WAIT, state.pointer, "nothing bounds its wait")
