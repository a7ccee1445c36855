"""Detectors outside this process, where a policy names them: Bedrock Guardrails, an analyzer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from functions.core.domain.errors import GuardUnavailable
from functions.core.domain.guards.costs import Costs
from functions.core.domain.guards.findings import Finding
from functions.core.domain.guards.outside import NAMED, Intervention, Source

if TYPE_CHECKING:
    from functions.core.domain.policies import GuardrailRules
    from functions.core.ports import Guardrails, NameFinder

GUARDRAIL: Final = "guardrail"
_NOWHERE: Final = Intervention(failed="none can be asked from here")


@dataclass(frozen=True)
class Detectors:
    """What makes the clients of detectors; None: there is none to be asked from here."""

    guardrails: "Callable[[], Guardrails] | None" = None
    names: "Callable[[], NameFinder] | None" = None


NO_DETECTORS: Final = Detectors()


def guarded(
    detectors: Detectors,
    rules: "GuardrailRules",
    source: Source,
    texts: Sequence[str],
    costs: Costs | None = None,
) -> tuple[tuple[dict[str, Any], ...], bool]:
    """Return what the guardrails of *rules* say of *texts*, and whether one of them intervened.

    Raises
    ------
    GuardUnavailable
        One that is enforced said nothing: then nobody knows whether it would have intervened.
    """
    record: list[dict[str, Any]] = []
    asked = [one for one in rules.apply if one.source == source]
    present = [text for text in texts if text.strip()]
    for guardrail in asked if present else ():
        with (costs or Costs()).of(f"{GUARDRAIL}.{guardrail.id}"):
            client = detectors.guardrails
            said = client().apply(guardrail, present) if client else _NOWHERE
        if said.intervened or said.failed:
            told = {"guardrail": guardrail.id, "version": guardrail.version, "source": source}
            found = {"failed": said.failed} if said.failed else {"assessed": list(said.assessed)}
            units = {"units": dict(said.units)} if said.units else {}
            record.append({"rule": GUARDRAIL, "mode": rules.mode, **told, **found, **units})
    if rules.mode == "enforce" and any("failed" in one for one in record):
        raise GuardUnavailable(GUARDRAIL, record)
    return tuple(record), rules.mode == "enforce" and bool(record)


def name_finder(
    detectors: Detectors, kinds: Sequence[str]
) -> Callable[[str], Sequence[Finding]] | None:
    """Return what finds names of *kinds* in a text; None where a policy asks for none.

    Raises
    ------
    GuardUnavailable
        A policy asks for some, and this deployment has no analyzer.
    """
    wanted = [kind for kind in kinds if kind in NAMED]
    if not wanted:
        return None
    if detectors.names is None:
        record = {"rule": "personal_data", "detector": "analyzer", "failed": "there is none"}
        raise GuardUnavailable("personal_data", (record,))
    client = detectors.names()
    return lambda text: client.find(text, wanted)
