"""Personal data and credentials: kept back from a prompt, given back in its answer."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from functions.core.domain.ai_step import Call, Step
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.canonical import escape_token
from functions.core.domain.errors import InputBlocked
from functions.core.domain.guards.findings import Finding, apart, counted
from functions.core.domain.guards.outbound import Judged
from functions.core.domain.guards.outside import NAMED
from functions.core.domain.guards.personal.detector import USUAL, PersonalData
from functions.core.domain.guards.redaction import LITERAL, Redaction, restored_tree
from functions.core.domain.guards.screened import Screened
from functions.core.domain.guards.secrets import KINDS as SECRETS
from functions.core.domain.guards.secrets import find_secrets
from functions.core.domain.inheritance import in_force
from functions.core.domain.keys import keyed_hash
from functions.core.domain.policies import PersonalDataRules, Policy
from functions.core.domain.references import lookup, replace
from functions.core.domain.schemas import personal_pointers
from functions.core.services.detectors import name_finder
from functions.core.services.tools import Tools

PERSONAL: Final = "personal_data"
SECRET: Final = "secrets"  # noqa: S105  (a rule's name)
_LITERAL: Final = f"<{LITERAL.upper()}_"
_SECRET: Final = tuple(f"<{kind.upper()}_" for kind in SECRETS)

Reveal = Callable[[Any], Any]


@dataclass(frozen=True)
class Concealed(Screened):
    """Variables as they are sent, with what gives the answer its values back.

    Attributes
    ----------
    given
        The variables as they were, which is what their schema speaks of.
    vault
        Where the values lie, as a reference; None where nothing was kept back.
    reveal
        What the answer's tokens become.
    notice
        What the model is told after the data; empty where there is nothing to say.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    vault: dict[str, Any] | None = None
    reveal: Reveal | None = None
    notice: str = ""


def conceal(
    tools: Tools, screened: Screened, task: AiTask, policy: Policy, *, team: str, run: str
) -> Concealed:
    """Return what was *screened* with tokens for what *policy* keeps back.

    Raises
    ------
    InputBlocked
        The policy ends the step; kinds and numbers go with the error.
    GuardUnavailable
        The policy looks for names, and no analyzer answers.
    """
    seen: Counter[str] = Counter()
    redaction = Redaction(keyed_hash(tools.keys.team(team), f"redaction/{run}".encode()).encode())
    names = name_finder(tools.detectors, _sought(policy))
    sent = redaction.tree(screened.values, _finder(policy, seen, names))
    record = _record(seen, policy)
    if rule := _blocking(policy, record):
        raise InputBlocked(rule, (*screened.record, *record))
    values = redaction.values
    return Concealed(
        values=sent,
        record=(*screened.record, *record),
        reminds=screened.reminds,
        given=screened.values,
        vault=tools.artifacts.lock_away(values, team=team, run=run) if values else None,
        reveal=_revealing(values, task, policy.personal_data) if values else None,
    )


def revealer(tools: Tools, step: Step, call: Call, task: AiTask) -> Reveal | None:
    """Return what gives the answer to *call* its values back; None where nothing was kept back."""
    if call.vault is None:
        return None
    rules = policy_of(tools, call).personal_data
    return _revealing(tools.artifacts.unlock(call.vault, run=step.run), task, rules)


def held_back(tools: Tools, call: Call, judged: Judged) -> Judged:
    """Return an answer without credentials, or the rule by which it is not passed on.

    Its personal data is counted: what a run sent comes back where the policy lets it, so what is
    found is no news. Where the policy blocks nothing was sent, and the answer ends the step.
    """
    if not call.policy_version or judged.blocked:
        return judged
    policy = policy_of(tools, call)
    seen: Counter[str] = Counter()
    # names that a run sent come back: here they are looked for only where they end the step
    blocks = policy.personal_data.action == "block"
    names = name_finder(tools.detectors, _sought(policy)) if blocks else None
    find = _finder(policy, seen, names)
    redaction = Redaction(keyed_hash(tools.keys.artifact, call.attempt.encode()).encode())

    def credentials(text: str, about: str) -> Sequence[Finding]:
        return [one for one in find(text, about) if one.kind in SECRETS]

    value = redaction.tree(judged.value, credentials)
    hidden = any(token.startswith(_SECRET) for token in redaction.values)
    record = _record(seen, policy)
    return Judged(
        value if hidden else judged.value, (*judged.record, *record), _blocking(policy, record)
    )


def found_in(policy: Policy, value: Any, at: str = "", about: str = "") -> Iterator[dict[str, Any]]:
    """Yield rule, kind, JSON pointer and span of what *policy* keeps back of JSON *value*.

    For people who try a policy: a step's record counts kinds, and says no place.
    """
    if isinstance(value, str):
        for one in apart(_finder(policy, Counter(), None)(value, about)):
            rule = SECRET if one.kind in SECRETS else PERSONAL
            yield {"rule": rule, "kind": one.kind, "at": at, "span": [one.start, one.end]}
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from found_in(policy, one, f"{at}/{escape_token(name)}", f"{about} {name}")
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from found_in(policy, one, f"{at}/{index}", about)


@lru_cache(maxsize=64)
def _detector(kinds: tuple[str, ...], regions: tuple[str, ...]) -> PersonalData:
    return PersonalData((*USUAL, *(kind for kind in kinds if kind not in NAMED)), regions)


def _sought(policy: Policy) -> Sequence[str]:
    rules = policy.personal_data
    return rules.kinds if rules.action != "allow" else ()


def _finder(
    policy: Policy, seen: Counter[str], names: Callable[[str], Sequence[Finding]] | None
) -> Callable[[str, str], Sequence[Finding]]:
    rules = policy.personal_data
    detector = _detector(rules.kinds, rules.regions) if rules.action != "allow" else None

    def find(text: str, about: str) -> Sequence[Finding]:
        secrets = find_secrets(text)
        personal = detector.find(text, about) if detector else ()
        if names is not None:
            personal = apart((*personal, *names(text)))
        seen.update(counted((*secrets, *personal)))
        return (*(secrets if policy.secrets.mode == "enforce" else ()), *personal)

    return find


def _record(seen: Mapping[str, int], policy: Policy) -> tuple[dict[str, Any], ...]:
    """Return what evidence says: rule, action, and how often each kind; never a value."""
    kinds = {kind: str(number) for kind, number in sorted(seen.items())}
    personal = {kind: number for kind, number in kinds.items() if kind not in SECRETS}
    secrets = {kind: number for kind, number in kinds.items() if kind in SECRETS}
    told: list[dict[str, Any]] = []
    if personal:
        told.append({"rule": PERSONAL, "action": policy.personal_data.action, "kinds": personal})
    if secrets:
        rules = policy.secrets
        told.append({"rule": SECRET, "mode": rules.mode, "action": rules.action, "kinds": secrets})
    return tuple(told)


def _blocking(policy: Policy, record: Sequence[Mapping[str, Any]]) -> str:
    """Return the rule by which what is on *record* ends the step; nothing where none does."""
    blocks = {
        PERSONAL: policy.personal_data.action == "block",
        SECRET: policy.secrets.action == "block" and policy.secrets.mode == "enforce",
    }
    return next((one["rule"] for one in record if blocks[one["rule"]]), "")


def _revealing(values: Mapping[str, str], task: AiTask, rules: PersonalDataRules) -> Reveal:
    """Return what restores *values* where *rules* let them come back; look-alikes come anywhere."""
    alike = {token: value for token, value in values.items() if token.startswith(_LITERAL)}
    personal = {t: v for t, v in values.items() if not t.startswith(_SECRET)}

    def reveal(answer: Any) -> Any:
        if rules.restore == "answer":
            return restored_tree(answer, personal)
        places = personal_pointers(task.output_schema, answer)
        restored = {at: restored_tree(lookup(answer, at), personal) for at in places}
        answer = restored_tree(answer, alike)
        if rules.restore == "personal":
            for at, value in restored.items():
                answer = replace(answer, at, value)
        return answer

    return reveal


def policy_of(tools: Tools, call: Call) -> Policy:
    """Return the policy that *call* was prepared under, as it holds today."""
    pinned = tools.catalog.pinned("policy", call.policy, call.policy_version, Policy)
    return in_force(pinned, tools.clock.now().date())
