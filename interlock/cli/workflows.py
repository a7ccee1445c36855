"""`interlock workflows`: each verb stands in a module of its own."""

import click

from interlock.cli.workflows_list import list_
from interlock.cli.workflows_new import new
from interlock.cli.workflows_run import run
from interlock.cli.workflows_validate import validate


@click.group()
def workflows() -> None:
    """Make workflows, list them, judge them, run one on this laptop."""


for _verb in (list_, new, validate, run):
    workflows.add_command(_verb)
