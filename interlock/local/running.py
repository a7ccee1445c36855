"""One running cloud: its parts put together, brought up, reloaded and ended."""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from interlock.local import clock as clocks
from interlock.local import companion, mends, slim
from interlock.local.control import Control
from interlock.local.deploy import cloudformation
from interlock.local.deploy.assembly import Assembly, read_assembly
from interlock.local.deploy.deployer import Deployer
from interlock.local.deploy.resources import Site
from interlock.local.function_urls import FunctionUrls
from interlock.local.functions import Functions
from interlock.local.leaps import Leaps
from interlock.local.limits import LIMITS
from interlock.local.mends import counting, iam
from interlock.local.settings import ACCOUNT, REGION, Settings, clock_of
from interlock.local.sources import RunningMappings
from interlock.local.sources.queues import QueuePoller
from interlock.local.sources.streams import StreamPoller
from interlock.local.transport import InProcess, share_service_models
from interlock.local.workers.pool import Pool
from interlock.local.workers.twins import layer_twin, twin
from interlock.local.wsgi import Application, listen

LOG = logging.getLogger(__name__)
_BASE_URLS = "SystemBaseUrls"
_SECRET_ARNS = "SystemSecretArns"  # noqa: S105 - the name of an output


class Running:
    """A cloud in this process.

    Parameters
    ----------
    settings
        What to run and how.
    stopping
        Set by ``POST /_local/stop``.
    progress
        Told each step of coming up.
    """

    def __init__(
        self, settings: Settings, stopping: threading.Event, progress: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._progress = progress
        self._state = Path(settings.state)
        self._deploying = threading.Lock()
        self._stopping = stopping
        self.clock = clocks.install(clock_of(settings.clock))
        self._application = Application()
        self._server = listen(self._application)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._companions: dict[str, companion.Companion] = {}
        layers = Path(settings.layers)
        progress("the Lambda runtime's packages")
        self._runtime = str(twin(Path(settings.runtime_lock), layers))
        self._pool = Pool(
            endpoint=self.endpoint,
            clock=self.clock,
            state=self._state,
            pycache=layers.with_name("pycache"),
            credentials=iam.credentials,
            size=settings.workers,
            fork=settings.fork,
        )
        self._leaps = Leaps(self.clock, self._pool.is_busy)
        share_service_models()
        transport = InProcess(self._application, self.endpoint, REGION)
        self._site = Site(
            account=ACCOUNT,
            region=REGION,
            endpoint=self.endpoint,
            client=transport.client,
            invoke=self._invoke,
            twin=lambda asset: layer_twin(asset, layers),
            mappings=RunningMappings(self._queue_poller, self._stream_poller),
        )
        self._functions = Functions(self._pool, self._site, self.clock, self._runtime)
        self._deployer = Deployer(self._site, lambda stack: progress(f"deploy {stack}"))
        self._answers = cloudformation.Answers(self._deployer.stacks)
        self._parameters: dict[str, str] = dict(settings.parameters)

    def up(self) -> None:
        """Deploy and begin to play AWS."""
        slim.without_ec2()
        mends.apply(endpoint=self.endpoint, clock=self.clock, invoke=self._functions.invoke)
        self._application.control = Control(self._readers(), self._actors(), self._site.answers)
        self._application.cloudformation = self._cloudformation
        self._application.function_urls = FunctionUrls(self.endpoint, self._site.urls, self._invoke)
        threading.Thread(target=self._server.serve_forever, name="http", daemon=True).start()
        assembly = read_assembly(Path(self._settings.assembly))
        self._start_companions()
        self._warm(assembly)
        self._deploy(assembly)
        if self.clock.leaps:
            self._leaps.begin()

    def down(self) -> None:
        """End every process and poller of this cloud."""
        self._leaps.end()
        self._mappings.close()
        self._pool.close()
        for one in self._companions.values():
            one.close()
        self._server.server_close()

    def described(self) -> dict[str, Any]:
        """Say where and what this cloud is."""
        return {
            "endpoint": self.endpoint,
            "region": REGION,
            "account": ACCOUNT,
            "pid": os.getpid(),
            "state": str(self._state),
            "assembly": self._settings.assembly,
            "clock": self._settings.clock,
            "stacks": {n: len(s.resources) for n, s in self._deployer.stacks.items()},
            "companions": {name: one.url for name, one in self._companions.items()},
            "companion_logs": {name: str(one.log) for name, one in self._companions.items()},
        }

    @property
    def _mappings(self) -> RunningMappings:
        mappings = self._site.mappings
        if not isinstance(mappings, RunningMappings):
            raise TypeError("this cloud's mappings are not its own")
        return mappings

    def _cloudformation(self, key: str, body: bytes) -> tuple[int, bytes]:
        role, (action, stack) = iam.role_behind(key), cloudformation.requested(body)
        if role is not None:
            place = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/*" if stack else "*"
            try:
                iam.authorize(role, f"cloudformation:{action}", place)
            except iam.Denied as denied:
                return 403, cloudformation.error("AccessDenied", str(denied))
        return self._answers.answer(body)

    def _invoke(self, arn: str, payload: bytes) -> tuple[bool, bytes]:
        return self._functions.invoke(arn, payload)

    def _queue_poller(self, properties: Mapping[str, Any]) -> QueuePoller:
        return QueuePoller(properties, self._functions)

    def _stream_poller(self, properties: Mapping[str, Any]) -> StreamPoller:
        return StreamPoller(properties, self._functions, self._site, self.clock)

    def _warm(self, assembly: Assembly) -> None:
        """Build each layer's twin and import what all share, while the templates are deployed."""
        self._progress("layer twins")
        kept = Path(self._settings.layers)
        twins = {asset.key: str(layer_twin(asset.path, kept)) for asset in assembly.layers}
        if common := [twins[asset.key] for asset in assembly.common_layers]:
            self._pool.prepare((*common, self._runtime))

    def _deploy(self, assembly: Assembly) -> None:
        with self._deploying:
            try:
                self._deployer.deploy(assembly, self._with_companions(assembly))
                self._give_tokens()
            finally:  # a stack that was put back goes on too
                self._pool.retire()
                self._mappings.release()

    def _start_companions(self) -> None:
        if not self._settings.companions:
            return
        for name in companion.available():
            self._progress(f"companion {name}")
            self._companions[name] = companion.Companion(
                name, self._state, faults=self._settings.faults
            )

    def _with_companions(self, assembly: Assembly) -> dict[str, str]:
        declared = {p for stack in assembly.stacks for p in stack.body.get("Parameters", {})}
        if not self._companions or _BASE_URLS not in declared:
            return self._parameters
        urls = {name: one.url or one.wait() for name, one in self._companions.items()}
        return {_BASE_URLS: json.dumps(urls), **self._parameters}

    def _give_tokens(self) -> None:
        client = self._site.client("secretsmanager")
        for stack in self._deployer.stacks.values():
            for output in stack.outputs:
                if output["OutputKey"] != _SECRET_ARNS:
                    continue
                for name, arn in json.loads(output["OutputValue"]).items():
                    if name in self._companions:
                        secret = client.get_secret_value(SecretId=arn)["SecretString"]
                        self._companions[name].grant(secret)

    def _readers(self) -> dict[str, Callable[[Mapping[str, str]], object]]:
        return {
            "status": lambda _: self._status(),
            "workers": lambda _: self._pool.workers(),
            "denials": lambda _: iam.denials(),
            "iam-coverage": lambda _: iam.coverage(),
            "calls": lambda _: {"calls": counting.counts(), "units": counting.units()},
            "limits": lambda _: [limit.as_json() for limit in LIMITS],
            "kills": lambda _: self._pool.kills.described(),
            "logs": lambda _: {p.stem: str(p) for p in sorted(self._logs.glob("*.log"))},
        }

    def _plan_kills(self, _query: Mapping[str, str], body: Mapping[str, Any]) -> object:
        self._pool.kills.plan(list(body.get("orders", [])))
        return self._pool.kills.described()

    def _actors(self) -> dict[str, Callable[[Mapping[str, str], Mapping[str, Any]], object]]:
        return {
            "tick": lambda query, _: {"now": self.clock.tick(float(query["seconds"]))},
            "reload": self._reload,
            "kills": self._plan_kills,
            "credentials": lambda query, _: iam.credentials(query["role"]),
            "declared-user": lambda _, body: iam.declared_user(body["name"], body["groups"]),
            "calls/reset": lambda *_: counting.reset(),
            "stop": lambda *_: self._stopping.set(),
        }

    @property
    def _logs(self) -> Path:
        return self._state / "logs"

    def _reload(self, _query: Mapping[str, str], body: Mapping[str, Any]) -> object:
        began = time.perf_counter()
        assembly = read_assembly(Path(body["assembly"]))
        self._warm(assembly)
        self._deploy(assembly)
        seconds = round(time.perf_counter() - began, 3)
        return {"assembly": body["assembly"], "seconds": seconds, **self.described()}

    def _status(self) -> dict[str, Any]:
        return {
            **self.described(),
            "now": self.clock.utcnow().isoformat(),
            "functions": {name: vars(one) for name, one in sorted(self._pool.counted.items())},
            "workers": self._pool.workers(),
            "busy": self._pool.is_busy(),
            "denials": len(iam.denials()),
            "threads": threading.active_count(),
            "rss_kb": resident_kb(),
        }


def resident_kb() -> int:
    """Return the memory of this process; its peak where the system does not tell the present."""
    statm = Path("/proc/self/statm")
    if statm.is_file():
        return int(statm.read_text().split()[1]) * resource.getpagesize() // 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
