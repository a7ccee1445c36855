"""Makes the platform's sources importable where they travel inside an installed release.

A release installs one package, `interlock`; `functions` and `infra` lie in `interlock/_platform`
under their own names, since the functions' code is deployed under them. In a checkout they lie
beside `interlock`, and nothing has to be done.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().with_name("_platform")
PACKAGES = ("functions", "infra")


class Shipped(MetaPathFinder):
    """Finds the packages of `interlock/_platform`, and nothing else there."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the spec of one of our packages; what lies inside it is found as ever."""
        if path is not None or fullname not in PACKAGES:
            return None
        return PathFinder.find_spec(fullname, [str(FOLDER)], target)


def make_importable() -> None:
    """Let the shipped packages be imported, before any others of their names."""
    if FOLDER.is_dir() and not any(isinstance(one, Shipped) for one in sys.meta_path):
        sys.meta_path.insert(0, Shipped())


make_importable()
