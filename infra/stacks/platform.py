"""The platform: functions, machines, door, bus, clock, alarms, and who may do what."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import CfnCondition, CfnOutput, CfnParameter, Fn, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import packaging, platform_wiring
from infra.asl import Definition
from infra.constructs import triggers
from infra.constructs.alarms import Alarms
from infra.constructs.boundary import WorkflowBoundary
from infra.constructs.caller_policy import CallerPolicy
from infra.constructs.catalog_publication import CatalogPublication
from infra.constructs.machine import Machine, invoke, start_and_wait
from infra.constructs.people import People
from infra.constructs.queues import Queues
from infra.constructs.service_function import PrivateNetwork, ServiceFunction
from infra.grants import SUPERVISOR, Places, environment, statements
from infra.names import Arns, Names
from infra.retention import log_removal, log_retention
from infra.settings import Settings
from infra.stacks.data import DataStack
from infra.wiring import FUNCTIONS, Function, May, StartedBy


@dataclass(frozen=True)
class Source:
    """What the platform is built from."""

    root: Path
    """The project: functions/, requirements/."""
    machines: Mapping[str, Definition]
    """Platform machines by name."""
    catalog: Mapping[str, Any]
    """The compiled catalog."""


class PlatformStack(Stack):
    """Everything that all workflows share."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        names: Names,
        data: DataStack,
        source: Source,
    ) -> None:
        """Build the platform over *data*."""
        super().__init__(
            scope,
            id_,
            description="Interlock: functions, machines, door, bus, alarms",
            termination_protection=settings.deletion_protection,
        )
        platform_wiring.check(source.root, source.machines)
        self._settings, self._names, self._source = settings, names, source

        self.queues = Queues(
            self, "Queues", names=names, receiver_seconds=_row("receive_event").timeout_seconds
        )
        self.bus = events.EventBus(self, "Bus", event_bus_name=names.prefix)
        events.CfnArchive(
            self,
            "BusArchive",
            source_arn=self.bus.event_bus_arn,
            retention_days=settings.archive_days,
            description="Raw events, personal data included: encrypted and short-lived",
        )
        self._places = self._find_places(data)
        self.functions = self._build_functions()
        self.machines = {
            name: self._build_machine(name, definition)
            for name, definition in source.machines.items()
        }
        self._connect(data)
        WorkflowBoundary(
            self,
            "WorkflowBoundary",
            names=names,
            machines=platform_wiring.step_machines(source.machines),
        )
        CallerPolicy(self, "CallerPolicy", names=names)
        People(
            self,
            "People",
            places=self._places,
            functions={name: function.live for name, function in self.functions.items()},
        )
        CatalogPublication(
            self,
            "Catalog",
            compiled=source.catalog,
            publisher_arn=self.functions["publish_catalog"].live.function_arn,
        )
        Alarms(
            self,
            "Alarms",
            queues={
                "IntakeDeadLetters": self.queues.dead_letters,
                "UndeliveredWork": self.queues.undelivered,
            },
            sweep=self.functions["sweep"].function,
            stage=settings.stage,
            address=settings.alarm_address,
        )
        self._write_outputs(data)

    def _find_places(self, data: DataStack) -> Places:
        settings = self._settings
        return Places(
            scope=self,
            names=self._names,
            tables=data.tables,
            artifacts=data.artifacts,
            evidence=data.evidence,
            master_secret=data.master_secret,
            system_secrets=data.system_secrets,
            model_secrets=data.model_secrets,
            catalog=self._source.catalog["documents"],
            system_base_urls=self._addresses("SystemBaseUrls", settings.system_base_urls),
            model_base_urls=self._addresses("ModelBaseUrls", settings.model_base_urls),
            bus=self.bus,
            intake=self.queues.intake,
            undelivered=self.queues.undelivered,
            dead_letters=self.queues.dead_letters,
            parked_days=settings.parked_days,
            named_session_roles=settings.named_session_roles,
            analyzer=settings.analyzer,
            analyzer_languages=settings.analyzer_languages,
        )

    def _addresses(self, id_: str, by_setting: Mapping[str, str]) -> str:
        """Return base URLs as JSON text: the parameter if one is given, else the setting.

        A parameter's default would not do: the CDK keeps a parameter's previous value when the
        default changes, and a published version keeps the environment that it was made with.
        A changed setting changes the function, and so publishes a new version.
        """
        given = CfnParameter(
            self,
            id_,
            type="String",
            default="",
            description="JSON object of names and base URLs, for tests; empty = the settings",
        )
        is_given = CfnCondition(
            self, f"{id_}Given", expression=Fn.condition_not(Fn.condition_equals(given, ""))
        )
        text = self.to_json_string(dict(sorted(by_setting.items())))
        return Fn.condition_if(is_given.logical_id, given.value_as_string, text).to_string()

    def _build_functions(self) -> dict[str, ServiceFunction]:
        every = self._layer("Layer", packaging.LOCK, "Interlock's dependencies")
        guards = self._layer("GuardsLayer", packaging.GUARDS_LOCK, "What the guards need")
        with tempfile.TemporaryDirectory(prefix="interlock-code-") as staging:
            code = packaging.FunctionCode(self._source.root, Path(staging))
            return {
                row.name: ServiceFunction(
                    self,
                    _construct_id(row.name),
                    row=row,
                    function_name=self._names.of(row.name),
                    code=code.of(row.name),
                    layers=[every, guards] if row.guards else [every],
                    environment=environment(row, self._places),
                    statements=statements(row, self._places),
                    log_retention=log_retention(self._settings),
                    log_removal=log_removal(self._settings),
                    network=self._network(row),
                )
                for row in FUNCTIONS
            }

    def _network(self, row: Function) -> PrivateNetwork | None:
        """Return where a function runs that reaches outside; None: in Lambda's own network."""
        settings = self._settings
        reaching = {May.CALL_MODELS, May.CALL_SYSTEMS}
        if settings.analyzer:
            reaching.add(May.ASK_ANALYZER)
        if not settings.subnets or not reaching & set(row.may):
            return None
        return PrivateNetwork(settings.subnets, settings.security_groups)

    def _layer(self, id_: str, lock: Path, what: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            id_,
            code=packaging.layer_code(self._source.root, lock),
            compatible_runtimes=[packaging.RUNTIME],
            compatible_architectures=[packaging.ARCHITECTURE],
            description=f"{what}, from {lock.as_posix()}",
        )

    def _build_machine(self, name: str, definition: Definition) -> Machine:
        arns = Arns(self)
        workflows = self._names.workflow("")
        substitutions = {
            platform_wiring.arn_of(function): built.live.function_arn
            for function, built in self.functions.items()
        } | {
            platform_wiring.WORKFLOW_PREFIX: arns.machine(workflows),
            platform_wiring.OF_RUNS: arns.live_machine(self._names.of(SUPERVISOR)),
        }
        found: list[iam.PolicyStatement] = []
        for task in definition.tasks:
            if task.target == platform_wiring.WORKFLOW_PREFIX:
                found += start_and_wait(arns, f"{workflows}*")
            elif task.target == platform_wiring.OF_RUNS:
                found += start_and_wait(arns, self._names.of(SUPERVISOR))
            else:
                found += invoke(substitutions[task.target])
        return Machine(
            self,
            f"{_construct_id(name)}Machine",
            definition=definition,
            name=self._names.of(name),
            substitutions=substitutions,
            statements=found,
            log_retention=log_retention(self._settings),
            log_removal=log_removal(self._settings),
        )

    def _connect(self, data: DataStack) -> None:
        by_trigger = {row.started_by: self.functions[row.name] for row in FUNCTIONS}
        undelivered = self.queues.undelivered
        triggers.receive_from(by_trigger[StartedBy.INTAKE_QUEUE], self.queues.intake)
        triggers.follow(by_trigger[StartedBy.EVIDENCE_STREAM], data.tables["evidence"], undelivered)
        triggers.every_minute(by_trigger[StartedBy.EVERY_MINUTE], undelivered)
        triggers.on_lost_execution(
            by_trigger[StartedBy.STATUS_CHANGE], self.machines[SUPERVISOR].arn, undelivered
        )
        self._decide_url = triggers.signed_url(by_trigger[StartedBy.SIGNED_URL])

    def _write_outputs(self, data: DataStack) -> None:
        outputs = {
            "Stage": self._names.stage,
            "DecideUrl": self._decide_url.url,
            "EventBusName": self.bus.event_bus_name,
            "IntakeQueueUrl": self.queues.intake.queue_url,
            "IntakeDlqUrl": self.queues.dead_letters.queue_url,
            "UndeliveredQueueUrl": self.queues.undelivered.queue_url,
            "ArtifactsBucket": data.artifacts.bucket_name,
            "EvidenceBucket": data.evidence.bucket_name,
            "MasterSecretArn": data.master_secret.secret_arn,
            "SuperviseRunArn": self.machines[SUPERVISOR].live_arn,
            "CallerPolicyArn": Arns(self).policy(self._names.caller_policy),
            "SystemSecretArns": self._places.secret_arns(data.system_secrets),
        } | {f"{name.title()}Table": table.table_name for name, table in data.tables.items()}
        for key, value in outputs.items():
            CfnOutput(self, key, value=value)


def _construct_id(name: str) -> str:
    return name.title().replace("_", "")


def _row(name: str) -> Function:
    return next(row for row in FUNCTIONS if row.name == name)
