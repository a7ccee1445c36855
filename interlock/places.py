"""Where things lie: the project that one stands in, and the platform's own sources."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from interlock.shipped import FOLDER

if TYPE_CHECKING:
    from interlock.definitions.project import Project

PLATFORM: Final = FOLDER if FOLDER.is_dir() else FOLDER.parents[1]
"""The folder with functions/, infra/, statemachines/platform/ and requirements/: our checkout,
or what travels inside an installed release."""
STATE: Final = ".interlock"
"""What laptop clouds keep, in the project's folder; git ignores it."""
CDK: Final = "cdk.json"
_WORKFLOWS: Final = "statemachines/workflows"
_CATALOG: Final = "catalog"


class NoProject(Exception):
    """Neither here nor above is a folder with a cdk.json and a catalog."""


@dataclass(frozen=True)
class Place:
    """A project's folder, and where in it (or elsewhere) its declarations lie."""

    root: Path
    workflows: Path
    catalog: Path

    @property
    def state(self) -> Path:
        """The folder that laptop clouds of this project keep everything in."""
        return self.root / STATE

    def load(self) -> "Project":
        """Read and check everything that is declared; raise DefinitionErrors."""
        from interlock.definitions.project import load_project

        return load_project(self.root, workflows_dir=self.workflows, catalog_dir=self.catalog)

    def shown(self, path: Path) -> str:
        """Return *path* as it is best typed from the project's root."""
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)


def find(start: Path | None = None) -> Place:
    """Return the project that *start* (the working directory) lies in, else our own checkout.

    Raises
    ------
    NoProject
        It lies in none, and interlock was not started from a checkout.
    """
    where = (start or Path.cwd()).resolve()
    for folder in (where, *where.parents, PLATFORM):
        for place in _at(folder):
            return place
    raise NoProject(f"{where} lies in no project: there is no {CDK} with a catalog beside it")


def at(root: Path) -> Place:
    """Return the project whose root is *root*; raise NoProject if it is none."""
    for place in _at(root):
        return place
    raise NoProject(f"{root} is no project: it has no {CDK} with a catalog beside it")


def _at(folder: Path) -> Iterator[Place]:
    context = _context(folder / CDK)
    if context is None:
        return
    workflows = folder / str(context.get("workflows_dir", _WORKFLOWS))
    catalog = folder / str(context.get("catalog_dir", _CATALOG))
    if catalog.is_dir():
        yield Place(folder, workflows, catalog)


def _context(file: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    found = told.get("context", {}) if isinstance(told, dict) else None
    return found if isinstance(found, dict) else None
