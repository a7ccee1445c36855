"""A version that somebody publishes without a deployment: judged again where it is kept."""

import json
from typing import Any

import pytest

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.canonical import digest
from functions.core.domain.definitions import dump_document, parse_as
from functions.core.domain.errors import DefinitionRefused
from functions.core.domain.labels import CANARY, label_ref, version_ref
from functions.core.services.publishing import Published, publish_task
from tests.stage import TASK, Stage


def publish(stage: Stage, document: dict[str, Any], name: str = "sort") -> Published:
    return publish_task(stage.catalog, name, document, by="jo", why="clearer")


def changed(**parts: Any) -> dict[str, Any]:
    """Return the task's document with *parts* of it replaced; nothing is shared with it."""
    document: dict[str, Any] = json.loads(json.dumps(TASK | parts))
    return document


def test_a_published_version_is_there_and_nobody_s(stage) -> None:
    """By its own hash, with who and why; no label moves."""
    document = dump_document(parse_as(AiTask, changed(system="Sort it well.")))

    published = publish(stage, document)

    assert published == Published(digest(document), new=True)
    item = stage.store.get(version_ref("ai_task", "sort", published.version))
    assert (item["published_by"], item["why"]) == ("jo", "clearer")
    assert json.loads(item["document"]) == document
    assert stage.catalog.live("ai_task", "sort", AiTask)[0] == digest(TASK)
    assert stage.store.get(label_ref("ai_task", "sort", CANARY)) is None


def test_publishing_twice_changes_nothing(stage) -> None:
    """The one who published it first stays on record."""
    first = publish(stage, changed(system="Sort it well."))
    again = publish_task(
        stage.catalog, "sort", changed(system="Sort it well."), by="ana", why="too"
    )

    assert again == Published(first.version, new=False)
    item = stage.store.get(version_ref("ai_task", "sort", first.version))
    assert item["published_by"] == "jo"


def test_a_deployment_finds_what_was_published_before_it(stage) -> None:
    """The files are the same, so the version is."""
    document = dump_document(parse_as(AiTask, changed(system="Sort it well.")))
    version = publish(stage, document).version

    assert stage.catalog.publish("ai_task", "sort", document, by="deployment") == version


BAD_OUTPUT = {"type": "object", "properties": {"label": {"type": "string", "format": "colour"}}}
OPEN_OUTPUT = {"type": "object", "properties": {}, "required": 7}
LIMITS = {"attempts": 2, "max_output_tokens": 4, "deadline_seconds": 30}
EXAMPLE = {"variables": {"note": "a"}, "output": {"label": "odd"}}
REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"route": "nowhere"}, "route: no route 'nowhere'"),
    ({"policy": "none"}, "policy: no policy 'none'"),
    ({"output_schema": BAD_OUTPUT}, "output_schema/properties/label: format"),
    ({"output_schema": OPEN_OUTPUT}, "output_schema/required: no valid JSON Schema"),
    ({"user": "{{ other }}"}, "user: variable 'other' is not declared"),
    ({"user": "{% include 'x' %}"}, "user: line 1"),
    ({"examples": [EXAMPLE]}, "examples.0/label: does not fit"),
    ({"limits": LIMITS | {"max_output_tokens": 999}}, "limits.max_output_tokens: target"),
    ({"limits": LIMITS | {"attempts": "2"}}, "limits.attempts: "),
    ({"more": 1}, "more: "),
    ({"name": "other"}, "name: is not 'sort'"),
]


@pytest.mark.parametrize(("parts", "why"), REFUSALS)
def test_what_a_deployment_would_refuse_is_refused(stage, parts, why) -> None:
    """Whoever sends it may not have checked anything."""
    document = changed(**parts)

    with pytest.raises(DefinitionRefused, match=why.replace("{", r"\{")):
        publish(stage, document)
    assert stage.store.get(version_ref("ai_task", "sort", digest(document))) is None


def test_a_schema_that_a_target_can_t_be_given_is_refused(stage) -> None:
    """As this stage's models have the route, whatever the files say."""
    recursive = {
        "type": "object",
        "properties": {"label": {"type": "string"}, "more": {"$ref": "#"}},
        "patternProperties": {"^x": {"type": "string"}},
    }

    with pytest.raises(DefinitionRefused, match="can't be given to target 'paid'"):
        publish(stage, changed(output_schema=recursive))


def test_all_that_is_wrong_is_said_at_once(stage) -> None:
    """Each with its place."""
    with pytest.raises(DefinitionRefused) as refused:
        publish(stage, changed(route="nowhere", user="{{ other }}"))

    assert "route: " in str(refused.value)
    assert "user: " in str(refused.value)
