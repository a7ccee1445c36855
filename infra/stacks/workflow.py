"""One team's workflow: its machine, its triggers, its definition."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from aws_cdk import Stack, Tags
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from functions.core.domain.triggers import RuleTrigger, ScheduleTrigger
from infra import asl, platform_wiring
from infra.asl import Definition, WiringError
from infra.constructs.catalog_publication import CatalogPublication
from infra.constructs.machine import Machine, start_and_wait
from infra.grants import allow
from infra.names import Arns, Names
from infra.retention import log_removal, log_retention
from infra.settings import Settings
from infra.wiring import DELIVERY_ATTEMPTS, DELIVERY_SECONDS
from interlock.definitions.workflows import WorkflowFolder

RULE_INPUT = {
    "source": "$.source",
    "detail_type": "$.detail-type",
    "id": "$.id",
    "event": "$.detail",
}


class WorkflowStack(Stack):
    """Refers to the platform by name only, so that either can be deployed without the other."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        names: Names,
        folder: WorkflowFolder,
        definition: Definition,
        compiled: Mapping[str, Any],
        step_machines: Iterable[str],
    ) -> None:
        """Build the machine of *folder* from its ASL *definition*, and its triggers."""
        workflow = folder.definition
        super().__init__(
            scope,
            id_,
            description=f"Interlock workflow {workflow.name}",
            termination_protection=settings.deletion_protection,
        )
        Tags.of(self).add("interlock:workflow", workflow.name)
        Tags.of(self).add("interlock:team", workflow.team)
        self._names, self._workflow = names, workflow
        self._arns = Arns(self)
        self._build_machine(settings, definition, step_machines)
        for number, trigger in enumerate(workflow.triggers, start=1):
            if isinstance(trigger, RuleTrigger):
                self._rule(f"Rule{number}", trigger)
            else:
                self._schedule(f"Schedule{number}", trigger)
        CatalogPublication(
            self,
            "Definition",
            compiled=compiled,
            publisher_arn=self._arns.live_function(names.of("publish_catalog")),
        )

    def _build_machine(
        self, settings: Settings, definition: Definition, step_machines: Iterable[str]
    ) -> None:
        names = {platform_wiring.arn_of(name): self._names.of(name) for name in step_machines}
        check_workflow(definition, names)
        used = sorted({task.target for task in definition.tasks})
        Machine(
            self,
            "Workflow",
            definition=definition,
            name=self._names.workflow(self._workflow.name),
            substitutions={key: self._arns.live_machine(names[key]) for key in used},
            statements=[
                statement for key in used for statement in start_and_wait(self._arns, names[key])
            ],
            log_retention=log_retention(settings),
            log_removal=log_removal(settings),
            boundary=iam.ManagedPolicy.from_managed_policy_arn(
                self, "Boundary", self._arns.policy(self._names.workflow_boundary)
            ),
        )

    def _rule(self, id_: str, trigger: RuleTrigger) -> None:
        pattern: dict[str, Any] = {"source": list(trigger.source)}
        if trigger.detail_type:
            pattern["detail-type"] = list(trigger.detail_type)
        if trigger.detail:
            pattern["detail"] = trigger.detail
        events.CfnRule(
            self,
            id_,
            description=f"Starts {self._workflow.name}",
            event_bus_name=self._names.prefix,
            event_pattern=pattern,
            targets=[
                events.CfnRule.TargetProperty(
                    id="Intake",
                    arn=self._arns.queue(self._names.intake),
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_paths_map=RULE_INPUT,
                        input_template=rule_envelope(self._workflow.name),
                    ),
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_retry_attempts=DELIVERY_ATTEMPTS,
                        maximum_event_age_in_seconds=DELIVERY_SECONDS,
                    ),
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=self._arns.queue(self._names.undelivered)
                    ),
                )
            ],
        )

    def _schedule(self, id_: str, trigger: ScheduleTrigger) -> None:
        intake = self._arns.queue(self._names.intake)
        undelivered = self._arns.queue(self._names.undelivered)
        role = iam.Role(
            self, f"{id_}Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com")
        )
        policy = iam.Policy(
            role,
            "Policy",
            roles=[role],
            statements=[allow("sqs:SendMessage", on=[intake, undelivered])],
        )
        schedule = scheduler.CfnSchedule(
            self,
            id_,
            description=f"Starts {self._workflow.name}",
            schedule_expression=trigger.expression,
            schedule_expression_timezone=trigger.timezone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=intake,
                role_arn=role.role_arn,
                input=schedule_envelope(self._workflow.name, trigger.input),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=DELIVERY_ATTEMPTS,
                    maximum_event_age_in_seconds=DELIVERY_SECONDS,
                ),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=undelivered),
            ),
        )
        schedule.node.add_dependency(policy)


def check_workflow(definition: Definition, names: Mapping[str, str]) -> None:
    """Refuse a team's machine that does anything but start the platform's step machines.

    Raises
    ------
    WiringError
        Naming the file and the state.
    """
    definition.require_placeholders(names, "platform machine")
    for task in definition.tasks:
        if task.integration != asl.START_AND_WAIT:
            raise WiringError(
                f"{definition.file}: state {task.name}: a workflow starts platform machines "
                "(states:startExecution.sync:2) and nothing else"
            )
    for unused in sorted(definition.placeholders - {task.target for task in definition.tasks}):
        raise WiringError(
            f"{definition.file}: {definition.where(unused)} names ${{{unused}}}, but no Task "
            "starts it"
        )


def rule_envelope(workflow: str) -> str:
    """Return the input template that makes the door's envelope of an event.

    A variable stands outside quotes: EventBridge puts strings and objects there as JSON.
    """
    return (
        f'{{"v":1,"workflow":"{workflow}","source":"rule",'
        '"origin":{"source":<source>,"detail_type":<detail_type>,"id":<id>},"event":<event>}'
    )


def schedule_envelope(workflow: str, event: Mapping[str, Any]) -> str:
    """Return the input of a schedule: the door's envelope, its time filled in by Scheduler."""
    return json.dumps(
        {
            "v": 1,
            "workflow": workflow,
            "source": "schedule",
            "scheduled_time": "<aws.scheduler.scheduled-time>",
            "event": dict(event),
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )
