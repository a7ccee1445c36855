"""What an effective policy must be before it is published or made live: as strict as its parent.

A project's files are checked by `inheritance.problems`, parent and child side by side. Here a
version comes alone, from somebody whose word is not taken for it, and is compared with the parent
that is live.
"""

from collections.abc import Iterator
from datetime import date

from functions.core.domain.guards.answer.business import rule_problem
from functions.core.domain.inheritance import setting
from functions.core.domain.policies import NO_EXCEPTION, ORDERS, Policy

Problems = Iterator[tuple[str, str]]


def parent_of(policy: Policy) -> str | None:
    """Return the name of the policy above *policy*; None: it is the organisation's."""
    return policy.lineage[-2] if len(policy.lineage) > 1 else None


def publishing_problems(
    policy: Policy, live: Policy | None, parent: Policy | None, today: date
) -> Problems:
    """Yield (key, reason) for all that keeps *policy* from being published by a person.

    Parameters
    ----------
    live
        What is live under its name; None: nothing yet.
    parent
        What is live under the name above it; None: it names none, or there is none.
    """
    if policy.lineage[-1:] != (policy.name,):
        yield "lineage", f"does not end with {policy.name!r}"
    if live is None and parent_of(policy) is None:
        yield "lineage", "begins here: the organisation's policy comes with a deployment"
    if live is not None and live.lineage != policy.lineage:
        yield "lineage", "is not that of what is live: another parent comes with a deployment"
    if parent_of(policy) is None and (policy.exceptions or policy.team):
        yield "lineage", "the organisation's policy has neither team nor exceptions"
    for name, rule in policy.answer.business.rules.items():
        if reason := rule_problem(rule):
            yield f"answer.business.rules.{name}", reason
    yield from promoting_problems(policy, parent, today)


def promoting_problems(policy: Policy, parent: Policy | None, today: date) -> Problems:
    """Yield (key, reason) for all that keeps *policy* from being live under *parent*."""
    above = parent_of(policy)
    if above is None:
        return
    if parent is None:
        yield "lineage", f"no policy {above!r} is live"
        return
    if parent.lineage != policy.lineage[:-1]:
        yield "lineage", f"is not that of {parent.name!r}, and this one"
    yield from weaker(policy, parent, today)


def weaker(policy: Policy, parent: Policy, today: date) -> Problems:
    """Yield (key, reason) where *policy* is weaker than its *parent*, and not excepted."""
    excepted = {one.rule: one for one in policy.exceptions}
    for key, order in ORDERS.items():
        above, own = setting(parent, key), setting(policy, key)
        if order.holds(own, above) and order.joined(above, own) == own:
            continue
        exception = excepted.get(key)
        if exception is None or key.startswith(NO_EXCEPTION):
            yield key, f"is weaker than {parent.name!r}: it {order.phrase}"
        elif exception.ends < today:
            yield f"exceptions.{key}", f"ended on {exception.ends}"
    if policy.preambles[: len(parent.preambles)] != parent.preambles:
        yield "preambles", f"do not begin with those of {parent.name!r}"
    if parent.team not in (None, policy.team):
        yield "team", f"is not that of {parent.name!r}"
