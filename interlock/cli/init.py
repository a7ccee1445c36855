"""`interlock init`: a company's own repository, against this release."""

import re
import shutil
from pathlib import Path

import click

from interlock.cli import show
from interlock.cli.exits import UsageProblem
from interlock.cli.options import examples, json_option

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
TEAM = re.compile(r"[a-z][a-z0-9_]{0,39}")


@click.command(
    epilog=examples(
        "interlock init acme-workflows",
        shape="{folder, release, wheel, files: [path], next: [command]}",
    )
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--owner", default="", metavar="ADDRESS", help="Else git's user.email.")
@click.option("--team", default="main", show_default=True, metavar="NAME")
@json_option
def init(folder: Path, *, owner: str, team: str, as_json: bool) -> None:
    """Make a repository of your own in DIR: workflows, catalog, tests, CI, deployment.

    Nothing of Interlock is copied: it is installed at this release, and `cdk deploy` works from
    there. The release's wheel is put beside it where it was installed from a file.
    """
    from importlib.metadata import version

    from interlock.cli.declaring import address
    from interlock.scaffold import repository

    name = _name(folder)
    if TEAM.fullmatch(team) is None:
        raise UsageProblem(f"--team {team}: takes lower-case letters, digits and underscores")
    wheel = repository.installed_wheel()
    texts = repository.files(name, owner or address(), team, repository.requirement(wheel))
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    if wheel is not None:
        (folder / repository.WHEELS).mkdir()
        shutil.copyfile(wheel, folder / repository.WHEELS / wheel.name)
    then = [f"cd {folder}", "make test", "make synth"]
    if as_json:
        told = {"folder": str(folder.resolve()), "release": version("interlock")}
        show.as_json({**told, "wheel": wheel and wheel.name, "files": sorted(texts), "next": then})
        return
    for path in sorted(texts):
        show.line("wrote ", folder / path)
    if wheel is None:
        pin = repository.requirement(None)
        show.note(f"requirements.txt names {pin}: say in it where your pip finds that release")
    show.line("next: ", show.plain("; ".join(then), "bold"))


def _name(folder: Path) -> str:
    """Return what the repository is called; raise UsageProblem if it can't be made there."""
    if folder.is_dir() and any(one.name != ".git" for one in folder.iterdir()):
        raise UsageProblem(f"{folder} is not empty")
    name = re.sub(r"[^a-z0-9._-]", "-", folder.resolve().name.lower())
    if NAME.fullmatch(name) is None:
        raise UsageProblem(f"{folder.name} does not begin with a letter or digit")
    return name
