"""What differs between stages, in one typed place.

A company changes this file, or hands single values to the CDK as context
(`-c alarm_address=ops@example.com`); the keys are those of `CONTEXT_KEYS`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

LogDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 731, 1827, 3653]
"""Retention periods that CloudWatch Logs knows, as far as we use them."""

STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9]{0,11}")
"""Short enough for `interlock-<stage>-wf-<40 characters>` to be a machine's name (80)."""


@dataclass(frozen=True, kw_only=True)
class EvidenceLock:
    """Object Lock of the evidence bucket. COMPLIANCE can't be shortened by anyone, ever."""

    mode: Literal["GOVERNANCE", "COMPLIANCE"]
    days: int


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one stage."""

    stage: str
    retain: bool
    """Keep tables, secrets and logs when a stack goes; buckets are always kept."""
    deletion_protection: bool
    log_days: LogDays
    archive_days: int
    """How long the bus archive can replay raw events."""
    artifact_days: int
    """How long prompts, answers and inputs can be read; their hashes stay in the evidence."""
    refused_days: int = 14
    """How long the raw text of a refused event can be replayed."""
    parked_days: int
    """How long what people decided on can be shown, once it is decided and delivered; the
    evidence says it for as long as it is kept itself."""
    evidence_lock: EvidenceLock | None = None
    alarm_address: str | None = None
    """Where alarms go by e-mail; None leaves the topic without a subscriber."""
    system_base_urls: Mapping[str, str] = field(default_factory=dict)
    model_base_urls: Mapping[str, str] = field(default_factory=dict)
    """Overrides of the `base_url` of single model targets."""
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Routes that this stage has in place of the catalog's: route -> targets in order."""
    model: str | None = None
    """A model of an OpenAI-compatible endpoint that the default route leads to, at the base URL
    of the target `endpoint` (`model_base_urls`); None: the catalog's own targets only."""
    model_key: bool = False
    """Whether that endpoint wants a bearer key: the secret `endpoint`."""
    model_prices: tuple[str, str] | None = None
    """Its dollars per million input and output tokens; None: its calls are booked as free."""
    named_session_roles: tuple[str, ...] = ()
    """Roles whose trust policy ties a session's name to one person, so that two sessions are two
    people; all sessions of any other role count as one. Identity Center's own roles always do."""
    analyzer: str = ""
    """The address of an analyzer of names, by Presidio's contract, which the stage runs itself in a
    private network; empty: policies that ask for names end their steps."""
    analyzer_languages: tuple[str, ...] = ("en",)
    """What it has models for; a text in none of them is asked for in the first."""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    """Where in a private network call_model and call_system run, which are what reaches outside,
    and prepare_call and check_answer where there is an analyzer: both, or neither. They reach
    AWS's services from there by endpoints or a NAT of that network."""
    workflows_dir: Path = Path("statemachines/workflows")
    catalog_dir: Path = Path("catalog")
    """Both relative to the project's root, or absolute: a company keeps its own elsewhere."""


STAGES: Final[Mapping[str, Settings]] = {
    "dev": Settings(
        stage="dev",
        retain=False,
        deletion_protection=False,
        log_days=14,
        archive_days=7,
        artifact_days=30,
        parked_days=30,
        system_base_urls={"crm": "https://crm.example.com"},
    ),
    "prod": Settings(
        stage="prod",
        retain=True,
        deletion_protection=True,
        log_days=400,
        archive_days=30,
        artifact_days=400,
        parked_days=400,
        evidence_lock=EvidenceLock(mode="GOVERNANCE", days=400),
        system_base_urls={"crm": "https://crm.example.com"},
        routes={"default": ("bedrock_nova_lite",)},
    ),
}


class SettingsMismatch(ValueError):
    """A setting doesn't fit; the sentence says which one and what would."""


def _urls(key: str, value: Any) -> Mapping[str, str]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict) or not all(isinstance(url, str) for url in found.values()):
        raise SettingsMismatch(
            f'{key}: takes a JSON object of names and URLs, {{"crm": "https://…"}}'
        )
    return dict(found)


def _routes(key: str, value: Any) -> Mapping[str, tuple[str, ...]]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict) or not all(isinstance(names, list) for names in found.values()):
        raise SettingsMismatch(
            f'{key}: takes a JSON object of routes and targets, {{"default": ["a_target"]}}'
        )
    return {route: tuple(map(str, names)) for route, names in found.items()}


def _names(key: str, value: Any) -> tuple[str, ...]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise SettingsMismatch(f'{key}: takes a JSON list of names, ["Lead"]')
    return tuple(found)


def _ids(kind: str) -> Callable[[str, Any], tuple[str, ...]]:
    """Return what reads ids of EC2 resources of a *kind*."""

    def read(key: str, value: Any) -> tuple[str, ...]:
        found = _names(key, value)
        for id_ in found:
            if not re.fullmatch(rf"{kind}-[0-9a-f]{{8,17}}", id_):
                raise SettingsMismatch(f"{key}: {id_!r} is no id like {kind}-0123abcd")
        return found

    return read


def _prices(key: str, value: Any) -> tuple[str, str]:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?),([0-9]+(?:\.[0-9]+)?)", str(value))
    if found is None:
        raise SettingsMismatch(f"{key}: takes two prices per million tokens: 0.15,0.60")
    return found[1], found[2]


def _flag(_: str, value: Any) -> bool:
    return str(value).lower() in ("1", "true", "yes")


def _path(_: str, value: Any) -> Path:
    return Path(str(value))


def _text(_: str, value: Any) -> str:
    return str(value)


CONTEXT_KEYS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "alarm_address": _text,
    "system_base_urls": _urls,
    "model_base_urls": _urls,
    "routes": _routes,
    "model": _text,
    "model_key": _flag,
    "model_prices": _prices,
    "named_session_roles": _names,
    "analyzer": _text,
    "analyzer_languages": _names,
    "subnets": _ids("subnet"),
    "security_groups": _ids("sg"),
    "workflows_dir": _path,
    "catalog_dir": _path,
}
"""Settings that CDK context may replace, with how its text is read."""


def load_settings(context: Callable[[str], Any]) -> Settings:
    """Return the settings of the stage that *context* names.

    Parameters
    ----------
    context
        Looks up a key of the CDK context; None where there is none. `stage` is one of
        `STAGES`; with `stage_like` it may be any short name and takes the settings of that
        stage, for a developer's or a test's own copy. `stages` holds what differs between a
        company's own stages, by stage and key; it wins over the same key beside it.

    Raises
    ------
    SettingsMismatch
        The stage is unknown or malformed, a value can't be read, or two don't go together.
    """
    stage = str(context("stage") or "dev")
    like = str(context("stage_like") or stage)
    if like not in STAGES:
        known = ", ".join(sorted(STAGES))
        raise SettingsMismatch(
            f"stage {like!r} is unknown (there are {known}); for a copy under another name say "
            f"-c stage={stage} -c stage_like=dev"
        )
    if not STAGE_NAME.fullmatch(stage):
        raise SettingsMismatch(f"stage {stage!r}: takes up to 12 lower-case letters and digits")
    own = (context("stages") or {}).get(stage, {})
    if unknown := sorted(set(own) - set(CONTEXT_KEYS)):
        known = ", ".join(CONTEXT_KEYS)
        raise SettingsMismatch(f"stages.{stage}: no setting {unknown[0]!r} (there are {known})")
    given = {
        key: read(key, value)
        for key, read in CONTEXT_KEYS.items()
        if (value := own.get(key, context(key))) is not None
    }
    settings = replace(STAGES[like], stage=stage, **given)
    if bool(settings.subnets) != bool(settings.security_groups):
        raise SettingsMismatch("subnets and security_groups: a private network takes both")
    return settings
