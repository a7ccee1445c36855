"""The app as a whole: settings, outputs, and the same templates wherever it is synthesized."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.settings import SettingsMismatch, load_settings
from interlock.definitions.project import Project, load_project
from tests.infra.assembly import Assembly
from tests.infra.conftest import ROOT, Synthesize


@pytest.fixture(scope="module")
def plain(synthesize: Synthesize) -> Assembly:
    """Synthesize the project as it is."""
    return synthesize()


@pytest.fixture(scope="module")
def altered(synthesize: Synthesize, project: Project) -> Assembly:
    """Synthesize with another address of the CRM, a keyed model target and a private network."""
    targets = dict(project.models.targets)
    name, target = next(iter(targets.items()))
    keyed = target.model_copy(update={"dialect": "openai_chat", "secret": "acme_ai"})
    models = project.models.model_copy(update={"targets": {**targets, name: keyed}})
    return synthesize(
        project=replace(project, models=models),
        system_base_urls='{"crm": "https://two.example"}',
        subnets='["subnet-0123abcd", "subnet-4567cdef"]',
        security_groups='["sg-0123abcd"]',
        analyzer="http://analyzer.internal:5002",
    )


def test_a_second_clone_gives_the_same_templates_byte_for_byte(
    plain: Assembly, synthesize: Synthesize, clone: Path
) -> None:
    """Another folder, other file times: nobody redeploys for having moved."""
    assert plain.texts() == synthesize(clone).texts()


def test_no_template_knows_where_it_was_made(dev: Assembly) -> None:
    """No path of this machine, in templates or in the manifest."""
    texts = {**dev.texts(), "manifest": (dev.folder / "manifest.json").read_text()}

    for name, text in texts.items():
        assert str(ROOT) not in text, name
        assert str(dev.folder) not in text, name
        assert "aws:asset:path" not in text, name


def test_what_the_platform_tells_the_outside(dev: Assembly) -> None:
    """The command line and the laptop cloud find everything by these keys."""
    outputs = dev.stack("platform").template["Outputs"]

    assert set(outputs) == {
        "ArtifactsBucket",
        "CallerPolicyArn",
        "CatalogTable",
        "DecideUrl",
        "EventBusName",
        "EvidenceBucket",
        "EvidenceTable",
        "IntakeDlqUrl",
        "IntakeQueueUrl",
        "LedgerTable",
        "MasterSecretArn",
        "ParkedTable",
        "RefusedTable",
        "RunsTable",
        "Stage",
        "SuperviseRunArn",
        "SystemSecretArns",
        "UndeliveredQueueUrl",
    }
    assert outputs["Stage"]["Value"] == "dev"


def test_workflows_and_catalog_may_lie_in_another_repository(
    plain: Assembly, synthesize: Synthesize, tmp_path: Path
) -> None:
    """Their places are settings, and leave no trace in the templates."""
    (tmp_path / "flows").symlink_to(ROOT / "statemachines/workflows")
    (tmp_path / "declared").symlink_to(ROOT / "catalog")

    elsewhere = synthesize(
        workflows_dir=str(tmp_path / "flows"), catalog_dir=str(tmp_path / "declared")
    )

    assert plain.texts() == elsewhere.texts()


def test_a_workflow_stack_needs_nothing_exported(dev: Assembly) -> None:
    """It refers to the platform by name, so neither locks the other's resources."""
    assert "Fn::ImportValue" not in dev.texts()["interlock-dev-wf-triage-ticket.template.json"]


def test_stacks_are_deployed_in_order(dev: Assembly) -> None:
    """Data, platform, workflows."""
    artifacts = json.loads((dev.folder / "manifest.json").read_text())["artifacts"]
    needs = {name: set(each.get("dependencies", ())) for name, each in artifacts.items()}

    assert "interlock-dev-data" in needs["interlock-dev-platform"]
    assert "interlock-dev-platform" in needs["interlock-dev-wf-triage-ticket"]


def test_the_catalog_is_published_from_one_json_file(dev: Assembly) -> None:
    """The custom resource's property names the very asset that the deployment uploads."""
    project = load_project(ROOT)
    for stack, compiled in (
        ("platform", project.compile_catalog()),
        ("wf-triage-ticket", project.compile_workflow("triage_ticket")),
    ):
        resource = dev.stack(stack).one("Custom::InterlockCatalog", "")

        asset = dev.folder / f"asset.{resource['Key']}"
        assert json.loads(asset.read_text()) == compiled
        assert set(resource) == {"ServiceToken", "ServiceTimeout", "Bucket", "Key"}


def test_a_changed_address_publishes_a_new_version(dev: Assembly, altered: Assembly) -> None:
    """Else the live alias would go on calling the old address."""

    def call_system(assembly: Assembly) -> tuple[set[str], Any]:
        stack = assembly.stack("platform")
        versions = {id_ for id_ in stack.of("AWS::Lambda::Version") if "CallSystem" in id_}
        return versions, stack.one("AWS::Lambda::Function", "CallSystemFunction")["Environment"]

    before, _ = call_system(dev)
    after, environment = call_system(altered)

    assert before != after
    assert environment["Variables"]["SYSTEM_BASE_URLS"] == {
        "Fn::If": ["SystemBaseUrlsGiven", "<SystemBaseUrls>", '{"crm":"https://two.example"}']
    }


def test_addresses_can_be_given_at_deployment(dev: Assembly) -> None:
    """Parameters whose empty default means the settings."""
    parameters = dev.stack("platform").template["Parameters"]

    given = {k: v["Default"] for k, v in parameters.items() if k.endswith("BaseUrls")}
    assert given == {"SystemBaseUrls": "", "ModelBaseUrls": ""}


def test_costs_can_be_told_apart(dev: Assembly) -> None:
    """By application and stage everywhere, by workflow and team where a team pays."""
    tags = dev.stack("wf-triage-ticket").one("AWS::StepFunctions::StateMachine", "")["Tags"]

    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "application": "interlock",
        "interlock:stage": "dev",
        "interlock:workflow": "triage_ticket",
        "interlock:team": "support",
    }


def test_a_model_target_with_a_secret_gets_one(altered: Assembly) -> None:
    """Made at deployment, read by call_model, its ARN in the environment."""
    platform = altered.stack("platform")
    function = platform.one("AWS::Lambda::Function", "CallModelFunction")
    readable = [
        resource
        for statement in platform.statements("CallModelRole")
        if "secretsmanager:GetSecretValue" in statement["Action"]
        for resource in statement["Resource"]
    ]

    secrets = json.loads(function["Environment"]["Variables"]["MODEL_SECRET_ARNS"])
    assert list(secrets) == ["acme_ai"]
    assert secrets["acme_ai"] in readable
    assert altered.stack("data").one("AWS::SecretsManager::Secret", "Modelacmeai")


def test_what_reaches_outside_runs_in_the_private_network(altered: Assembly) -> None:
    """What asks an analyzer of names, too, and nothing else: the stores are AWS's own."""
    platform = altered.stack("platform")
    functions = platform.of("AWS::Lambda::Function").values()

    placed = {
        f["Properties"]["FunctionName"]: f["Properties"]["VpcConfig"]
        for f in functions
        if "VpcConfig" in f["Properties"]
    }

    there = {
        "SubnetIds": ["subnet-0123abcd", "subnet-4567cdef"],
        "SecurityGroupIds": ["sg-0123abcd"],
    }
    reaching = ("call_model", "call_system", "check_answer", "prepare_call")
    assert placed == {f"interlock-dev-{name}": there for name in reaching}
    roles = {
        role
        for role in ("CallModelRole", "CallSystemRole", "PrepareCallRole", "AdmitRunRole")
        for statement in platform.statements(role)
        if "ec2:CreateNetworkInterface" in statement["Action"]
    }
    assert roles == {"CallModelRole", "CallSystemRole", "PrepareCallRole"}


def test_who_looks_for_names_knows_the_analyzer(altered: Assembly, dev: Assembly) -> None:
    """Where the stage says that it has one."""
    told = {
        stack: {
            f["Properties"]["FunctionName"].removeprefix("interlock-dev-")
            for f in one.stack("platform").of("AWS::Lambda::Function").values()
            if "ANALYZER_URL" in f["Properties"]["Environment"]["Variables"]
        }
        for stack, one in (("altered", altered), ("dev", dev))
    }

    assert told == {"altered": {"check_answer", "prepare_call"}, "dev": set()}


def _settings(**context: Any) -> Any:
    return load_settings(context.get)


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"stage": "prd"}, "stage 'prd' is unknown (there are dev, prod)"),
        ({"stage": "Alice", "stage_like": "dev"}, "stage 'Alice': takes up to 12 lower-case"),
        ({"stage": "a" * 13, "stage_like": "dev"}, "takes up to 12 lower-case"),
        ({"system_base_urls": "[]"}, "system_base_urls: takes a JSON object"),
        ({"subnets": '["subnet-0123abcd"]'}, "subnets and security_groups: a private network"),
        ({"subnets": '["vpc-0123abcd"]'}, "subnets: 'vpc-0123abcd' is no id like subnet-0123abcd"),
    ],
)
def test_a_setting_that_does_not_fit_is_a_sentence(context: dict[str, str], sentence: str) -> None:
    """A mistyped stage is never deployed as a new one."""
    with pytest.raises(SettingsMismatch, match=re.escape(sentence)):
        _settings(**context)


def test_a_copy_of_a_stage_takes_its_settings() -> None:
    """For a developer's own, under their name."""
    alice = _settings(stage="alice", stage_like="prod")

    assert alice == replace(_settings(stage="prod"), stage="alice")


def test_without_a_stage_it_is_dev() -> None:
    """The one that may be destroyed."""
    assert _settings() == _settings(stage="dev")
