"""The Makefile's words that the suite does not run itself: what they start is there, and loads.

`make kills` and its kin take long, so nobody types them daily; a name that moved in the tests'
own helpers would be found by whoever needs them next.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import tests.bench
from tests.clouds import PROJECT

_STARTS = re.compile(r"\$\(BIN\)/python -m ([\w.]+)")


def started() -> Iterator[str]:
    """Yield each module of ours that the Makefile runs, and each that the benchmark does."""
    for name in _STARTS.findall((PROJECT / "Makefile").read_text(encoding="utf-8")):
        if name.split(".")[0] in ("tests", "interlock", "infra"):
            yield name
    for module in pkgutil.iter_modules(tests.bench.__path__, "tests.bench."):
        yield module.name


@pytest.mark.parametrize("module", sorted(set(started())))
def test_what_a_word_starts_loads(module: str) -> None:
    loaded = importlib.import_module(module)
    assert loaded.__doc__, f"{module} does not say what it is"
