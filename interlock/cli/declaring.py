"""What the verbs that write declarations share: names, owners, and taking back what is wrong."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from interlock.cli.exits import UsageProblem
from interlock.definitions.problems import DefinitionErrors, Problems
from interlock.places import Place

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
UNKNOWN_OWNER = "you@example.com"
UNKNOWN_TEAM = "main"


def new_folder(place: Place, parent: Path, name: str) -> Path:
    """Return the folder of a new declaration; raise UsageProblem if it can't be made."""
    if NAME.fullmatch(name) is None:
        raise UsageProblem(
            f"{name}: takes lower-case letters, digits and underscores, 40 at most, a letter first"
        )
    if (parent / name).exists():
        raise UsageProblem(f"{place.shown(parent / name)} is there already")
    return parent / name


def write(
    place: Place, folder: Path, texts: Mapping[str, str], load: Callable[[Problems], object]
) -> list[str]:
    """Write *texts* into *folder* and see by *load* that they hold; else take them away again.

    Raises
    ------
    DefinitionErrors
        What does not hold, of this folder alone.
    """
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    problems = Problems(place.root)
    load(problems)
    own = of_folder(place, folder, problems)
    if own.found:
        shutil.rmtree(folder)
        raise DefinitionErrors(own.found)
    return list(texts)


def of_folder(place: Place, folder: Path, problems: Problems) -> Problems:
    """Return those of *problems* that lie in *folder*."""
    start = f"{place.shown(folder)}/"
    found = [one for one in problems.found if one.file.startswith(start)]
    return Problems(place.root, found)


def address() -> str:
    """Return who works here, as git knows them; a placeholder where it does not."""
    try:
        done = subprocess.run(
            ["git", "config", "user.email"], capture_output=True, text=True, check=False
        )
    except OSError:
        return UNKNOWN_OWNER
    return done.stdout.strip() or UNKNOWN_OWNER
