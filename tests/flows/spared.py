"""The statements that nothing on a laptop decides by, each with its reason."""

from typing import Any

SPARED = {
    "logs": "Lambda's and Step Functions' own log delivery: here function logs are files",
    "xray": "no traces here",
    "bedrock": "no Bedrock here: a target of it is called at its base_url, if it has one",
}
"""Service -> why none of its actions is asked for (interlock local limits names each)."""


def spared(row: dict[str, Any]) -> str:
    """Return why a row of the coverage may stay undecided; empty if it may not."""
    return SPARED.get(row["action"].partition(":")[0], "")


def named(row: dict[str, Any]) -> str:
    """Return a row of the coverage in a line."""
    role = row["role"].rpartition("/")[2]
    return f"{role}: {row['effect']} {row['action']} on {', '.join(row['resource'])}"
