"""Keeps what is never played out of the server process."""

from __future__ import annotations

import importlib.util
import sys
import types


def without_ec2() -> None:
    """Let moto's interpreter have the one enum that it takes from Batch, without EC2.

    ``moto.batch`` imports ``moto.ec2``, whose tables of instance types and zones are half of the
    time and a third of the memory of a start. The package's modules stay importable one by one;
    only its ``__init__`` is not run.
    """
    if "moto.batch" in sys.modules:
        return
    spec = importlib.util.find_spec("moto.batch")
    if spec is None or spec.submodule_search_locations is None:
        return
    package = types.ModuleType("moto.batch")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules["moto.batch"] = package
