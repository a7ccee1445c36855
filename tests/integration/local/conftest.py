"""Clouds that end with the module that started them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from interlock.local.cloud import Cloud
from tests.integration.local.assemblies import STATE


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[..., Cloud]]:
    """Start clouds that end with the module."""
    started: list[Cloud] = []

    def begin(assembly: Path, **options: Any) -> Cloud:
        cloud = Cloud.start(assembly, STATE, companions=False, **options)
        started.append(cloud)
        return cloud

    yield begin
    for cloud in started:
        cloud.stop()
        shutil.rmtree(cloud.folder, ignore_errors=True)
