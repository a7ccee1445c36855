"""Work that moto 5.2.5 does again and again: parsed once, remembered, or left out.

Together about five times the executions a second; none of it changes an answer.
"""

from __future__ import annotations

import functools
import json
import string
import types
from typing import Any

import jsonpath_ng.ext
from moto.core import parse, responses, utils
from moto.core.base_backend import BackendDict
from moto.core.common_models import BaseModel
from moto.moto_api._internal.moto_random import MotoRandom
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.stepfunctions.parser.asl.parse import asl_parser
from pydantic_core import from_json

from interlock.local.mends.patching import everywhere


def mend_parse() -> None:
    """Parse a definition once; moto parses it with ANTLR for every start."""
    parser = asl_parser.AmazonStateLanguageParser
    parser.parse = staticmethod(functools.lru_cache(256)(parser.parse))


def mend_small_functions() -> None:
    """Remember pure functions that are called thousands of times."""
    for function in (
        jsonpath_ng.parse,
        jsonpath_ng.ext.parse,
        utils.camelcase_to_underscores,
        utils.method_names_from_class,
    ):
        everywhere(function.__name__, function, functools.lru_cache(4096)(function))


def mend_dispatch() -> None:
    """Remember which service a host name means; moto lists its own folder on disk to know it."""
    original = DomainDispatcherApplication.get_backend_for_host

    @functools.lru_cache(256)
    def found(self: Any, host: str | None) -> Any:
        return original(self, host)

    DomainDispatcherApplication.get_backend_for_host = found


def mend_backends() -> None:
    """Look for an account's stores without a global lock once they exist.

    moto 5.2.5 takes it, copies the accounts and compares all stores at each access.
    """
    original = BackendDict.__getitem__

    def found(self: Any, account_id: str) -> Any:
        try:
            return dict.__getitem__(self, account_id)
        except KeyError:
            return original(self, account_id)

    BackendDict.__getitem__ = found


def mend_tracking() -> None:
    """Let what nobody needs any more be freed.

    moto 5.2.5 keeps each model object that was ever made for its dashboard: every version of every
    item, a half of what a cloud grew with each run.
    """

    def new(cls: Any, *_args: Any, **_kwargs: Any) -> Any:
        return object.__new__(cls)

    BaseModel.__new__ = new


def mend_bodies() -> None:
    """Leave a body that is an object of JSON alone.

    moto 5.2.5 takes every body apart as if a form had sent it, before it reads it as what it is.
    """
    original = responses.parse_qsl

    def parts(body: str, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        if body.startswith("{"):
            return [(body, "")]
        found: list[tuple[str, str]] = original(body, *args, **kwargs)
        return found

    responses.parse_qsl = parts


def mend_json() -> None:
    """Read requests in JSON with pydantic's parser, which lets short texts be shared.

    moto 5.2.5 reads each text of each request anew: names of attributes, keys, states of items.
    """

    def loads(text: str) -> Any:
        try:
            return from_json(text)
        except ValueError:  # halves of surrogate pairs, which it does not take
            return json.loads(text)

    parse.json = types.SimpleNamespace(loads=loads)


def mend_random() -> None:
    """Draw the letters of a request's identity at once; moto 5.2.5 draws fifty-two times."""

    def drawn(
        self: Any, length: int = 20, include_digits: bool = True, lower_case: bool = False
    ) -> str:
        pool = string.ascii_letters + (string.digits if include_digits else "")
        text = "".join(self.choices(pool, k=length))
        return text.lower() if lower_case else text

    MotoRandom.get_random_string = drawn


@functools.cache
def apply() -> None:
    """Install this module's mends, once."""
    mend_parse()
    mend_small_functions()
    mend_dispatch()
    mend_backends()
    mend_tracking()
    mend_bodies()
    mend_json()
    mend_random()
