"""Addresses of the AWS console, for what is deployed; a laptop cloud has none."""

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from interlock.cli.stage import Stage

_HOSTS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def links(stage: "Stage", run: str, workflow: str) -> dict[str, str]:
    """Return name -> address of what the console shows of *run*; none where it has no console."""
    if stage.endpoint is not None or stage.cloud is not None:
        return {}
    arns = {
        "supervisor": stage.execution("supervise_run", run),
        "workflow": stage.execution(f"wf-{workflow}", run),
    }
    return {name: _execution(arn) for name, arn in arns.items()}


def _execution(arn: str) -> str:
    _, partition, _, region, *_ = arn.split(":")
    host = f"{region}.{_HOSTS[partition]}"
    return f"https://{host}/states/home?region={region}#/v2/executions/details/{quote(arn, ':')}"
