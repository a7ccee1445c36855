"""Who may do what: each request is judged by the role whose key signed it, on what it names.

moto 5.2.5 judges most services on the resource ``*``, lets any condition deny, and knows neither
permissions boundaries nor what a batch or a transaction touches.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends

from interlock.local.clock import current
from interlock.local.mends import counting, decisions, policy, requests
from interlock.local.mends.decisions import denials, record_denial, reset
from interlock.local.mends.place import ACCOUNT, PARTITION, REGION
from interlock.local.mends.refusal import NotPlayedHere

_ROLES: dict[str, str] = {}  # access key id -> role ARN; any other key is the developer's
_USERS: dict[str, tuple[str, str]] = {}  # access key id -> user ARN and secret
DEVELOPER = f"arn:aws:iam::{ACCOUNT}:user/developer"
_DEVELOPERS_KEY = "developer"
_ROLES_SECRET = "local"  # noqa: S105 - of every role: keys don't leave this machine
_WORD = re.compile(r"[\w+=,.@-]{1,64}")

__all__ = [
    "Denied",
    "authorize",
    "authorize_service",
    "check_document",
    "check_trust",
    "coverage",
    "credentials",
    "denials",
    "record_denial",
    "reset",
    "role_behind",
]


class Denied(Exception):
    """The request is not allowed; the message is AWS's."""


@dataclasses.dataclass(frozen=True)
class Document:
    """A policy of a role (or on a resource), under the name that coverage reports."""

    name: str
    text: str

    @property
    def statements(self) -> tuple[policy.Statement, ...]:
        """Its compiled statements."""
        return policy.compiled(self.text)


def credentials(role_arn: str) -> dict[str, str]:
    """Return keys that stand for a role, as keyword arguments of a boto3 client."""
    key = "ASIA" + hashlib.sha256(role_arn.encode()).hexdigest()[:16].upper()
    _ROLES[key] = role_arn
    return {
        "aws_access_key_id": key,
        "aws_secret_access_key": _ROLES_SECRET,
        "aws_session_token": "local",
    }


@dataclasses.dataclass(frozen=True)
class Caller:
    """Whoever signed a request to a function URL; without a role: IAM denies them nothing."""

    key: str
    user_arn: str
    role: str | None


def declared_user(name: str, groups: Iterable[str] = ()) -> dict[str, str]:
    """Return keys for somebody who says that this is their name, and these their groups.

    Raises
    ------
    ValueError
        IAM would not take such a name.
    """
    path = [*groups, name]
    if not all(_WORD.fullmatch(part) for part in path):
        raise ValueError("a name has 1 to 64 letters, digits and +=,.@-_")
    arn = f"arn:aws:iam::{ACCOUNT}:user/{'/'.join(['self-declared', *path])}"
    key = "AKIA" + hashlib.sha256(arn.encode()).hexdigest()[:16].upper()
    _, secret = _USERS.setdefault(key, (arn, secrets.token_urlsafe(30)))
    return {"aws_access_key_id": key, "aws_secret_access_key": secret}


def secret_of(access_key: str) -> str | None:
    """Return the secret of an access key that this cloud gave out; None for any other."""
    if access_key in _USERS:
        return _USERS[access_key][1]
    if access_key in _ROLES:
        return _ROLES_SECRET
    if access_key == _DEVELOPERS_KEY:
        return _DEVELOPERS_KEY
    assumed = sts_backends[ACCOUNT][PARTITION].get_assumed_role_from_access_key(access_key)
    return str(assumed.secret_access_key) if assumed else None


def caller_of(access_key: str) -> Caller:
    """Return who a known access key stands for, as function URLs are told it."""
    if access_key in _USERS:
        return Caller(access_key, _USERS[access_key][0], None)
    role = role_behind(access_key)
    if role is None:
        return Caller(access_key, DEVELOPER, None)
    assumed = sts_backends[ACCOUNT][PARTITION].get_assumed_role_from_access_key(access_key)
    session = assumed.session_name if assumed else "local"
    name = role.rsplit("/", 1)[-1]
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"
    return Caller(access_key, arn, role)


def role_behind(access_key: str | None) -> str | None:
    """Return the role of an access key; None for the developer's keys."""
    if not access_key:
        return None
    if access_key in _ROLES:
        return _ROLES[access_key]
    if not access_key.startswith("ASIA"):
        return None
    assumed = sts_backends[ACCOUNT][PARTITION].get_assumed_role_from_access_key(access_key)
    return str(assumed.role_arn) if assumed else None


def _role(role_arn: str) -> Any:
    for role in list(iam_backends[ACCOUNT][PARTITION].roles.values()):
        if role.arn == role_arn:
            return role
    raise Denied(f"The role {role_arn} does not exist")


def _text(document: object) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _default_version(managed: Any) -> str:
    version = next(v for v in managed.versions if v.version_id == managed.default_version_id)
    return _text(version.document)


def documents(role_arn: str) -> list[Document]:
    """Return a role's inline and attached managed policies."""
    role = _role(role_arn)
    inline = [Document(name, _text(text)) for name, text in list(role.policies.items())]
    managed = [Document(m.name, _default_version(m)) for m in list(role.managed_policies.values())]
    return inline + managed


def _boundary(role_arn: str) -> Document | None:
    arn = _role(role_arn).permissions_boundary_arn
    if not arn:
        return None
    managed = iam_backends[ACCOUNT][PARTITION].managed_policies.get(arn)
    if managed is None:
        raise NotPlayedHere(f"the permissions boundary {arn} of {role_arn} does not exist")
    return Document(arn, _default_version(managed))


Hit = tuple[Document, policy.Statement, tuple[str, ...], list[str]]


def _hits(found: Iterable[Document], ask: requests.Ask, context: policy.Context) -> list[Hit]:
    hits = []
    for document in found:
        for statement, actions in policy.about(document.text, ask.action):
            resources = statement.resource_hits(ask.resource)
            if resources and statement.holds(context):
                hits.append((document, statement, actions, resources))
    return hits


def _base_context(role_arn: str | None, ask: requests.Ask) -> dict[str, list[str]]:
    now = current().now()
    return {
        "aws:securetransport": ["true"],
        "aws:currenttime": [str(now)],
        "aws:epochtime": [str(now)],
        "aws:principalaccount": [ACCOUNT],
        "aws:principalarn": [role_arn or DEVELOPER],
        "aws:principalisawsservice": ["false"],
        "aws:requestedregion": [REGION],
        "aws:resourceaccount": [ACCOUNT],
        "aws:sourceip": ["127.0.0.1"],
        **{key.lower(): list(values) for key, values in ask.context.items()},
    }


def _on_resource(ask: requests.Ask) -> list[Document]:
    """Find the policy that lies on the resource: a bucket's, a queue's."""
    service, resource = ask.resource.split(":")[2:3], ask.resource.split(":", 5)[-1]
    found: object = None
    if service == ["s3"]:
        bucket = s3_backends[ACCOUNT][PARTITION].buckets.get(resource.split("/", 1)[0])
        found = bucket.policy if bucket else None
    elif service == ["sqs"]:
        queue = sqs_backends[ACCOUNT][REGION].queues.get(resource)
        found = queue.policy if queue else None
    if not found:
        return []
    text = found.decode() if isinstance(found, bytes) else _text(found)
    return [Document(f"on {ask.resource}", text)]


def _principals(role_arn: str | None) -> list[tuple[str, str]]:
    accounts = [("AWS", ACCOUNT), ("AWS", f"arn:aws:iam::{ACCOUNT}:root")]
    return [("AWS", role_arn), *accounts] if role_arn else accounts


def _who(role_arn: str | None) -> str:
    if role_arn is None:
        return DEVELOPER
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_arn.rsplit('/', 1)[-1]}/local"


def _deny(role_arn: str | None, ask: requests.Ask, because: str) -> Denied:
    message = (
        f"User: {_who(role_arn)} is not authorized to perform: {ask.action} on resource: "
        f"{ask.resource} {because}"
    )
    record_denial(role_arn or DEVELOPER, ask.action, ask.resource, message)
    return Denied(message)


def _decided(role_arn: str, hits: list[Hit]) -> None:
    """Count the statement and action that alone decided; shared decisions count for nobody."""
    pairs = [(d.name, s.index, a, r) for d, s, actions, r in hits for a in actions]
    if len(pairs) != 1:
        return
    name, index, action, resources = pairs[0]
    alone = resources[0] if len(resources) == 1 else ""
    decisions.record_decision(role_arn, name, index, action, alone)


def judge(role_arn: str | None, ask: requests.Ask) -> None:
    """Allow or deny one ask; None as role is the developer, whom only resource policies deny.

    Raises
    ------
    Denied
        With AWS's wording.
    """
    context = _base_context(role_arn, ask)
    principals = _principals(role_arn)
    on_resource = [h for h in _hits(_on_resource(ask), ask, context) if h[1].names(principals)]
    identity = _hits(documents(role_arn), ask, context) if role_arn else []
    if any(not hit[1].allows for hit in on_resource):
        raise _deny(role_arn, ask, "with an explicit deny in a resource-based policy")
    if role_arn is None:
        return
    if denying := [hit for hit in identity if not hit[1].allows]:
        _decided(role_arn, denying)
        raise _deny(role_arn, ask, "with an explicit deny in an identity-based policy")
    _within_boundary(role_arn, ask, context)
    named = [h for h in on_resource if ("AWS", role_arn) in h[1].principals or _open(h[1])]
    if identity:
        _decided(role_arn, [] if named else identity)
        return
    if not named:
        raise _deny(
            role_arn, ask, f"because no identity-based policy allows the {ask.action} action"
        )


def _open(statement: policy.Statement) -> bool:
    return any(name == "*" for _, name in statement.principals)


def _within_boundary(role_arn: str, ask: requests.Ask, context: policy.Context) -> None:
    boundary = _boundary(role_arn)
    if boundary is None:
        return
    hits = _hits([boundary], ask, context)
    if any(not hit[1].allows for hit in hits):
        raise _deny(role_arn, ask, "with an explicit deny in a permissions boundary")
    if not hits:
        raise _deny(
            role_arn, ask, f"because no permissions boundary allows the {ask.action} action"
        )


def authorize(
    role_arn: str, action: str, resource: str, context: Mapping[str, list[str]] | None = None
) -> None:
    """Check an in-process call by a role, as if it had come over HTTP.

    Raises
    ------
    Denied
        With AWS's wording.
    NotPlayedHere
        A policy of the role can't be judged here; the message names what in it.
    """
    service, _, name = action.partition(":")
    counting.called(service, name, role_arn)
    judge(role_arn, requests.Ask(action, resource, context or {}))


def authorize_service(
    principal: str, action: str, resource: str, document: str | None, source_arn: str
) -> None:
    """Check a service's call (EventBridge to a queue or a function) by the resource's policy.

    Raises
    ------
    Denied
        No statement of the resource's policy lets the service act for `source_arn`.
    """
    ask = requests.Ask(
        action,
        resource,
        {
            "aws:sourcearn": [source_arn],
            "aws:sourceaccount": [ACCOUNT],
            "aws:principalservicename": [principal],
            "aws:principalisawsservice": ["true"],
        },
    )
    context = _base_context(None, ask)
    found = [Document(f"on {resource}", document)] if document else []
    hits = [h for h in _hits(found, ask, context) if h[1].names([("Service", principal)])]
    if not hits or any(not hit[1].allows for hit in hits):
        message = (
            f"{principal} is not authorized to perform: {action} on resource: {resource} for "
            f"{source_arn} because no resource-based policy allows it"
        )
        record_denial(principal, action, resource, message)
        raise Denied(message)


def check_trust(role_arn: str, principal: str) -> None:
    """Check that a role lets a service assume it.

    Raises
    ------
    Denied
        The role's trust policy does not name the service.
    """
    text = _text(_role(role_arn).assume_role_policy_document)
    authorize_trust = [
        s
        for s in policy.compiled(text)
        if s.action_hits("sts:AssumeRole") and s.names([("Service", principal)]) and s.allows
    ]
    if not authorize_trust:
        message = f"The role {role_arn} can't be assumed by {principal}"
        record_denial(principal, "sts:AssumeRole", role_arn, message)
        raise Denied(message)


def judge_assumption(role_arn: str, session_name: str, source_identity: str) -> None:
    """Check that a role's trust policy lets the developer assume it in this way.

    Raises
    ------
    Denied
        With AWS's wording.
    """
    text = _text(_role(role_arn).assume_role_policy_document)
    given = {
        "sts:rolesessionname": [session_name],
        "sts:sourceidentity": [source_identity] if source_identity else [],
    }
    actions = ["sts:AssumeRole", *(["sts:SetSourceIdentity"] if source_identity else [])]
    for action in actions:
        ask = requests.Ask(action, role_arn, given)
        context = _base_context(None, ask)
        hits = _hits([Document(f"trust of {role_arn}", text)], ask, context)
        named = [hit for hit in hits if hit[1].names(_principals(None))]
        if not named or any(not hit[1].allows for hit in named):
            raise _deny(None, ask, "because its trust policy does not allow it")


def coverage() -> list[dict[str, Any]]:
    """Return each statement and action of each role with how often it alone decided.

    Returns
    -------
    list
        ``{role, policy, statement, effect, action, resource, decided, by_resource}``; `resource`
        lists the statement's patterns, `by_resource` counts those that alone matched.
    """
    rows = []
    for role in list(iam_backends[ACCOUNT][PARTITION].roles.values()):
        for document in documents(role.arn):
            for statement in document.statements:
                rows += [_row(role.arn, document, statement, a) for a in statement.actions]
    return rows


def _row(role: str, document: Document, statement: policy.Statement, action: str) -> dict[str, Any]:
    shown = "NotAction" if statement.not_actions else action
    key = (role, document.name, statement.index, shown)
    return {
        "role": role,
        "policy": document.name,
        "statement": statement.index,
        "effect": "Allow" if statement.allows else "Deny",
        "action": action,
        "resource": list(statement.resources),
        "decided": decisions.decided(*key),
        "by_resource": {r: decisions.decided(*key, r) for r in statement.resources},
    }


def check_document(document: object) -> None:
    """Compile a policy document at deploy time, so that what is unknown in it stops the deploy.

    Raises
    ------
    UnknownInPolicy
        Naming the element, operator, condition key or variable.
    """
    policy.compiled(_text(document))
