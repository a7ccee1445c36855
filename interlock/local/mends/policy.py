"""IAM policy documents, compiled once and matched exactly; what is not understood is refused.

Sources: "IAM JSON policy elements" and "IAM JSON policy evaluation logic" of the IAM user guide.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from interlock.local.mends.refusal import NotPlayedHere

Context = Mapping[str, Sequence[str]]

# What a request here can carry. A policy that asks for another key can't be judged and is refused.
KNOWN_KEYS = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceidentity",
        "aws:sourceip",
        "cloudwatch:namespace",
        "events:detail-type",
        "events:source",
        "kms:viaservice",
        "lambda:functionarn",
        "lambda:functionurlauthtype",
        "lambda:invokedviafunctionurl",
        "s3:if-match",
        "s3:if-none-match",
        "s3:prefix",
        "s3:signatureversion",
        "s3:tlsversion",
        "s3:x-amz-acl",
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "states:statemachinequalifier",
        "sts:rolesessionname",
        "sts:sourceidentity",
    }
)


class UnknownInPolicy(NotPlayedHere):
    """A policy uses an element, an operator, a condition key or a variable unknown here."""


@functools.lru_cache(8192)
def glob(text: str) -> re.Pattern[str]:
    """Compile IAM's ``*`` and ``?`` (which, unlike file names', cross ``/`` and ``:``)."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text)
    return re.compile("".join(parts), re.DOTALL)


def _number(text: str) -> float:
    return float(text)


def _moment(text: str) -> float:
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    found = datetime.datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def _arn_like(have: str, wanted: str) -> bool:
    """Compare each of an ARN's six parts on its own, as ArnEquals and ArnLike both do."""
    left, right = have.split(":", 5), wanted.split(":", 5)
    if len(left) != len(right):
        return False
    return all(glob(w).fullmatch(h) for h, w in zip(left, right, strict=True))


def _in_network(have: str, wanted: str) -> bool:
    return ipaddress.ip_address(have) in ipaddress.ip_network(wanted, strict=False)


def _like(have: str, wanted: str) -> bool:
    return glob(wanted).fullmatch(have) is not None


Test = Callable[[str, str], bool]

_POSITIVE: dict[str, Test] = {
    "StringEquals": lambda have, wanted: have == wanted,
    "StringEqualsIgnoreCase": lambda have, wanted: have.casefold() == wanted.casefold(),
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda have, wanted: have.lower() == wanted.lower(),
    "NumericEquals": lambda have, wanted: _number(have) == _number(wanted),
    "NumericLessThan": lambda have, wanted: _number(have) < _number(wanted),
    "NumericLessThanEquals": lambda have, wanted: _number(have) <= _number(wanted),
    "NumericGreaterThan": lambda have, wanted: _number(have) > _number(wanted),
    "NumericGreaterThanEquals": lambda have, wanted: _number(have) >= _number(wanted),
    "DateEquals": lambda have, wanted: _moment(have) == _moment(wanted),
    "DateLessThan": lambda have, wanted: _moment(have) < _moment(wanted),
    "DateLessThanEquals": lambda have, wanted: _moment(have) <= _moment(wanted),
    "DateGreaterThan": lambda have, wanted: _moment(have) > _moment(wanted),
    "DateGreaterThanEquals": lambda have, wanted: _moment(have) >= _moment(wanted),
    "IpAddress": _in_network,
}
# Operators that hold when *no* wanted value matches, and when the key is absent.
_NEGATIVE: dict[str, Test] = {
    "StringNotEquals": _POSITIVE["StringEquals"],
    "StringNotEqualsIgnoreCase": _POSITIVE["StringEqualsIgnoreCase"],
    "StringNotLike": _POSITIVE["StringLike"],
    "ArnNotEquals": _POSITIVE["ArnEquals"],
    "ArnNotLike": _POSITIVE["ArnLike"],
    "NumericNotEquals": _POSITIVE["NumericEquals"],
    "DateNotEquals": _POSITIVE["DateEquals"],
    "NotIpAddress": _POSITIVE["IpAddress"],
}


@dataclasses.dataclass(frozen=True)
class Clause:
    """One condition: an operator, a key and the wanted values."""

    operator: str
    key: str
    wanted: tuple[str, ...]
    quantifier: str = ""
    if_exists: bool = False

    def holds(self, context: Context) -> bool:
        """Say whether this clause holds for a request."""
        have = context.get(self.key)
        if self.operator == "Null":
            return str(not have).lower() in self.wanted
        if not have:
            return self._without_value()
        test = _POSITIVE.get(self.operator) or _NEGATIVE[self.operator]
        negative = self.operator in _NEGATIVE
        each = (any(test(h, w) for w in self.wanted) is not negative for h in have)
        # A single-valued key has one element, where "all" and "any" agree.
        return any(each) if self.quantifier == "ForAnyValue" else all(each)

    def _without_value(self) -> bool:
        if self.quantifier == "ForAnyValue":
            return False
        return self.if_exists or self.quantifier == "ForAllValues" or self.operator in _NEGATIVE


@dataclasses.dataclass(frozen=True)
class Statement:
    """One compiled statement; `index` is its place in the document."""

    index: int
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    clauses: tuple[Clause, ...]
    principals: tuple[tuple[str, str], ...]
    not_actions: bool = False
    not_resources: bool = False
    not_principals: bool = False

    def action_hits(self, action: str) -> list[str]:
        """Name the action patterns that take this action in."""
        folded = action.lower()
        hits = [a for a in self.actions if glob(a.lower()).fullmatch(folded)]
        if self.not_actions:
            return [] if hits else ["NotAction"]
        return hits

    def resource_hits(self, resource: str) -> list[str]:
        """Name the resource patterns that take this resource in."""
        if not self.resources:  # trust policies have none
            return ["*"]
        hits = [r for r in self.resources if glob(r).fullmatch(resource)]
        if self.not_resources:
            return [] if hits else ["NotResource"]
        return hits

    def names(self, principals: Iterable[tuple[str, str]]) -> bool:
        """Say whether a resource policy's Principal takes in one of these."""
        hit = any(
            pattern == "*" or (kind, pattern) in principals for kind, pattern in self.principals
        )
        return hit is not self.not_principals

    def holds(self, context: Context) -> bool:
        """Say whether all conditions hold."""
        return all(clause.holds(context) for clause in self.clauses)


def _strings(value: object) -> tuple[str, ...]:
    many = value if isinstance(value, list) else [value]
    return tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in many)


def _refuse_variables(texts: Iterable[str]) -> None:
    for text in texts:
        if found := re.search(r"\$\{[^}]*\}", text):
            raise UnknownInPolicy(f"IAM policy variable {found[0]} in {text!r} is not played here")


def _clause(operator: str, key: str, wanted: object) -> Clause:
    quantifier, _, base = operator.rpartition(":")
    if quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        raise UnknownInPolicy(f"IAM condition operator {operator} is not played here")
    plain = base.removesuffix("IfExists")
    if plain not in _POSITIVE and plain not in _NEGATIVE and base != "Null":
        raise UnknownInPolicy(f"IAM condition operator {operator} is not played here")
    if key.lower() not in KNOWN_KEYS:
        raise UnknownInPolicy(f"IAM condition key {key} is not played here")
    values = _strings(wanted)
    _refuse_variables(values)
    return Clause(plain, key.lower(), values, quantifier, base.endswith("IfExists"))


_ELEMENTS = {
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
}


def _principals(value: object) -> tuple[tuple[str, str], ...]:
    if isinstance(value, dict):
        return tuple((kind, name) for kind, names in value.items() for name in _strings(names))
    return tuple(("*", name) for name in _strings(value)) if value is not None else ()


def _statement(index: int, raw: Mapping[str, object]) -> Statement:
    if unknown := set(raw) - _ELEMENTS:
        raise UnknownInPolicy(f"IAM policy element {min(unknown)} is not played here")
    effect = raw["Effect"]
    if effect not in {"Allow", "Deny"}:
        raise UnknownInPolicy(f"IAM Effect {effect!r} is neither Allow nor Deny")
    actions = _strings(raw["NotAction"] if "NotAction" in raw else raw["Action"])
    resources = _strings(raw["NotResource"] if "NotResource" in raw else raw.get("Resource", []))
    _refuse_variables((*actions, *resources))
    conditions = raw.get("Condition") or {}
    if not isinstance(conditions, dict):
        raise UnknownInPolicy(f"IAM Condition {conditions!r} is not an object")
    return Statement(
        index=index,
        allows=effect == "Allow",
        actions=actions,
        resources=resources,
        clauses=tuple(_clause(o, k, v) for o, keys in conditions.items() for k, v in keys.items()),
        principals=_principals(raw.get("Principal", raw.get("NotPrincipal"))),
        not_actions="NotAction" in raw,
        not_resources="NotResource" in raw,
        not_principals="NotPrincipal" in raw,
    )


@functools.lru_cache(4096)
def compiled(document: str) -> tuple[Statement, ...]:
    """Compile a policy document's text, refusing by name whatever is not understood.

    Raises
    ------
    UnknownInPolicy
        For an element, operator, condition key or policy variable that is not played here.
    """
    found = json.loads(document)["Statement"]
    many = found if isinstance(found, list) else [found]
    return tuple(_statement(index, raw) for index, raw in enumerate(many))


@functools.lru_cache(4096)
def about(document: str, action: str) -> tuple[tuple[Statement, tuple[str, ...]], ...]:
    """Return a document's statements that take *action* in, each with the patterns that do.

    Raises
    ------
    UnknownInPolicy
        As `compiled` does.
    """
    found = ((statement, statement.action_hits(action)) for statement in compiled(document))
    return tuple((statement, tuple(actions)) for statement, actions in found if actions)
