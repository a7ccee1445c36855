"""``interlock local …`` against a running cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from interlock.cli.local import local
from interlock.local.cloud import Cloud
from tests.integration.local.assemblies import STATE, function, role, write_assembly

ECHO = {"main.py": "def handle(event, context):\n    print(event['say'])\n"}
PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def cloud(start: Callable[..., Cloud], tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    resources = {"Role": role(), "Echo": function(ECHO, name="shop-dev-echo")}
    folder = tmp_path_factory.mktemp("echo")
    return start(
        write_assembly(folder, {"echo": {"Resources": resources}}, {"e": ECHO}), clock="tick"
    )


def typed(*words: str, state: Path = STATE) -> Result:
    return CliRunner().invoke(local, ["--state", str(state), *words])


@pytest.mark.cloud
def test_status_says_what_runs(cloud: Cloud):
    """For programs as JSON, for people as a table."""
    found = json.loads(typed("status", "--cloud", cloud.id, "--json").stdout)

    assert found["stacks"] == {"echo": 2}
    assert found["endpoint"] == cloud.endpoint
    assert "echo" in typed("status", "--cloud", cloud.id).stdout


@pytest.mark.cloud
def test_logs_show_a_function_by_the_end_of_its_name_and_can_not_steer_a_terminal(cloud: Cloud):
    """Functions print what strangers wrote."""
    payload = json.dumps({"say": "hello \x1b[2J there"})
    cloud.client("lambda").invoke(FunctionName="shop-dev-echo", Payload=payload)
    shown = typed("logs", "echo", "--cloud", cloud.id).stdout

    assert "shop-dev-echo | hello \\x1b[2J there" in shown
    assert "\x1b" not in shown

    missing = typed("logs", "nothing", "--cloud", cloud.id)

    assert missing.exit_code == 1
    assert "shop-dev-echo" in missing.stderr


@pytest.mark.cloud
def test_a_tick_moves_the_clouds_time(cloud: Cloud):
    """And prints where it is now."""
    before = cloud.status()["now"]
    done = typed("tick", "3600", "--cloud", cloud.id)

    assert done.exit_code == 0
    assert done.stdout.endswith("Z\n")
    assert cloud.status()["now"] > before


@pytest.mark.cloud
def test_the_aws_command_line_finds_the_cloud(cloud: Cloud):
    """By nothing but the environment that `up` prints."""
    environment = {"PATH": os.environ["PATH"], **cloud.environment}
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("aws")), "lambda", "list-functions"),
            *("--query", "Functions[].FunctionName", "--output", "text"),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.returncode) == ("shop-dev-echo", 0)


def test_without_a_cloud_it_says_what_to_type(tmp_path: Path):
    """Exit code 1 and a sentence."""
    done = typed("status", state=tmp_path)

    assert done.exit_code == 1
    assert "interlock local up" in done.stderr


def test_a_parameter_needs_a_value(tmp_path: Path):
    """A typing mistake is exit code 2."""
    assert typed("up", "--parameter", "Shop", state=tmp_path).exit_code == 2


def test_the_limits_are_one_table():
    """People and programs see the same rows."""
    rows = json.loads(typed("limits", "--json").stdout)

    assert {"area", "here", "on_aws"} == set(rows[0])
    assert "Restart" in typed("limits").stdout


def test_every_command_has_help_with_an_example():
    """An operator learns a command by copying."""
    for name in local.commands:
        shown = typed(name, "--help").stdout

        assert f"interlock local {name}" in shown, name


def test_ec2_stays_out_of_the_server():
    """The interpreter would import it for one enum; half of a start's time."""
    script = (
        "import sys; from interlock.local import slim; {};"
        "import moto.stepfunctions.parser.models; print('moto.ec2' in sys.modules)"
    )
    for mend, expected in (("slim.without_ec2()", "False"), ("pass", "True")):
        done = subprocess.run(
            [sys.executable, "-c", script.format(mend)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )

        assert done.stdout.strip() == expected
