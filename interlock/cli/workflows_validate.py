"""`interlock workflows validate`: the linter, for people, programs and editors."""

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from interlock.cli import show
from interlock.cli.exits import Exit, NotFound, UsageProblem
from interlock.cli.options import examples, json_option

if TYPE_CHECKING:
    from interlock.lint.findings import Finding

STYLES = {"error": "red", "warning": "yellow"}


@click.command(
    "validate",
    epilog=examples(
        "interlock workflows validate",
        "interlock workflows validate triage_ticket --sarif build/lint.sarif",
        "interlock workflows validate --spec machine.asl.json",
        shape="{errors: number, warnings: number,\n"
        " findings: [{file, line, place, rule, severity, what, todo}]}",
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--spec",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Judge this state machine by the Amazon States Language alone.",
)
@click.option(
    "--sarif",
    "sarif_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the findings as SARIF 2.1.0 too, for editors.",
)
@json_option
@click.pass_context
def validate(
    ctx: click.Context,
    names: tuple[str, ...],
    *,
    files: tuple[Path, ...],
    sarif_file: Path | None,
    as_json: bool,
) -> None:
    """Say what is wrong with workflows, their machines and what they name.

    Without NAME everything that is declared here is judged, the catalog and the platform's
    machines too. Exit code 1 says that there are errors; warnings alone leave it 0. Each rule
    stands in docs/linter.md.
    """
    if files and names:
        raise UsageProblem("--spec judges files, not workflows", "leave out one of the two")
    with show.working("reading"):
        root, found = _of_files(files) if files else _of_project(names)
    if sarif_file is not None:
        from interlock.lint.sarif import sarif

        sarif_file.parent.mkdir(parents=True, exist_ok=True)
        sarif_file.write_text(json.dumps(sarif(found, root.as_uri()), indent=2) + "\n")
    errors = sum(finding.is_error for finding in found)
    if as_json:
        told = {"errors": errors, "warnings": len(found) - errors}
        show.as_json({**told, "findings": [_as_json(finding) for finding in found]})
    else:
        _say(found, errors)
    if errors:
        ctx.exit(Exit.BAD)


def _of_files(files: Sequence[Path]) -> "tuple[Path, list[Finding]]":
    from interlock.lint.spec import check_text

    found = []
    for file in files:
        try:
            text = file.read_bytes()
        except OSError as problem:
            raise NotFound(f"{file} can't be read: {problem.strerror}") from problem
        found += check_text(text, file.as_posix())
    return Path.cwd(), found


def _of_project(names: Sequence[str]) -> "tuple[Path, list[Finding]]":
    from interlock.lint.project import lint_project
    from interlock.places import find

    place = find()
    for name in names:
        if not (place.workflows / name).is_dir():
            raise NotFound(f"there is no workflow {name}", "see: interlock workflows list")
    found = lint_project(place.root, workflows_dir=place.workflows, catalog_dir=place.catalog)
    folders = tuple(f"{place.shown(place.workflows / name)}/" for name in names)
    return place.root, [f for f in found if not names or f.file.startswith(folders)]


def _as_json(finding: "Finding") -> dict[str, Any]:
    return {
        "file": finding.file,
        "line": finding.line,
        "place": finding.place,
        "rule": finding.rule.id,
        "severity": finding.rule.severity.value,
        "what": finding.what,
        "todo": finding.rule.todo,
    }


def _say(found: "list[Finding]", errors: int) -> None:
    for file, of_file in groupby(found, key=lambda finding: finding.file):
        show.line(show.plain(file, "bold"))
        for finding in of_file:
            severity = finding.rule.severity.value
            where = f"{file}:{finding.line}" if finding.line else file
            show.line(
                "  ",
                show.plain(f"{severity} {finding.rule.id}", STYLES[severity]),
                f"  {where}  {finding.place}",
            )
            show.line(f"      {finding.what}. {finding.rule.todo}")
    warnings = len(found) - errors
    show.line(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
