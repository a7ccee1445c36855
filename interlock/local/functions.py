"""Functions as moto knows them, run by the pool: names, versions and aliases resolved."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import JsonRESTError

from interlock.local.clock import Clock
from interlock.local.deploy.resources import Site
from interlock.local.mends import iam
from interlock.local.workers.pool import SYNCHRONOUS_PAYLOAD_BYTES, Function, Pool

LOG = logging.getLogger(__name__)
_RETRY_AFTER_SECONDS = (60.0, 120.0)  # "Asynchronous invocation", Lambda developer guide
_EVENT_BYTES = 1024 * 1024


class RequestTooLarge(JsonRESTError):  # type: ignore[misc]  # moto is untyped
    """A payload over what an invocation takes."""

    code = 413

    def __init__(self, size: int, most: int) -> None:
        text = f"{size} byte payload is too large for the invocation (limit {most} bytes)"
        super().__init__("RequestTooLargeException", text)


class Functions:
    """Invokes functions by ARN.

    Parameters
    ----------
    pool
        Runs them.
    site
        Knows the folders of code and layers.
    runtime
        The folder with what the Lambda runtime itself brings.
    """

    def __init__(self, pool: Pool, site: Site, clock: Clock, runtime: str) -> None:
        self._pool = pool
        self._site = site
        self._clock = clock
        self._runtime = runtime

    def resolve(self, name: str, qualifier: str | None = None) -> Function:
        """Return the version that a name, an ARN or an alias stands for."""
        backend = lambda_backends[self._site.account][self._site.region]
        return self._described(backend.get_function(name, qualifier))

    def invoke(
        self,
        arn: str,
        payload: bytes | str,
        caller: str | None = None,
        *,
        asynchronous: bool = False,
    ) -> tuple[bool, bytes]:
        """Invoke a function; say whether it failed, and the body of its answer.

        Parameters
        ----------
        arn
            A function, version or alias.
        payload
            JSON text.
        caller
            Role that must be allowed to; nobody is asked where it is None.
        asynchronous
            Return at once; retry on the clock as Lambda does.
        """
        if caller is not None:
            iam.authorize(caller, "lambda:InvokeFunction", arn)
        function = self.resolve(arn)
        body = payload.encode() if isinstance(payload, str) else payload
        most = _EVENT_BYTES if asynchronous else SYNCHRONOUS_PAYLOAD_BYTES
        if len(body) > most:
            raise RequestTooLarge(len(body), most)
        if asynchronous:
            self._later(arn, function, body, 0)
            return False, b""
        return self._pool.invoke(function, body, arn=arn)

    def _described(self, function: Any) -> Function:
        name, arn = function.function_name, function.function_arn
        qualifier = arn.split(":function:")[1].partition(":")[2]
        logging = getattr(function, "logging_config", {})
        environment = dict(function.environment_vars or {})
        for option, variable in (
            ("LogFormat", "AWS_LAMBDA_LOG_FORMAT"),
            ("ApplicationLogLevel", "AWS_LAMBDA_LOG_LEVEL"),
        ):
            if option in logging:
                environment[variable] = logging[option]
        return Function(
            name=name,
            version=qualifier or "$LATEST",
            arn=arn,
            handler=function.handler,
            role=function.role,
            timeout_seconds=float(function.timeout),
            memory_mb=int(function.memory_size),
            runtime=str(function.run_time),
            log_group=function.logs_group_name,
            code=self._site.code[function.code_sha_256],
            layers=(*(self._site.layers[one["Arn"]] for one in function.layers), self._runtime),
            environment=tuple(sorted(environment.items())),
        )

    def _later(self, arn: str, function: Function, body: bytes, attempt: int) -> None:
        threading.Thread(
            target=self._attempt, args=(arn, function, body, attempt), daemon=True
        ).start()

    def _attempt(self, arn: str, function: Function, body: bytes, attempt: int) -> None:
        failed, answer = self._pool.invoke(function, body, arn=arn)
        config = self._event_config(function)
        if not failed:
            self._deliver(config, "OnSuccess", arn, body, answer, attempt)
            return
        if attempt < int(config.get("MaximumRetryAttempts", len(_RETRY_AFTER_SECONDS))):
            due = self._clock.now() + _RETRY_AFTER_SECONDS[attempt]
            self._clock.call_at(due, lambda: self._later(arn, function, body, attempt + 1))
            return
        LOG.error("%s failed for good on an event: %s", arn, answer[:500].decode(errors="replace"))
        self._deliver(config, "OnFailure", arn, body, answer, attempt)

    def _event_config(self, function: Function) -> Mapping[str, Any]:
        found = lambda_backends[self._site.account][self._site.region].get_function(function.name)
        for config in found.event_invoke_config:
            described: Mapping[str, Any] = config.response()
            return described
        return {}

    def _deliver(
        self,
        config: Mapping[str, Any],
        when: str,
        arn: str,
        body: bytes,
        answer: bytes,
        attempt: int,
    ) -> None:
        destination = (config.get("DestinationConfig") or {}).get(when, {}).get("Destination")
        if destination:
            record = {
                "version": "1.0",
                "timestamp": self._clock.utcnow().isoformat(),
                "requestContext": {
                    "functionArn": arn,
                    "condition": "Success" if when == "OnSuccess" else "RetriesExhausted",
                    "approximateInvokeCount": attempt + 1,
                },
                "requestPayload": json.loads(body),
                "responsePayload": json.loads(answer or b"null"),
            }
            send_record(self._site, self.resolve(arn).role, destination, record)


def send_record(site: Site, role: str, destination: str, record: Mapping[str, Any]) -> None:
    """Send a record to a queue or topic that a function's configuration names, as its role.

    Raises
    ------
    ValueError
        The destination is neither.
    """
    service = destination.split(":")[2]
    text = json.dumps(record)
    if service == "sqs":
        iam.authorize(role, "sqs:SendMessage", destination)
        url = site.client("sqs").get_queue_url(QueueName=destination.rsplit(":", 1)[1])
        site.client("sqs").send_message(QueueUrl=url["QueueUrl"], MessageBody=text)
    elif service == "sns":
        iam.authorize(role, "sns:Publish", destination)
        site.client("sns").publish(TopicArn=destination, Message=text)
    else:
        raise ValueError(f"the laptop cloud does not deliver failures to {destination}")
