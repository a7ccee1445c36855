"""Clouds as processes: several at once, and none left behind however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from interlock.local.cloud import Cloud, CloudDidNotStart, NoSuchCloud, running
from tests.integration.local.assemblies import (
    STATE,
    alive,
    allow,
    eventually,
    function,
    processes_under,
    role,
    write_assembly,
)

pytestmark = pytest.mark.cloud
PROJECT = Path(__file__).resolve().parents[3]
SLOW = {"main.py": "import time\ndef handle(event, context):\n    time.sleep(600)\n"}


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    template = {
        "Resources": {
            "Role": role(allow(["sqs:ListQueues"], "*")),
            "Slow": function(SLOW, name="slow", Timeout=900),
            "Queue": {"Type": "AWS::SQS::Queue"},
        },
        "Outputs": {"Queue": {"Value": {"Ref": "Queue"}}},
    }
    return write_assembly(tmp_path_factory.mktemp("slow"), {"slow": template}, {"slow": SLOW})


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "layers").symlink_to(STATE / "layers")
    (STATE / "layers").mkdir(parents=True, exist_ok=True)
    return tmp_path


def keep_busy(cloud: Cloud) -> set[int]:
    """Return every process of a cloud, one of them in the middle of an invocation."""
    cloud.client("lambda").invoke(FunctionName="slow", InvocationType="Event", Payload="{}")
    eventually(lambda: [w for w in cloud.get("workers") if w["busy"]])
    pids = processes_under(int(cloud.described["pid"]))

    assert len(pids) >= 3  # server, fork server, worker

    return pids


def test_two_clouds_know_nothing_of_each_other(assembly: Path, state: Path):
    """Own port, own queues, own folder; stopping one leaves the other."""
    with Cloud.start(assembly, state) as one, Cloud.start(assembly, state) as two:
        url = one.outputs("slow")["Queue"]
        one.client("sqs").send_message(QueueUrl=url, MessageBody="for one")
        there = two.client("sqs").receive_message(QueueUrl=two.outputs("slow")["Queue"])

        assert one.endpoint != two.endpoint
        assert "Messages" not in there
        assert {c.id for c in running(state)} == {one.id, two.id}

        one.stop()

        assert [c.id for c in running(state)] == [two.id]
        assert two.status()["stacks"] == {"slow": 3}


def test_a_stop_in_the_middle_of_an_invocation_leaves_no_process(assembly: Path, state: Path):
    """Server, fork server and the busy worker are gone when stop returns."""
    cloud = Cloud.start(assembly, state)
    pids = keep_busy(cloud)
    cloud.stop()

    assert eventually(lambda: not alive(pids))
    with pytest.raises(NoSuchCloud):
        Cloud.attach(state)


def test_a_signal_to_the_server_leaves_no_process(assembly: Path, state: Path):
    """Even SIGKILL: workers end with the pipe that only the server holds."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    with ThreadPoolExecutor(3) as side_by_side:
        clouds = list(side_by_side.map(lambda _: Cloud.start(assembly, state), numbers))
    for cloud, number in zip(clouds, numbers, strict=True):
        pids = keep_busy(cloud)
        os.kill(int(cloud.described["pid"]), number)

        assert eventually(lambda pids=pids: not alive(pids)), number
        cloud.stop()
    assert running(state) == []


def test_a_killed_starter_takes_its_cloud_along(assembly: Path, state: Path):
    """The server ends with its standard input, so also when its starter could say nothing."""
    script = (
        "import sys, time; from pathlib import Path; from interlock.local.cloud import Cloud;"
        f"c = Cloud.start(Path({str(assembly)!r}), Path({str(state)!r}));"
        "c.client('lambda').invoke(FunctionName='slow', InvocationType='Event', Payload='{}');"
        "print(c.described['pid'], flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pids = processes_under(int(starter.stdout.readline()))
    starter.kill()
    starter.wait()
    starter.stdout.close()

    assert eventually(lambda: not alive(pids))


def test_a_detached_cloud_outlives_its_starter_until_it_is_ended(assembly: Path, state: Path):
    """`interlock local up`, then `down` from another process."""
    script = (
        "from pathlib import Path; from interlock.local.cloud import Cloud;"
        f"Cloud.start(Path({str(assembly)!r}), Path({str(state)!r}), detached=True)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=True, timeout=60)
    cloud = Cloud.attach(state)
    pids = keep_busy(cloud)
    cloud.stop()

    assert eventually(lambda: not alive(pids))


def test_a_spawned_worker_does_what_a_forked_one_does(assembly: Path, state: Path):
    """The way that macOS takes."""
    with Cloud.start(assembly, state, fork=False) as cloud:
        cloud.client("lambda").invoke(FunctionName="slow", InvocationType="Event", Payload="{}")
        busy = eventually(lambda: [w for w in cloud.get("workers") if w["busy"]])

        assert busy[0]["function"] == "slow"

        pids = processes_under(int(cloud.described["pid"]))
    assert eventually(lambda: not alive(pids))


def test_a_template_that_can_not_be_played_does_not_start(tmp_path: Path, state: Path):
    """The starter is told the resource's name, and nothing is left."""
    odd = {"Resources": {"Odd": {"Type": "AWS::Kinesis::Stream"}}}
    before = time.monotonic()

    with pytest.raises(CloudDidNotStart, match=r"shop/Odd \(AWS::Kinesis::Stream\)"):
        Cloud.start(write_assembly(tmp_path / "odd", {"shop": odd}, {}), state)

    assert running(state) == []
    assert time.monotonic() - before < 30
