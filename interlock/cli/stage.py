"""The stage a command talks to: where it is, what its parts are called, how they are asked.

The command line acts by invoking functions and putting events. It reads tables, buckets and
histories, and never writes one.
"""

import getpass
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from interlock.cli.exits import NotFound, Refused, Unreachable
from interlock.cli.options import DEFAULT_STAGE

if TYPE_CHECKING:
    from functions.core.adapters.dynamodb import DynamoStore
    from interlock.local.cloud import Cloud

STATE = ".interlock"
PROJECT = Path(__file__).resolve().parents[2]
LIVE = "live"
INVOKE_SECONDS = 70
"""Longer than any function that a person invokes may run."""
NOT_THERE = ("UnknownDefinition",)
MISSING_RUN = "there is no such run"


@dataclass
class Stage:
    """One stage on one cloud.

    Attributes
    ----------
    endpoint
        Where the services answer; None: AWS's own addresses.
    cloud
        The laptop cloud behind the endpoint, if it is one.
    keys
        Credentials to use in place of the usual chain.
    """

    name: str
    endpoint: str | None = None
    cloud: "Cloud | None" = None
    keys: Mapping[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """Return a client of *service*."""
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]

    @cached_property
    def _session(self) -> Any:
        import os

        import boto3

        # boto3 itself reads AWS_DEFAULT_REGION alone, unlike every other SDK and the CDK
        region = {"region_name": os.environ["AWS_REGION"]} if os.environ.get("AWS_REGION") else {}
        return boto3.session.Session(**{**region, **self.keys})  # type: ignore[arg-type]

    def _make(self, service: str) -> Any:
        from botocore.config import Config

        settings: dict[str, Any] = {
            "connect_timeout": 5,
            "read_timeout": INVOKE_SECONDS,
            "retries": {"mode": "standard", "total_max_attempts": 3},
            "max_pool_connections": 16,
        }
        if service == "lambda":  # what a person asked for once is not asked for twice
            settings["retries"] = {"mode": "standard", "total_max_attempts": 1}
        if self.endpoint:
            settings["s3"] = {"addressing_style": "path"}
        return self._session.client(service, endpoint_url=self.endpoint, config=Config(**settings))

    def credentials(self) -> Any:
        """Return the keys that requests are signed with; None if there are none."""
        return self._session.get_credentials()

    @property
    def region(self) -> str:
        """The region that requests are signed for; empty where none is set."""
        return self._session.region_name or ""

    @property
    def where(self) -> str:
        """Say which cloud and stage this is, in words."""
        if self.cloud is not None:
            return f"laptop cloud {self.cloud.id}, stage {self.name}"
        return f"{self.endpoint or 'AWS'}, stage {self.name}"

    @property
    def deploy(self) -> str:
        """What somebody types to deploy it."""
        return "npx cdk deploy --all" + self.context

    @property
    def context(self) -> str:
        """What the CDK's commands are told to mean this stage; nothing for the usual one."""
        return "" if self.name == DEFAULT_STAGE else f" -c stage={self.name}"

    @cached_property
    def outputs(self) -> dict[str, str]:
        """What the platform stack says of its parts.

        Raises
        ------
        Unreachable
            The stage is not deployed there.
        """
        from botocore.exceptions import ClientError

        stack = f"interlock-{self.name}-platform"
        try:
            found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            found = []
        told = {o["OutputKey"]: o["OutputValue"] for s in found for o in s.get("Outputs", [])}
        if not told:
            raise Unreachable(
                f"there is no stage {self.name} here ({self.endpoint or 'AWS'}: no stack {stack})",
                f"say another --stage, deploy it ({self.deploy}), or pass --aws to leave "
                "a laptop cloud aside",
            )
        return told

    def output(self, key: str) -> str:
        """Return one output of the platform stack."""
        if key not in self.outputs:
            raise Unreachable(
                f"the platform stack of stage {self.name} has no output {key}",
                "it was deployed from another version of interlock: deploy it again",
            )
        return self.outputs[key]

    @cached_property
    def store(self) -> "DynamoStore":
        """The tables, to be read."""
        from functions.core.adapters.dynamodb import DynamoStore
        from functions.core.domain.expressions import Table

        names = {table: self.output(f"{table.value.title()}Table") for table in Table}
        return DynamoStore(self.client("dynamodb"), names)

    def table(self, name: str) -> str:
        """Return the physical name of a table."""
        return self.output(f"{name.title()}Table")

    def now(self) -> datetime:
        """Return the stage's own time; a laptop cloud may run ahead of the machine's."""
        from functions.core.adapters.clock import SystemClock

        if self.cloud is None:
            return SystemClock().now()
        return datetime.fromisoformat(self.cloud.status()["now"])

    def function(self, verb_noun: str) -> str:
        """Return the name of a function."""
        return f"interlock-{self.name}-{verb_noun}"

    def execution(self, machine: str, name: str) -> str:
        """Return the ARN of an execution of one of the stage's machines."""
        base = ":".join(self.output("SuperviseRunArn").split(":")[:6])
        base = base.replace(":stateMachine", ":execution")
        return f"{base}:interlock-{self.name}-{machine}:{name}"

    def invoke(self, verb_noun: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Invoke a function and return its answer.

        Raises
        ------
        NotFound, Refused
            What the function raised, by its error's name.
        """
        answer = self.client("lambda").invoke(
            FunctionName=self.function(verb_noun),
            Qualifier=LIVE,
            Payload=json.dumps(request).encode(),
        )
        told = json.loads(answer["Payload"].read() or b"null")
        if answer.get("FunctionError"):
            raise _refusal(verb_noun, told if isinstance(told, dict) else {})
        return dict(told)

    @cached_property
    def person(self) -> str:
        """Who is at the keyboard, as far as the cloud can tell: put on record as `by`."""
        name = _login()
        if self.cloud is not None:
            return name
        arn = self.client("sts").get_caller_identity()["Arn"]
        return f"{name} ({arn})"[:200]


def _refusal(verb_noun: str, told: Mapping[str, Any]) -> Exception:
    kind, message = str(told.get("errorType", "")), str(told.get("errorMessage", ""))
    if kind in NOT_THERE or MISSING_RUN in message:
        return NotFound(message or kind)
    if kind in ("Runtime.ExitError", "Sandbox.Timedout", "Lambda.Unknown"):
        return Refused(
            f"{verb_noun} did not come back ({kind})",
            "whether it did its work is not known: look first, then try again",
        )
    said = message.splitlines()[0] if message else "it gave no reason"
    return Refused(f"{verb_noun} refused: {said}", f"error {kind}" if kind else "")


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return "unknown"


def connect(
    name: str, *, endpoint: str | None = None, cloud_id: str | None = None, aws: bool = False
) -> Stage:
    """Return the stage *name* where the command line talks to.

    An endpoint that was said; else a laptop cloud of this project that runs; else AWS.

    Raises
    ------
    Unreachable
        No laptop cloud of the id that was said is running.
    """
    if endpoint and not cloud_id:
        return _at(name, endpoint)
    cloud = None if aws and not cloud_id else _running(cloud_id)
    if cloud is None and cloud_id:
        raise Unreachable(f"no laptop cloud {cloud_id} is running", "see: interlock local status")
    if cloud is not None:
        return Stage(name, cloud.endpoint, cloud, _developer(cloud))
    return Stage(name)


def _at(name: str, endpoint: str) -> Stage:
    cloud = _laptop(endpoint)
    if cloud is None or _has_keys():
        return Stage(name, endpoint, cloud, {"region_name": _region(cloud)} if cloud else {})
    return Stage(name, endpoint, cloud, _developer(cloud))


def _region(cloud: "Cloud") -> str:
    return cloud.environment["AWS_REGION"]


def _developer(cloud: "Cloud") -> dict[str, str]:
    said = cloud.environment
    return {
        "aws_access_key_id": said["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": said["AWS_SECRET_ACCESS_KEY"],
        "region_name": said["AWS_REGION"],
    }


def _has_keys() -> bool:
    import os

    return any(name in os.environ for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"))


def _laptop(endpoint: str) -> "Cloud | None":
    """Return the laptop cloud behind *endpoint*, if one answers there."""
    if not _is_loopback(endpoint):
        return None
    from interlock.local.cloud import Cloud, CloudRefused

    cloud = Cloud("", Path(), {"endpoint": endpoint.rstrip("/")})
    try:
        told = cloud.status()
    except (OSError, ValueError, CloudRefused):
        return None
    folder = Path(str(told.get("state", "")))
    return Cloud(folder.name, folder, told)


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _running(cloud_id: str | None) -> "Cloud | None":
    """Return a running laptop cloud of the project that we stand in, or that we are part of.

    Where several run: the newest that was left running on purpose, before those that tests
    and demonstrations hold.
    """
    for folder in (*_above(Path.cwd()), PROJECT):
        if (folder / STATE / "clouds").is_dir():
            from interlock.local.cloud import running

            found = [c for c in running(folder / STATE) if cloud_id in (None, c.id)]
            return max(found, key=lambda cloud: (_is_detached(cloud), cloud.started), default=None)
    return None


def _is_detached(cloud: "Cloud") -> bool:
    try:
        told = json.loads((cloud.folder / "settings.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(told.get("detached"))


def _above(folder: Path) -> list[Path]:
    return [folder, *folder.parents]
