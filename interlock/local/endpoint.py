"""A model endpoint of one's own behind a laptop cloud: where it is, and the key that opens it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.model_access import KEY, MODEL, URL

if TYPE_CHECKING:
    from interlock.local.cloud import Cloud

TARGET = "endpoint"
"""The target that the settings `model…` make (infra/model_access.py)."""
REHEARSED = "embedded-lexical-1"


class EndpointMissing(Exception):
    """What was said of the endpoint is not enough; the message says what is missing."""


@dataclass(frozen=True)
class Endpoint:
    """Any OpenAI-compatible endpoint: its base URL (with `/v1`), one of its models, its key."""

    url: str
    model: str
    key: str | None = field(default=None, repr=False)

    @classmethod
    def said(cls, environment: Mapping[str, str] = os.environ) -> Endpoint | None:
        """Return what `MODEL_URL`, `MODEL` and `OPENAI_API_KEY` say; None without MODEL_URL.

        Raises
        ------
        EndpointMissing
            MODEL_URL stands alone.
        """
        url, model = environment.get(URL, ""), environment.get(MODEL, "")
        if not url and not model:
            return None
        if not (url and model):
            raise EndpointMissing("MODEL_URL and MODEL go together: where, and which model")
        return cls(url.rstrip("/"), model, environment.get(KEY) or None)

    @property
    def context(self) -> dict[str, str]:
        """The CDK context that makes it the default route."""
        return {"model": self.model, **({"model_key": "yes"} if self.key else {})}

    @property
    def parameters(self) -> dict[str, str]:
        """The template parameters that lead to it."""
        return {"ModelBaseUrls": json.dumps({TARGET: self.url})}

    def unlock(self, cloud: Cloud, stage: str) -> None:
        """Hand its key to *cloud*, which holds it in memory and writes it nowhere."""
        if self.key is None:
            return
        stack = cloud.client("cloudformation").describe_stack_resources(
            StackName=f"interlock-{stage}-data"
        )
        [secret] = [
            r["PhysicalResourceId"]
            for r in stack["StackResources"]
            if r["LogicalResourceId"].startswith(f"Model{TARGET}")
        ]
        cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=self.key)


class Rehearsal:
    """The lexical model behind an address on this machine, which may be asked to go wrong."""

    def __init__(self, url: str) -> None:
        self.endpoint = Endpoint(url, REHEARSED)

    def says_next(self, *texts: str) -> None:
        """Let its next answers be *texts*, whatever it is asked."""
        import httpx

        httpx.post(f"{self.endpoint.url}/_next", json=list(texts), timeout=10).raise_for_status()


@contextmanager
def rehearsal(catalog: Path) -> Iterator[Rehearsal]:
    """Run it, on the drafts that *catalog* declares, for as long as the block takes."""
    module = ("interlock.local.guarded", "interlock.local.companions.model")
    command = [sys.executable, "-m", *module, "--catalog", str(catalog)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise EndpointMissing("the model on this machine did not start")
        yield Rehearsal(json.loads(line)["url"])
    finally:
        process.terminate()
        process.wait(10)
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
