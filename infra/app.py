"""The CDK app: `python -m infra.app`, or `npx cdk synth|diff|deploy`.

No look-ups, no network, no Docker: what comes out depends on the project and its context only.
(Where a layer is not bundled yet, uv fetches the lock file's wheels.)
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import infra.node  # noqa: F401 - before aws_cdk, which starts Node when it is imported

# isort: split
from aws_cdk import App, Tags

from infra import asl, platform_wiring, single_step
from infra.asl import Definition, WiringError
from infra.model_access import at_stage
from infra.names import Names
from infra.settings import Settings, SettingsMismatch, load_settings
from infra.stacks.data import DataStack
from infra.stacks.platform import PlatformStack, Source
from infra.stacks.workflow import WorkflowStack
from interlock import places
from interlock.definitions.problems import DefinitionErrors
from interlock.definitions.project import Project, load_project
from interlock.definitions.workflows import WorkflowFolder
from interlock.lint.project import (
    MachinesRefused,
    lint_platform,
    lint_workflow,
    require_no_errors,
)

ROOT = Path(__file__).resolve().parents[1]
"""The platform's own sources: a checkout, or what travels inside an installed release."""
REFUSALS = (DefinitionErrors, MachinesRefused, WiringError, SettingsMismatch, places.NoProject)
"""What says in a sentence why nothing can be synthesized."""


def build(app: App, root: Path, project: Project | None = None) -> Settings:
    """Add the stacks of the project at *root* to *app*.

    Parameters
    ----------
    app
        Its context chooses the stage and may replace settings (`infra/settings.py`).
    root
        The folder with what is declared; the platform's sources too, where it is a checkout.
    project
        The definitions, if they are read already.

    Raises
    ------
    DefinitionErrors, MachinesRefused, WiringError, SettingsMismatch
        With a sentence that says what to mend where.
    """
    settings = load_settings(app.node.try_get_context)
    project = project or load_project(
        root,
        workflows_dir=root / settings.workflows_dir,
        catalog_dir=root / settings.catalog_dir,
    )
    project = replace(project, models=at_stage(project.models, settings))
    names = Names(settings.stage)
    catalog = project.compile_catalog()
    platform_root = root if (root / "functions" / "core" / "bootstrap.py").is_file() else ROOT
    _judge(project, platform_root)
    machines = platform_wiring.load_machines(platform_root)
    Tags.of(app).add("application", "interlock")
    Tags.of(app).add("interlock:stage", settings.stage)

    data = DataStack(app, names.stack("data"), settings=settings, documents=catalog["documents"])
    platform = PlatformStack(
        app,
        names.stack("platform"),
        settings=settings,
        names=names,
        data=data,
        source=Source(platform_root, machines, catalog),
    )
    for folder in project.workflows:
        stack = WorkflowStack(
            app,
            names.stack(f"wf-{folder.name}"),
            settings=settings,
            names=names,
            folder=folder,
            definition=_machine_of(folder, root, platform_root),
            compiled=project.compile_workflow(folder.name),
            step_machines=platform_wiring.step_machines(machines),
        )
        # By order, not by reference: what a workflow needs is found by its name.
        stack.add_stack_dependency(platform)
    if app.node.try_get_context("nag"):
        _add_nag(app)
    return settings


def _judge(project: Project, platform_root: Path) -> None:
    """Refuse machines that the linter finds errors in; say its warnings on standard error."""
    findings = lint_platform(platform_root / platform_wiring.MACHINES, platform_root)
    for folder in project.workflows:
        if folder.asl_path is not None:
            findings += lint_workflow(folder.asl_path, project.root)
    for finding in require_no_errors(findings):
        print(f"{finding.rule.severity}: {finding}", file=sys.stderr)  # noqa: T201


def _machine_of(folder: WorkflowFolder, root: Path, platform_root: Path) -> Definition:
    if folder.step is not None:
        return single_step.load(platform_root, folder.step)
    if folder.asl_path is None:
        raise WiringError(f"{folder.path}: declares neither a machine nor one step")
    return asl.load(folder.asl_path, root)


def _add_nag(app: App) -> None:
    from aws_cdk import Validations
    from cdk_nag import AwsSolutionsChecks

    Validations.of(app).add_plugins(AwsSolutionsChecks())


def make_app(root: Path, outdir: Path, context: Mapping[str, Any]) -> App:
    """Return an empty app of the project at *root*.

    *context* lies over that of cdk.json; the CDK command line's lies over both.
    """
    declared = json.loads((root / "cdk.json").read_text(encoding="utf-8"))["context"]
    return App(
        outdir=str(outdir),
        context={**declared, **context},
        analytics_reporting=False,
        # Both would write this machine's paths.
        stack_traces=False,
        tree_metadata=False,
    )


def _arguments(arguments: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m infra.app", description=__doc__)
    parser.add_argument(
        "-c", "--context", action="append", default=[], metavar="KEY=VALUE", help="CDK context"
    )
    pairs = (pair.partition("=") for pair in parser.parse_args(arguments).context)
    return {key: json.loads(text) if text[:1] in ("[", "{") else text for key, _, text in pairs}


def main(arguments: list[str] | None = None) -> int:
    """Synthesize the project we stand in into CDK_OUTDIR or cdk.out; return the exit code."""
    context = _arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        root = places.find().root
        app = make_app(root, Path(os.environ.get("CDK_OUTDIR") or root / "cdk.out"), context)
        build(app, root)
    except REFUSALS as reason:
        print(f"not synthesized: {reason}", file=sys.stderr)  # noqa: T201
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
