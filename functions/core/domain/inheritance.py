"""What holds for a task: its policy with everything above it applied, and nothing weaker."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from functions.core.domain.documents import Document
from functions.core.domain.policies import (
    LEVELS,
    ORDERS,
    DeclaredPolicy,
    Excepted,
    Policy,
    Preamble,
)
from functions.core.domain.strictness import at, put


def problems(declared: Mapping[str, DeclaredPolicy], today: date) -> Iterator[tuple[str, str, str]]:
    """Yield (policy, dotted key, reason) for everything that keeps *declared* from holding."""
    tops = sorted(name for name, one in declared.items() if one.extends is None)
    for name in tops[1:]:
        yield name, "level", f"{tops[0]!r} is the organisation's policy, and there is one"
    for name, policy in declared.items():
        broken = next(_broken_line(name, declared), None)
        if broken:
            yield name, *broken
            continue
        for index, waiver in enumerate(policy.exceptions):
            if waiver.ends < today:
                reason = f"ended on {waiver.ends}: remove it, and the rule with it, or renew it"
                yield name, f"exceptions.{index}.ends", reason
        if policy.extends is not None:
            yield from ((name, *one) for one in _weaker(policy, lineage(name, declared)))


def lineage(name: str, declared: Mapping[str, DeclaredPolicy]) -> tuple[DeclaredPolicy, ...]:
    """Return the policies from the organisation's own down to *name*."""
    found = [declared[name]]
    while found[0].extends is not None:
        found.insert(0, declared[found[0].extends])
    return tuple(found)


def effective(line: Sequence[DeclaredPolicy]) -> Policy:
    """Return what holds under the last of *line*, each after its parent."""
    table: dict[str, Any] = {}
    origins: dict[str, str] = {}
    excepted: dict[str, Excepted] = {}
    for policy in line:
        said = _said(policy)
        waivers = {waiver.rule: waiver for waiver in policy.exceptions}
        for key, child in said.items():
            parent = at(table, key, setting(_DEFAULTS, key))
            value = ORDERS[key].joined(parent, child)
            if key in origins and value == parent:
                continue
            waiver, earlier = waivers.get(key), excepted.get(key)
            if earlier is not None and ORDERS[key].holds(value, earlier.otherwise):
                del excepted[key]  # as strict as if there had been no exception
            if waiver is not None:
                excepted[key] = Excepted(
                    rule=key,
                    policy=policy.name,
                    owner=waiver.owner,
                    reason=waiver.reason,
                    ends=waiver.ends,
                    otherwise=parent,
                )
            put(table, key, value)
            origins[key] = policy.name
    last = line[-1]
    return Policy.model_validate(
        {
            **table,
            "name": last.name,
            "purpose": last.purpose,
            "team": next((one.team for one in reversed(line) if one.team), None),
            "preambles": [
                Preamble(level=one.level, policy=one.name, owner=one.owner, text=one.preamble)
                for one in line
                if one.preamble
            ],
            "origins": origins,
            "exceptions": list(excepted.values()),
            "lineage": [one.name for one in line],
        }
    )


def setting(policy: Policy, key: str) -> Any:
    """Return what *policy* says under the dotted *key* of a rule."""
    value: Any = policy
    for name in key.split("."):
        value = getattr(value, name)
    return value


def team_problems(
    team: str, policy: Policy, declared: Mapping[str, DeclaredPolicy]
) -> Iterator[str]:
    """Yield why a task of *team* can't be under *policy*: it is another's, or passes its own."""
    if policy.team not in (None, team):
        yield f"{policy.name!r} is the policy of team {policy.team!r}"
    for name, one in sorted(declared.items()):
        if one.level == "team" and one.team == team and name not in policy.lineage:
            yield f"passes over {name!r}, the policy of team {team!r}"


def in_force(policy: Policy, today: date) -> Policy:
    """Return what holds on *today*: a rule whose exception has ended is its parent's again."""
    ended = [one for one in policy.exceptions if one.ends < today]
    if not ended:
        return policy
    table = policy.model_dump()
    for one in ended:
        put(table, one.rule, one.otherwise)
    table["exceptions"] = [one for one in table["exceptions"] if one["ends"] >= today]
    return Policy.model_validate(table)


def _broken_line(name: str, declared: Mapping[str, DeclaredPolicy]) -> Iterator[tuple[str, str]]:
    """Yield (key, reason) where *name* does not lead up to the organisation, level by level."""
    policy, seen = declared[name], {name}
    team = policy.team
    while policy.extends is not None:
        parent = declared.get(policy.extends)
        if parent is None:
            yield "extends", f"no policy {policy.extends!r}"
            return
        if parent.name in seen:
            yield "extends", f"goes round in a circle at {parent.name!r}"
            return
        if LEVELS.index(parent.level) >= LEVELS.index(policy.level):
            yield "extends", f"{parent.name!r} is of level {parent.level}, which is not above"
            return
        if team and parent.team and parent.team != team:
            yield "extends", f"{parent.name!r} is the policy of team {parent.team!r}"
            return
        team = team or parent.team
        seen.add(parent.name)
        policy = parent


def _weaker(policy: DeclaredPolicy, line: Sequence[DeclaredPolicy]) -> Iterator[tuple[str, str]]:
    """Yield (key, reason) of every rule that *policy* makes weaker, unless it is excepted."""
    above = effective(line[:-1])
    said = _said(policy)
    waivers = {waiver.rule: index for index, waiver in enumerate(policy.exceptions)}
    for key, child in said.items():
        order, parent = ORDERS[key], setting(above, key)
        weaker = not order.holds(child, parent)
        if weaker and key not in waivers:
            origin = above.origins.get(key)
            whose = f"{origin!r} says" if origin else "the default is"
            yield key, f"is weaker: it {order.phrase}, and {whose} {_shown(parent)}"
        if not weaker and key in waivers:
            yield f"exceptions.{waivers[key]}.rule", f"{key} is not weaker, so nothing is excepted"
    for key, index in waivers.items():
        if key not in said:
            yield f"exceptions.{index}.rule", f"{key} is not set here"


def _said(policy: DeclaredPolicy) -> dict[str, Any]:
    """Return the dotted keys that the file itself sets."""
    return {key: value for key, value in _set_keys(policy) if key in ORDERS}


def _set_keys(document: Document, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(document).model_fields:
        if name not in document.model_fields_set:
            continue
        value = getattr(document, name)
        if isinstance(value, Document):
            yield from _set_keys(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | dict) else str(value)


_DEFAULTS = Policy(name="default", purpose="What holds where nobody says anything.")
