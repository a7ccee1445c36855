"""What reaches a terminal, a pipe and a spreadsheet."""

import csv
import fcntl
import io
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from click.testing import CliRunner

from interlock.cli import console, csv_text
from interlock.cli.completion import WHERE
from interlock.cli.root import NOUNS, root
from interlock.cli.stage import Stage
from tests.unit.cli.projects import ROOT

INTERLOCK = str(Path(sys.executable).with_name("interlock"))
ARN = "arn:{}:states:{}:123456789012:stateMachine:interlock-dev-supervise_run:live"


def on_a_terminal(columns: int, *words: str, **variables: str) -> str:
    """Type *words* where standard output is a terminal of so many columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    dropped = ("NO_COLOR", "COLUMNS", "FORCE_COLOR")
    environment = {n: v for n, v in os.environ.items() if n not in dropped}
    environment |= {"TERM": "xterm-256color", "PAGER": "false", **variables}
    with subprocess.Popen([INTERLOCK, *words], stdout=theirs, cwd=ROOT, env=environment) as typed:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65_536):
                shown += part
        except OSError:  # Linux says so where the other side is closed
            pass
    os.close(ours)
    assert typed.returncode == 0
    return shown.decode()


@pytest.mark.parametrize("columns", [80, 200])
def test_a_table_fits_its_terminal(columns):
    """At 80 columns the least important go; no line is longer than the page."""
    shown = on_a_terminal(columns, "workflows", "list")

    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in shown.splitlines()]
    assert max(map(len, lines)) <= columns
    assert any(line.startswith("triage_ticket") for line in lines)
    assert ("crm.update_ticket" in shown) is (columns == 200)


def test_no_color_is_heeded():
    """Colours are for terminals, and never where NO_COLOR is set."""
    coloured = re.compile(r"\x1b\[[0-9;]*3[0-9]")

    assert coloured.search(on_a_terminal(120, "tasks", "try", "classify_ticket"))
    assert not coloured.search(on_a_terminal(120, "tasks", "try", "classify_ticket", NO_COLOR="1"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1"),
        ("+49 30", "'+49 30"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\\tx"),
        ("\rx", "'\\rx"),
        ("-1.50", "-1.50"),
        ("plain, with a comma", "plain, with a comma"),
        ("\u202eevil\x1b[2J", r"\u{202e}evil\x1b[2J"),
        (None, ""),
    ],
)
def test_a_cell_is_never_a_formula(capsys, value, shown):
    """Nor an escape; a number stays one."""
    csv_text.write(["a"], [[value]])

    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [["a"], [shown]]


def test_listings_answer_as_csv(world, typed):
    """The fields of the JSON, in order."""
    run, _ = world.started()

    rows = list(csv.DictReader(io.StringIO(typed("runs", "list", "--csv").stdout)))

    assert next(row for row in rows if row["run"] == run)["status"] == "RUNNING"


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_a_deployed_run_links_to_the_console(partition, region, host):
    """The console of the region's own partition."""
    stage = Stage("dev")
    stage.__dict__["outputs"] = {"SuperviseRunArn": ARN.format(partition, region)}

    found = console.links(stage, "triage_ticket-abc", "triage_ticket")

    assert found["workflow"] == (
        f"https://{host}/states/home?region={region}#/v2/executions/details/"
        f"arn:{partition}:states:{region}:123456789012:execution:"
        "interlock-dev-wf-triage_ticket:triage_ticket-abc"
    )


def test_an_endpoint_has_no_console():
    """What answers there is not AWS's own."""
    assert console.links(Stage("dev", "http://127.0.0.1:1"), "run", "workflow") == {}


@pytest.mark.parametrize("shell", WHERE)
def test_a_shell_learns_to_complete(shell):
    """The script asks the command itself."""
    shown = CliRunner().invoke(root, ["completion", shell])

    assert shown.exit_code == 0, shown.output
    assert "_INTERLOCK_COMPLETE" in shown.stdout


def test_nouns_are_completed_without_importing_them():
    """Completion is typed at each Tab: it must be quick."""
    code = (
        "import sys; from interlock.cli.root import root; import click; "
        "names = [i.value for i in root.shell_complete(click.Context(root), 'w')]; "
        "print(names, 'interlock.cli.workflows' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['workflows'] False"
    assert "workflows" in NOUNS


def test_following_a_run_that_is_over_draws_it(world, told):
    """It comes back at once."""
    run, _ = world.started()
    world.finished(run)

    assert told("runs", "show", run, "--follow", "--check")["run"] == run
