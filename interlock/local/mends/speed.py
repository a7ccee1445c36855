"""Work that moto 5.2.5 does again and again: parsed once, remembered, or left out.

Together about five times the executions a second; none of it changes an answer.
"""

from __future__ import annotations

import functools
from typing import Any

import jsonpath_ng.ext
from moto.core import utils
from moto.core.base_backend import BackendDict
from moto.core.common_models import BaseModel
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.stepfunctions.parser.asl.parse import asl_parser

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


@functools.cache
def apply() -> None:
    """Install this module's mends, once."""
    mend_parse()
    mend_small_functions()
    mend_dispatch()
    mend_backends()
    mend_tracking()
