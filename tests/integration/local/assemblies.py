"""Assemblies written by hand, and what tests ask of processes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Shared with everybody who works here: layer twins are installed once.
STATE = Path(__file__).resolve().parents[3] / ".interlock"


def write_assembly(
    folder: Path, stacks: dict[str, dict[str, Any]], code: dict[str, dict[str, str]]
) -> Path:
    """Write what ``cdk synth`` would have: stacks in the given order, one folder a function."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, sources in code.items():
        asset = folder / f"asset.{asset_key(sources)}"
        asset.mkdir(exist_ok=True)
        for path, text in sources.items():
            (asset / path).write_text(text)
        files[name] = {
            "source": {"path": asset.name, "packaging": "zip"},
            "destinations": {"here": {"bucketName": "b", "objectKey": f"{asset_key(sources)}.zip"}},
        }
    artifacts: dict[str, Any] = {}
    for name, template in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps(template, indent=1))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": list(artifacts),
        }
    (folder / "all.assets.json").write_text(json.dumps({"files": files}))
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def asset_key(sources: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()


def role(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a role for functions that allows exactly these statements."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            **(
                {"Policies": [{"PolicyName": "p", "PolicyDocument": document}]}
                if statements
                else {}
            ),
        },
    }


def allow(actions: list[str], resource: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def function(
    sources: dict[str, str], *, name: str, role_id: str = "Role", **properties: Any
) -> dict[str, Any]:
    """Return a function whose code is ``main.py`` of `sources`."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": name,
            "Runtime": "python3.13",
            "Handler": "main.handle",
            "Role": {"Fn::GetAtt": [role_id, "Arn"]},
            "Code": {"S3Bucket": "b", "S3Key": f"{asset_key(sources)}.zip"},
            **properties,
        },
    }


def eventually(check: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Return the first true answer of `check`."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {check}")
        time.sleep(0.02)


def processes_under(pid: int) -> set[int]:
    """Return `pid` and everything that it started, and so on."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    children: dict[int, list[int]] = {}
    for line in listed.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found, todo = set(), [pid]
    while todo:
        one = todo.pop()
        found.add(one)
        todo += children.get(one, [])
    return found


def alive(pids: set[int]) -> set[int]:
    """Return those that still run; one that only waits to be reaped does not."""
    found = set()
    for pid in pids:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if state and not state.startswith("Z"):
            found.add(pid)
    return found
