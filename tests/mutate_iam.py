"""`make mutate-iam`: delete each statement of each role in turn, and see that something fails.

Each mutant is a copy of the synthesized templates without one statement, on a laptop cloud of
its own, until something is denied or goes wrong. What nothing misses is a survivor, and there
may be none but what tests/flows/spared.py excuses: those are deleted all at once, in one mutant
that has to live. The coverage says the same in tests/flows/priced/test_permissions.py.

What the clouds themselves say goes to build/mutate-iam.log.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlock.files import link_or_copy
from interlock.local.clock import Clock
from interlock.local.cloud import Cloud, CloudDidNotStart
from tests.clouds import (
    PROJECT,
    STATE,
    Denied,
    Desk,
    model_provider,
    priced_assembly,
    priced_parameters,
    watched,
)
from tests.flows.everything import Everything, denied
from tests.flows.spared import spared
from tests.gate import Gate

POLICIES = {"AWS::IAM::Policy": "PolicyName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName"}
NOTHING = "xray:GetGroups"
"""An action that nobody asks for."""
NO_ROLE = "boundary"
"""A permissions boundary takes away; what it lets through allows nobody anything."""


@dataclass(frozen=True)
class Deletion:
    """One statement (or one action of it) that a mutant lacks."""

    template: str
    resource: str
    statement: int
    action: str
    """Empty: the whole statement."""
    actions: tuple[str, ...]

    def __str__(self) -> str:
        what = self.action or ", ".join(self.actions)
        return f"{self.resource} statement {self.statement}: {what}"

    @property
    def excused(self) -> bool:
        """Whether nothing here can miss it."""
        return all(spared({"action": action}) for action in self.actions)


def deletions(assembly: Path, *, by_action: bool) -> Iterator[Deletion]:
    """Yield everything that can be deleted from the roles of *assembly*."""
    for file in sorted(assembly.glob("*.template.json")):
        for name, resource in json.loads(file.read_text())["Resources"].items():
            if resource["Type"] not in POLICIES or NO_ROLE in name.lower():
                continue
            for number, statement in enumerate(_statements(resource)):
                given = statement["Action"]
                actions = (given,) if isinstance(given, str) else tuple(given)
                for action in actions if by_action else ("",):
                    one = (action,) if action else actions
                    yield Deletion(file.name, name, number, action, one)


def _statements(resource: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resource["Properties"]["PolicyDocument"]["Statement"]
    return found


def mutant(assembly: Path, deleted: Sequence[Deletion], target: Path) -> Path:
    """Copy *assembly* to *target* without what *deleted* names."""
    shutil.copytree(assembly, target, copy_function=link_or_copy)
    for name in {deletion.template for deletion in deleted}:
        file = target / name
        template = json.loads(file.read_text())
        for deletion in (one for one in deleted if one.template == name):
            statements = _statements(template["Resources"][deletion.resource])
            statements[deletion.statement]["Action"] = _left(deletion, statements)
        file.unlink()  # a link: the original keeps its text
        file.write_text(json.dumps(template))
    return target


def _left(deletion: Deletion, statements: Sequence[Mapping[str, Any]]) -> list[str]:
    given = statements[deletion.statement]["Action"]
    actions = [given] if isinstance(given, str) else given
    left = [one for one in actions if one not in deletion.actions]
    return left or [NOTHING]  # in place of none, so that the others keep their numbers


def missed(assembly: Path, model: str, deleted: Sequence[Deletion]) -> str:
    """Return what misses the deleted statements; empty if nothing does."""
    with tempfile.TemporaryDirectory(prefix="mutant.", dir=STATE) as folder:
        target = mutant(assembly, deleted, Path(folder) / "assembly")
        gate = Gate()
        parameters = {**priced_parameters(model), "SystemBaseUrls": json.dumps({"crm": gate.url})}
        try:
            with Cloud.start(
                target, STATE, clock=Clock.leaping(), parameters=parameters, faults=True
            ) as cloud:
                gate.lead_to(cloud.companion("crm"))
                return _first_trouble(cloud, model)
        except CloudDidNotStart as error:
            return f"the deployment: {error}"
        finally:
            gate.close()


def _first_trouble(cloud: Cloud, model: str) -> str:
    desk = Desk(cloud)
    try:
        with watched(lambda: denied(cloud)):
            for part in Everything(desk, model).parts():
                part()
                if found := denied(cloud):
                    return _told(found)
    except Denied as trouble:
        return _told(trouble.found)
    except Exception as trouble:
        return _told(denied(cloud)) or f"{type(trouble).__name__}: {trouble}"
    finally:
        shutil.rmtree(cloud.folder, ignore_errors=True)
    return _told(denied(cloud))


def _told(found: list[dict[str, Any]]) -> str:
    return f"{found[0]['action']} was denied" if found else ""


def main() -> int:
    """Try the mutants; 1 if others survived than may."""
    parser = argparse.ArgumentParser(prog="make mutate-iam", description=__doc__)
    parser.add_argument("--at-most", type=int, help="only so many, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--by-action", action="store_true", help="each action of a statement")
    parser.add_argument("--only", default="", help="only where this stands in the name")
    parser.add_argument("--at-once", type=int, default=1, help="clouds at a time")
    given = parser.parse_args()
    _quiet(PROJECT / "build" / "mutate-iam.log")
    assembly = priced_assembly()
    found = [d for d in deletions(assembly, by_action=given.by_action) if given.only in str(d)]
    chosen = [deletion for deletion in found if not deletion.excused]
    if given.at_most is not None:
        chosen = random.Random(given.seed).sample(chosen, min(given.at_most, len(chosen)))
    print(f"mutate-iam: {len(chosen)} of {len(found)} deletions, seed {given.seed}", flush=True)
    survivors = _try(assembly, chosen, given.at_once)
    print(f"mutate-iam: {len(chosen) - survivors} missed, {survivors} survived", flush=True)
    excused = [deletion for deletion in found if deletion.excused]
    trouble = _without(assembly, excused) if excused else ""
    verdict = f"are missed: {trouble}" if trouble else "survived together"
    print(f"mutate-iam: {len(excused)} excused deletions {verdict}")
    return 1 if survivors or trouble else 0


def _quiet(log: Path) -> None:
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as file:
        os.dup2(file.fileno(), 2)  # the clouds' servers write where this process does


def _without(assembly: Path, deleted: Sequence[Deletion]) -> str:
    with model_provider() as model:
        return missed(assembly, model, deleted)


def _try(assembly: Path, chosen: Sequence[Deletion], at_once: int) -> int:
    """Try each deletion; return how many nothing missed."""

    def one(deletion: Deletion) -> tuple[Deletion, str, float]:
        began = time.monotonic()
        return deletion, _without(assembly, [deletion]), time.monotonic() - began

    survivors = 0
    with ThreadPoolExecutor(at_once) as pool:
        for deletion, trouble, seconds in pool.map(one, chosen):
            survivors += not trouble
            verdict = f"missed: {trouble[:160]}" if trouble else "SURVIVED"
            print(f"{seconds:4.0f} s  {deletion}: {verdict}", flush=True)
    return survivors


if __name__ == "__main__":
    sys.exit(main())
