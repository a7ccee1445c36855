"""The root command: its nouns, its exit codes, and the one place where errors are shown."""

import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from interlock.cli.exits import MEANINGS, Exit, explain
from interlock.cli.options import connection_options

NOUNS: Mapping[str, tuple[str, str]] = {
    "runs": ("interlock.cli.runs:runs", "list, show and cancel runs; say why one failed"),
    "events": ("interlock.cli.events:events", "put events; see and replay what was refused"),
    "inbox": ("interlock.cli.inbox:inbox", "what waits for a person, the most urgent first"),
    "approvals": ("interlock.cli.approvals:approvals", "show, approve, reject, edit what waits"),
    "evidence": ("interlock.cli.evidence:evidence", "show and verify the record of a run"),
    "cost": ("interlock.cli.cost_report:cost", "what was spent, on what; what was wasted"),
    "budgets": ("interlock.cli.budgets:budgets", "what is left; raise, lower, settle"),
    "tasks": ("interlock.cli.tasks:tasks", "make, try, show AI tasks; promote a version"),
    "models": ("interlock.cli.models:models", "list, show and try model targets and routes"),
    "policies": (
        "interlock.cli.policies:policies",
        "show what holds for a task; try an input; publish, promote",
    ),
    "workflows": ("interlock.cli.workflows:workflows", "make, list, validate, run workflows"),
    "stop": ("interlock.cli.stop:stop", "set, clear and show emergency stops"),
    "completion": ("interlock.cli.completion:completion", "let a shell complete what is typed"),
    "init": ("interlock.cli.init:init", "make a repository of your own against this release"),
    "dlq": ("interlock.cli.dlq:dlq", "what was given up: list, show, replay, discard"),
    "doctor": ("interlock.cli.doctor:doctor", "whether a deployment will work, a stage does"),
    "local": ("interlock.cli.local:local", "the laptop cloud: up, down, run, status, limits"),
}


class Nouns(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's)
        """Return the nouns."""
        return list(NOUNS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import one noun."""
        if cmd_name not in NOUNS:
            return None
        module, _, name = NOUNS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the nouns that begin so; none is imported for it."""
        found = [name for name in NOUNS if name.startswith(incomplete)]
        if not found:
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(name, help=NOUNS[name][1]) for name in found]

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  (click's)
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the nouns without importing any."""
        with formatter.section("Nouns"):
            formatter.write_dl([(name, help_) for name, (_, help_) in NOUNS.items()])

    def format_epilog(
        self,
        ctx: click.Context,  # noqa: ARG002  (click's)
        formatter: click.HelpFormatter,
    ) -> None:
        """Write where it talks to, and the exit codes."""
        with formatter.section("Talks to"):
            formatter.write_text(
                "--endpoint or AWS_ENDPOINT_URL; else a laptop cloud of this project that runs; "
                "else AWS, with your usual credentials (--aws leaves laptop clouds aside)."
            )
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code.value), text) for code, text in MEANINGS.items()])
        with formatter.section("Examples"):
            formatter.write_dl(
                [
                    ("interlock events put triage_ticket ticket.json --wait", "start a run"),
                    ("interlock runs show last", "see what it did"),
                    ("interlock evidence verify --all", "check every record"),
                ]
            )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; show a problem as one sentence and what to do next."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(Exit.INTERRUPTED)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(Exit.OK)
        except Exception as error:
            if ctx.meta.get("interlock.debug"):
                raise
            ctx.exit(_show_problem(error, as_json=bool(ctx.meta.get("interlock.json"))))


def _show_problem(error: Exception, *, as_json: bool) -> Exit:
    import json

    from interlock.cli import show

    problem = explain(error)
    if as_json:
        told = {"error": problem.what, "next": problem.then, "exit": int(problem.code)}
        click.echo(json.dumps(told), err=True)
        return problem.code
    show.errors().print(show.plain(problem.what, "red"), soft_wrap=True)
    if problem.then:
        show.errors().print(show.plain(problem.then), soft_wrap=True)
    return problem.code


@click.group(
    cls=Nouns,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@connection_options
@click.version_option(package_name="interlock", message="%(package)s %(version)s")
def root() -> None:
    """Run AI workflows under control: see them, stop them, prove what they did.

    Each command is a noun and a verb: interlock NOUN VERB. Each verb says more with --help,
    and most answer as JSON with --json.
    """


def main() -> None:
    """Start the command line."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a terminal that lacks a character gets another one
            reconfigure(errors="replace")
    root(prog_name="interlock")
