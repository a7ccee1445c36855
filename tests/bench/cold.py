"""From the start of a process to a handler that is ready, and what has to be unpacked for it.

Ready means: the handler is imported, and everything it takes from the composition root on its
first invocation is made, clients included; only what needs an answer from AWS (the master
secret's text) is given. Each start is an interpreter of its own (`-I -S`) that finds the
function's package, the twin of its layer and the twin of Lambda's runtime, all compiled, and
nothing else. The yardstick is the usual pile, imported in the same way.
"""

import compileall
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from interlock.local.deploy.assembly import read_assembly
from interlock.local.workers.twins import layer_twin, twin
from tests.bench.figures import PROJECT, Measured, Pairs, Say
from tests.clouds import STATE

ROUNDS = 5
CALLS_A_MODEL = frozenset({"call_model"})
MB = 1024 * 1024
BYTECODE_SHARE = "bytecode by this interpreter"

PILE = """
from aws_lambda_powertools import Logger, Metrics, Tracer
Logger()
Metrics(namespace="bench")
from typing import Literal
from pydantic import BaseModel
class Answer(BaseModel):
    category: Literal["a", "b"]
    summary: str
    tags: list[str]
    confidence: float
import httpx
httpx.Client()
import jsonschema
schema = {"type": "object", "properties": {"c": {"type": "number"}}}
jsonschema.Draft202012Validator(schema).is_valid({})
import boto3
session = boto3.Session()
for service in ("dynamodb", "bedrock-runtime", "secretsmanager"):
    session.client(service)
"""

READY = """
import importlib
handler = importlib.import_module("functions.{name}.handler")
from functions.core import bootstrap
if {secret}:
    from functions.core.adapters.secrets import SecretsManager
    SecretsManager.text = lambda self, arn: "m" * 64
for maker in {makers}:
    made = getattr(bootstrap, maker)()
    if maker == "model_clients":
        made["openai_chat"]
handler.handle
"""

START = """
import os, sys
sys.path[:] = {paths} + sys.path
{body}
os._exit(0)
"""


@dataclass(frozen=True)
class Package:
    """What Lambda unpacks for one function."""

    name: str
    code: Path
    layers: tuple[Path, ...]
    environment: dict[str, str]


def packages(assembly: Path) -> Iterator[Package]:
    """Yield every function of the platform's template."""
    whole = read_assembly(assembly)
    body = json.loads((assembly / "interlock-dev-platform.template.json").read_text("utf-8"))
    for resource in body["Resources"].values():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        told = resource["Properties"]
        key = told["Code"]["S3Key"].removesuffix(".zip")
        given = told["Environment"]["Variables"].items()
        # what is known at deployment only: any text will do where nothing is asked of AWS
        environment = {n: v if isinstance(v, str) else _text(n) for n, v in given}
        name = told["Handler"].split(".")[1]
        layers = tuple(layer.path for layer in whole.layers_of(resource))
        yield Package(name, assembly / f"asset.{key}", layers, environment)


def _text(variable: str) -> str:
    return "{}" if variable.endswith(("_URLS", "_ARNS")) else f"some-{variable.lower()}"


def size(assembly: Path, say: Say) -> dict[str, Measured]:
    """Measure the largest package: layers and code, unzipped, with bytecode.

    Functions that carry the guards' layer are told apart from all others.
    """
    layers: dict[Path, float] = {}
    sizes: dict[bool, dict[str, float]] = {False: {}, True: {}}
    for package in packages(assembly):
        for number, layer in enumerate(package.layers):
            if layer not in layers:
                layers[layer] = _bytes(_compiled(layer, f"layer-{number}")) / MB
        code = _bytes(_compiled(package.code, package.name)) / MB
        whole = round(code + sum(layers[layer] for layer in package.layers), 2)
        sizes[len(package.layers) > 1][package.name] = whole
    told = {
        "layers_mb": [round(size, 2) for size in layers.values()],
        "compiled": _how(next(iter(layers))),
        "limit_of_lambda_mb": 250,
    }
    say(f"packages: the layers have {told['layers_mb']} MB")
    return {
        "package_mb_max": _largest(sizes[False], told),
        "package_mb_guards_max": _largest(sizes[True], told),
    }


def _largest(sizes: dict[str, float], told: dict[str, object]) -> Measured:
    largest = max(sizes, key=lambda name: sizes[name])
    return Measured(sizes[largest], {**told, "largest": largest})


def _how(layer: Path) -> str:
    return "in the layer" if any(layer.rglob("*.pyc")) else BYTECODE_SHARE


def _compiled(folder: Path, name: str, pattern: str = "*.pyc") -> Path:
    """Return a copy of *folder* with bytecode that *pattern* finds."""
    target = PROJECT / "build" / "bench" / "packages" / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    if not any(target.rglob(pattern)):
        compileall.compile_dir(target, quiet=2, workers=1)
    return target


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def ready(assembly: Path, say: Say, rounds: int = ROUNDS) -> dict[str, Measured]:
    """Measure how long each function takes to be ready, against the pile."""
    layers, starts = STATE / "layers", {}
    runtime = twin(PROJECT / "requirements" / "runtime.lock", layers)
    for package in packages(assembly):
        twins = [str(layer_twin(layer, layers)) for layer in package.layers]
        code = _compiled(package.code, package.name, f"*.{sys.implementation.cache_tag}.pyc")
        paths = [str(code), *twins, str(runtime)]
        starts[package.name] = (_program(package.name, paths, code), package.environment)
    pile = START.format(paths=[twins[0], str(runtime)], body=PILE)
    seconds: dict[str, list[float]] = {name: [] for name in starts}
    theirs = []
    for number in range(rounds + 1):
        say(f"cold starts: {len(starts)} functions, round {number} of {rounds}")
        base = _processor_seconds(pile, {})
        if number:  # the first fills the disk cache
            theirs.append(base)
        for name, (program, environment) in starts.items():
            taken = _processor_seconds(program, environment)
            if number:
                seconds[name].append(taken)
    pairs = {name: Pairs(taken, theirs) for name, taken in seconds.items()}
    provider = {name: pair for name, pair in pairs.items() if name in CALLS_A_MODEL}
    others = {name: pair for name, pair in pairs.items() if name not in CALLS_A_MODEL}
    return {
        "handler_ready_provider_max": _slowest(provider),
        "handler_ready_other_max": _slowest(others),
    }


def _slowest(pairs: dict[str, Pairs]) -> Measured:
    slowest = max(pairs, key=lambda name: pairs[name].ratio)
    every = {name: round(pair.ratio, 3) for name, pair in sorted(pairs.items())}
    unit = "processor_ms"
    said = {"slowest": slowest, **pairs[slowest].details(unit, 1000), "every_function": every}
    return Measured(round(pairs[slowest].ratio, 3), said)


def _program(name: str, paths: list[str], code: Path) -> str:
    """Return a program that makes what the handler's own text takes from the composition root."""
    text = (code / "functions" / name / "handler.py").read_text(encoding="utf-8")
    taken = re.findall(r"bootstrap\.(\w+)\(([^)]?)", text)
    # what takes an argument asks AWS or needs a context; what it is made of is made anyway
    makers = sorted({maker for maker, argument in taken if argument == ")" or not argument})
    makers += ["system_client"] if "endpoints" in makers else []
    body = READY.format(name=name, makers=makers, secret="keys" in _reached(makers))
    return START.format(paths=paths, body=body)


def _reached(makers: list[str]) -> set[str]:
    """Return *makers* and all that they call in the composition root."""
    text = (PROJECT / "functions" / "core" / "bootstrap.py").read_text(encoding="utf-8")
    bodies = dict(re.findall(r"^def (\w+)\(.*?\n((?:    .*\n|\n)+)", text, re.MULTILINE))
    found, waiting = set(), list(makers)
    while waiting:
        maker = waiting.pop()
        if maker not in found:
            found.add(maker)
            waiting += re.findall(r"\b(\w+)\(", bodies.get(maker, ""))
    return found


def _processor_seconds(program: str, environment: dict[str, str]) -> float:
    """Return what one start takes; processor time, since a busy machine only adds waiting."""
    given = {
        "PATH": os.environ.get("PATH", os.defpath),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "POWERTOOLS_SERVICE_NAME": "bench",
        **environment,
    }
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", program],
        env=given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    complaint = child.stderr.read() if child.stderr else b""
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.stderr:
        child.stderr.close()
    if child.returncode:
        raise RuntimeError(complaint.decode(errors="replace")[-1500:])
    return used.ru_utime + used.ru_stime
