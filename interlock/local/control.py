"""The cloud's own paths under ``/_local/``: what is no AWS API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from interlock.local.clock import RealTimeCannotTick
from interlock.local.deploy.problems import DeployFailed

#: A page in a browser can't send this header to another origin without asking first.
GUARD = "x-interlock"
_ANSWERS = "custom-resource/"

Query = Mapping[str, str]
Reader = Callable[[Query], object]
Actor = Callable[[Query, Mapping[str, Any]], object]


class Control:
    """Dispatches the cloud's own paths.

    Parameters
    ----------
    readers
        Answer GET by path.
    actors
        Answer POST by path; the guard header is demanded.
    answers
        Takes what custom resources answer, by token.
    """

    def __init__(
        self,
        readers: Mapping[str, Reader],
        actors: Mapping[str, Actor],
        answers: dict[str, dict[str, Any]],
    ) -> None:
        self._readers = readers
        self._actors = actors
        self._answers = answers

    def __call__(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, object]:
        """Answer one request with a status and a JSON value."""
        query = {key: values[-1] for key, values in parse_qs(headers.get("?", "")).items()}
        if method == "PUT" and path.startswith(_ANSWERS):
            self._answers[path.removeprefix(_ANSWERS)] = json.loads(body)
            return 200, {}
        if method == "GET" and path in self._readers:
            return 200, self._readers[path](query)
        if method == "POST" and path in self._actors:
            if GUARD not in headers:
                return 403, {"error": f"send the header {GUARD}: 1"}
            return self._act(path, query, body)
        return 404, {"error": f"no {method} {path} here"}

    def _act(self, path: str, query: Query, body: bytes) -> tuple[int, object]:
        try:
            return 200, self._actors[path](query, json.loads(body or b"{}"))
        except (DeployFailed, RealTimeCannotTick, KeyError, ValueError) as error:
            return 400, {"error": str(error), "type": type(error).__name__}
