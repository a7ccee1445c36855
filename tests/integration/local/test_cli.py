"""``interlock local …`` against a running cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from interlock.cli.exits import Exit
from interlock.cli.local import local
from interlock.cli.root import root
from interlock.local.cloud import Cloud, running
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
    return CliRunner().invoke(root, ["local", "--state", str(state), *words])


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

    assert missing.exit_code == Exit.NOT_FOUND
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
    """Nobody to talk to, and a sentence; as JSON for programs."""
    done = typed("status", state=tmp_path)
    told = json.loads(typed("status", "--json", state=tmp_path).stderr)

    assert done.exit_code == told["exit"] == Exit.UNREACHABLE
    assert "interlock local up" in done.stderr
    assert "interlock local up" in told["error"]


def test_a_parameter_needs_a_value(tmp_path: Path):
    """A typing mistake is one, with or without a cloud; so is time that runs backwards."""
    assert typed("up", "--parameter", "Shop", state=tmp_path).exit_code == Exit.USAGE
    assert typed("tick", "--", "-1", state=tmp_path).exit_code == Exit.USAGE


@pytest.mark.cloud
def test_nobody_ends_one_of_several_clouds_by_a_guess(tmp_path: Path):
    """`down` names them and ends none; the one that is left needs no name."""
    (tmp_path / "layers").symlink_to(STATE / "layers")  # not installed anew
    queue = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    assembly = write_assembly(tmp_path / "assembly", {"one": queue}, {})
    clouds = [Cloud.start(assembly, tmp_path, companions=False) for _ in range(2)]
    for cloud in clouds:  # a process that nobody waits for is never gone
        threading.Thread(target=cloud.process.wait, daemon=True).start()
    try:
        ticked = typed("tick", "60", "--cloud", clouds[0].id, state=tmp_path)
        refused = typed("down", state=tmp_path)
        left = {cloud.id for cloud in running(tmp_path)}
        codes = [
            typed("down", *words, state=tmp_path).exit_code
            for words in (("--cloud", clouds[0].id), (), ())
        ]
    finally:
        for cloud in clouds:
            cloud.stop()

    assert ticked.exit_code == Exit.REFUSED, "they run on the machine's own time"
    assert refused.exit_code == Exit.USAGE
    assert left == {cloud.id for cloud in clouds}
    assert all(cloud.id in refused.stderr and cloud.endpoint in refused.stderr for cloud in clouds)
    assert codes == [Exit.OK, Exit.OK, Exit.UNREACHABLE]


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
