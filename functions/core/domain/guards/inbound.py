"""What a run may send: its texts from outside are cleaned, looked at, and judged by the policy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.canonical import escape_token
from functions.core.domain.errors import InputBlocked, PersonRequired, VariablesRejected
from functions.core.domain.guards.injection.detector import Verdict, look
from functions.core.domain.guards.screened import Screened
from functions.core.domain.guards.text import clean
from functions.core.domain.policies import InjectionRules, Policy
from functions.core.domain.prompts import Trusted, marked

REMOVED: Final = "[removed]"
"""What stands where a sentence was taken out."""
SPANS: Final = 8
"""Places that a record names of one text."""
_SENTENCE_ENDS: Final = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s*|\n+")


@dataclass
class _Pass:
    """One walk over the variables."""

    rules: InjectionRules
    record: list[dict[str, Any]] = field(default_factory=list)
    acted: bool = False

    def over(self, value: Any, at: str) -> Any:
        if isinstance(value, dict):
            return self._members(value, at)
        if isinstance(value, list):
            return [self.over(item, f"{at}/{index}") for index, item in enumerate(value)]
        if isinstance(value, Trusted):
            return str(value)
        if not isinstance(value, str):
            return value
        seen = self._cleaned(value, at)
        verdict = look(value)
        suspected = self.judge(value, verdict, at)
        if suspected and self.rules.action == "strip":
            return clean(_stripped(value, verdict)).text
        return seen

    def _members(self, value: dict[str, Any], at: str) -> dict[str, Any]:
        """Return an object whose members' names are cleaned and judged like any text."""
        walked: dict[str, Any] = {}
        for name, item in value.items():
            self.judge(name, look(name), at)
            seen = self._cleaned(name, at)
            if seen in walked:
                raise VariablesRejected(f"{at or '(root)'} names a member twice")
            walked[seen] = self.over(item, f"{at}/{escape_token(name)}")
        return walked

    def _cleaned(self, text: str, at: str) -> str:
        """Return *text* as it is seen; what was taken out is on record."""
        seen = clean(text)
        if seen.removed:
            self.record.append({"rule": "text", "at": at, "removed": dict(seen.removed)})
        return seen.text

    def judge(self, text: str, verdict: Verdict, at: str) -> bool:
        """Put a suspicious *text* on record; say whether the policy acts on it."""
        if verdict.score < self.rules.threshold:
            return False
        self.record.append(
            {
                "rule": "injection",
                "at": at,
                "mode": self.rules.mode,
                "action": self.rules.action,
                "score": str(round(verdict.score, 3)),
                "family": verdict.family,
                "layers": sorted({hit.layer for hit in verdict.hits}),
                "spans": _spans(verdict),
                "characters": len(text),
            }
        )
        acts = self.rules.mode == "enforce"
        self.acted = self.acted or acts
        return acts


def screen(task: AiTask, values: Mapping[str, Any], policy: Policy) -> Screened:
    """Return *values*, whose references are resolved, as *policy* lets *task* send them.

    A text that its schema bounds to declared words is not looked at: nobody can write it.

    Raises
    ------
    InputBlocked, PersonRequired
        The policy ends the step; the record goes with the error.
    VariablesRejected
        An object names a member twice, once hidden characters are taken out.
    """
    walk = _Pass(policy.injection)
    given = marked(task, values)
    sent = {name: walk.over(value, f"/{escape_token(name)}") for name, value in given.items()}
    record = tuple(walk.record)
    if walk.acted and policy.injection.action == "block":
        raise InputBlocked("injection", record)
    if walk.acted and policy.injection.action == "person":
        raise PersonRequired("injection", record)
    return Screened(sent, record, reminds=walk.acted)


def _spans(verdict: Verdict) -> list[list[int]]:
    places = dict.fromkeys((hit.start, hit.end) for hit in verdict.hits)
    return [list(place) for place in places][:SPANS]


def _stripped(text: str, verdict: Verdict) -> str:
    """Return *text* without the sentences in which something was found."""
    bounds = [0, *(end.end() for end in _SENTENCE_ENDS.finditer(text)), len(text)]
    kept: list[str] = []
    for start, end in pairwise(bounds):
        if any(hit.start < end and start < hit.end for hit in verdict.hits):
            if kept[-1:] != [REMOVED + "\n"]:
                kept.append(REMOVED + "\n")
        else:
            kept.append(text[start:end])
    return "".join(kept)
