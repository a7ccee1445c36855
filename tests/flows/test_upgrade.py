"""Runs that wait outlive a deployment: what the previous commit parked, this one releases."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from tests.clouds import PROJECT, STATE, Desk, assembly
from tests.flows.approvers import LEADS, Person, crm_record, parked

SYNTHESIZE = """
import sys
from pathlib import Path
from interlock.local.synth import synthesize
print(synthesize(Path.cwd(), state=Path(sys.argv[1])))
"""
PARKS = "statemachines/platform/request_approval.asl.json"


def git(*words: str) -> str:
    """Return what git says; empty where there is no history."""
    done = subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def previous_assembly(archive: Path) -> Path:
    """Synthesize the commit before this one, by its own code, once."""
    commit = git("rev-parse", "HEAD^")
    if not commit or not git("ls-tree", "--name-only", commit, PARKS):
        pytest.skip("there is no commit before this one that parks")
    # in one place for each commit: an assembly is kept under the hash of its inputs' paths too
    folder = PROJECT / "build" / f"previous-{commit[:12]}"
    if not (folder / "cdk.json").is_file():
        subprocess.run(["git", "archive", "-o", archive, commit], cwd=PROJECT, check=True)
        shutil.unpack_archive(archive, folder, filter="data")
    done = subprocess.run(
        [sys.executable, "-c", SYNTHESIZE, str(STATE)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip().splitlines()[-1])


def test_a_run_that_was_parked_before_a_deployment_is_released_after_it(tmp_path: Path):
    """Machine, function and parked item are the old ones; whoever decides is the new one."""
    before = previous_assembly(tmp_path / "previous.tar")
    with Cloud.start(before, STATE, clock=Clock.ticking()) as cloud:
        desk = Desk(cloud)
        items = {ticket: parked(desk, ticket) for ticket in ("U-1", "U-2")}

        cloud.reload(assembly())

        ana = Person(desk, "ana", *LEADS)
        assert ana.sees(items["U-1"])[1]["fields"]["refund"] == "150.00"
        assert ana.says(items["U-1"])[0] == 200
        assert ana.says(items["U-2"], fields={"refund": "80.00"})[0] == 200
        for ticket, refund in (("U-1", "150.00"), ("U-2", "80.00")):
            assert desk.closed(ticket)["status"] == "SUCCEEDED"
            assert crm_record(desk, ticket)["refund"] == refund
            assert len(desk.crm_writes(ticket)) == 1
        parked(desk, "U-3")
    shutil.rmtree(cloud.folder, ignore_errors=True)
