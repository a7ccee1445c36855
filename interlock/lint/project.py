"""A whole project, judged: its declarations, its workflows' machines and the platform's."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from interlock.definitions.problems import DefinitionErrors
from interlock.definitions.project import load_project
from interlock.lint import declarations, targets
from interlock.lint.findings import Finding
from interlock.lint.lines import line_of, lines
from interlock.lint.registry import HOUSE, PLATFORM
from interlock.lint.spec import check_text

WORKFLOWS: Final = Path("statemachines/workflows")
CATALOG: Final = Path("catalog")
MACHINES: Final = Path("statemachines/platform")
_SAID_TWICE: Final = ("/StartAt", "/States", "/TimeoutSeconds")
"""Places that the definitions look at too; where the language has said something, that is it."""


class MachinesRefused(Exception):
    """State machines break rules; the message has a line for each place."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        count = len(self.findings)
        title = f"{count} error{'s' if count > 1 else ''} in state machines"
        super().__init__("\n  ".join((title, *map(str, self.findings))))


def lint_project(
    root: Path,
    *,
    workflows_dir: Path | None = None,
    catalog_dir: Path | None = None,
    today: date | None = None,
) -> list[Finding]:
    """Return everything that is wrong with the project at *root*, by file and line.

    Parameters
    ----------
    root
        What file names are relative to.
    workflows_dir, catalog_dir
        Where a company keeps its own; `statemachines/workflows` and `catalog` by default.
    today
        By which the ends of model targets are judged; this day in UTC by default.
    """
    workflows = workflows_dir or root / WORKFLOWS
    found = lint_workflows(workflows, root) + lint_platform(root / MACHINES, root)
    known = {(f.file, f.place) for f in found if f.place.endswith(_SAID_TWICE)}
    try:
        project = load_project(root, workflows_dir=workflows_dir, catalog_dir=catalog_dir)
        models = _shown((catalog_dir or root / CATALOG) / "models.toml", root)
        found += targets.findings(project.models, models, today or datetime.now(UTC).date())
    except DefinitionErrors as refused:
        told = list(declarations.findings(refused.errors))
        broken = {finding.file for finding in found if finding.rule.id == "ASL001"}
        found += [
            _with_line(finding, root)
            for finding in told
            if (finding.file, finding.place) not in known and finding.file not in broken
        ]
    return sorted(found, key=lambda f: (f.file, f.line, f.rule.id, f.place))


def lint_workflows(folder: Path, root: Path) -> list[Finding]:
    """Return what is wrong with the machines of the workflows in *folder*."""
    return [f for path in sorted(folder.glob("*/*.asl.json")) for f in lint_workflow(path, root)]


def lint_workflow(path: Path, root: Path) -> list[Finding]:
    """Return what is wrong with the machine of one workflow."""
    return check_text(path.read_bytes(), _shown(path, root), HOUSE)


def lint_platform(folder: Path, root: Path) -> list[Finding]:
    """Return what is wrong with the platform's own machines in *folder*."""
    paths = sorted(folder.glob("*.asl.json"))
    return [f for p in paths for f in check_text(p.read_bytes(), _shown(p, root), PLATFORM)]


def require_no_errors(findings: Iterable[Finding]) -> list[Finding]:
    """Return the warnings among *findings*.

    Raises
    ------
    MachinesRefused
        With the errors among them.
    """
    found = list(findings)
    if errors := [finding for finding in found if finding.is_error]:
        raise MachinesRefused(errors)
    return found


def _shown(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _with_line(finding: Finding, root: Path) -> Finding:
    """Add the line, where the file is JSON and the place is a pointer."""
    path = root / finding.file
    if finding.line or not finding.place.startswith("/") or path.suffix != ".json":
        return finding
    return finding.at(finding.file, line_of(lines(path.read_text(encoding="utf-8")), finding.place))
