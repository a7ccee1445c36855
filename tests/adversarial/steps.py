"""An attack through an AI step: what goes in, what a model says to it, and what comes out.

The step's own functions play it, over stores in memory. Besides its verdict each row is held to
what no attack may change: the system prompt, the schema, who speaks in which message.
"""

import base64
import codecs
import json
import re
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any, Final

from functions.core.domain.errors import PermanentError
from functions.core.domain.expressions import Table
from functions.core.domain.guards.redaction import TOKEN
from functions.core.domain.models import AnswerStatus, ModelAnswer, Usage
from functions.core.domain.step import Invocation
from functions.core.services.evidence import from_item
from tests.adversarial.rows import Row
from tests.fakes import FakeModel, answered
from tests.stage import MODELS, POLICY, TASK
from tests.unit.core.desk import RUN, Desk

ME: Final = Invocation("me", "2026-11-22T08:01:00.000Z")
KEY: Final = "gh" + "p_" + "4f9Kq2LmX7cVb1Zt8RwYp3NsJd6HgTaEu0QiB"[:36]
"""A credential by its shape, and nobody's; written apart so that no scanner takes it for one."""
OPEN: Final = TASK | {
    "route": "gratis",
    "variables_schema": {
        "type": "object",
        "required": ["note"],
        "additionalProperties": False,
        "properties": {"note": {}, "kind": {"enum": ["letter", "call"]}},
    },
    "output_schema": {
        "type": "object",
        "required": ["label"],
        "additionalProperties": False,
        "properties": {
            "label": {"enum": ["good", "bad"]},
            "said": {"type": "string", "maxLength": 400},
            "to": {"type": "string", "format": "email", "x-data-class": "personal"},
        },
    },
}
_FREE: Final = MODELS["targets"]["free"]
_LIMITS: Final = {"context_tokens": 200_000, "output_tokens": 64}
ROOMY: Final = MODELS | {"targets": MODELS["targets"] | {"free": _FREE | {"limits": _LIMITS}}}
FENCED: Final = re.compile(r"<<<([0-9a-f]{16})\n.*?\n\1>>>", re.DOTALL)
_CANARY: Final = re.compile(r"never to be written: ([a-z]+)")


class Step:
    """A row's step, from what it is given to what it ends as."""

    def __init__(self, row: Row) -> None:
        self._given = row.given
        task = OPEN | row.given.get("task", {})
        policy = POLICY | {"max_prompt_bytes": 65_536} | row.given.get("policy", {})
        self._documents = {"models": ROOMY, "ai_task": task, "policy": policy}
        self._desk = Desk(**self._documents)
        self._words: dict[str, str] = {"key": KEY}
        self._harmless = self._messages(row.given.get("harmless", "hello"))
        self.sent: list[dict[str, str]] = []
        self.passed = ""
        """The answer as the step's own reader gets it."""
        self.state = ""
        """The answer as it travels in the machine's state."""
        self.error = ""

    def ended(self) -> str:
        """Play it; return outcome and reason."""
        self._learn()
        variables = {"note": "hello"} | _filled(dict(self._given.get("variables", {})), self._words)
        if "note" in self._given:
            variables["note"] = _filled(self._given["note"], self._words)
        try:
            self._go_round(variables)
        except PermanentError as error:
            self.error = str(error)
        item = self._desk.item
        # which part of a schema was missed is no part of the verdict
        return f"{item['outcome']} {item['reason'].partition(':')[0]}".strip()

    def check(self) -> None:
        """See that it went as the row says besides, and that nothing else changed.

        Raises
        ------
        AssertionError
            With what did not hold.
        """
        given, question = self._given, self.sent[-1]["content"] if self.sent else ""
        outside = FENCED.sub("", question)
        for text in self._texts("fenced"):
            assert text in question, f"not sent: {text!r}"
            assert text not in outside, f"outside of its fence: {text!r}"
        places = {"sent": question, "passed": self.passed, "state": self.state}
        places |= {"kept": self._kept(), "error": self.error}
        for place, told in places.items():
            for text in self._texts(f"{place}_has"):
                assert text in told, f"{place} lacks {text!r}"
            for text in self._texts(f"{place}_lacks"):
                assert text not in told, f"{place} has {text!r}"
        rules = [*dict.fromkeys(one["rule"] for one in self._recorded())]
        assert rules == given.get("record", []), f"on record: {rules}"
        self._check_the_rest()

    def _check_the_rest(self) -> None:
        """Nobody but the catalog speaks as the system, and nobody else but the model as itself."""
        if not self.sent:
            return
        # a lower rung of the ladder has the schema below it, and nothing else
        told, harmless = (
            messages[0]["content"].partition("\n\nJSON Schema:\n")[0]
            for messages in (self.sent, self._harmless)
        )
        assert told == harmless, "another system prompt"
        roles = [message["role"] for message in self.sent]
        assert roles in (["system", "user"], ["system", "user", "assistant", "user"]), roles

    def _go_round(self, variables: Mapping[str, Any]) -> None:
        """Do what the machine does: prepare, call, check, until it is told to stop."""
        stage, step = self._desk.stage, self._desk.step
        model = FakeModel(*self._answers())
        number, target, repair, repairs = 1, 0, None, 0
        for _ in range(4):
            call = stage.prepare_call.prepare(step, variables, number, target, repair, repairs)
            given = stage.call_model.call(step, call, ME, {"openai_chat": model})
            self.sent = [dict(message) for message in model.asked[-1].messages]
            checked = stage.check_answer.check(step, call, given)
            if checked.next != "again":
                break
            number, target = checked.number, checked.target_index
            repair, repairs = checked.repair, checked.repairs
        self.state = json.dumps(checked.answer, ensure_ascii=False)
        resolved = stage.artifacts.resolve(checked.answer, run=RUN)
        self.passed = json.dumps(resolved, ensure_ascii=False)

    def _answers(self) -> list[ModelAnswer]:
        given = self._given
        if given.get("calls_a_tool"):
            return [ModelAnswer(AnswerStatus.TOOL_USE, usage=Usage(10, 1))]
        texts = given.get("answers") or [self._answer()]
        return [answered(_filled(text, self._words)) for text in texts]

    def _answer(self) -> str:
        told = {name: self._given[name] for name in ("said", "to") if name in self._given}
        return json.dumps({"label": "good", **told}, ensure_ascii=False)

    def _learn(self) -> None:
        """Find out what an attacker may have seen: marks, tokens, the canary itself."""
        word = _CANARY.search(self._harmless[0]["content"])
        canary = word[1] if word else ""
        seen = FENCED.search(self._harmless[-1]["content"])
        text = json.dumps(self._messages("Write to ann.lee@mail.example"))
        token = TOKEN.search(text)
        self._words |= {
            "canary": canary,
            "canary_spaced": " ".join(canary),
            "canary_reversed": canary[::-1],
            "canary_hex": canary.encode().hex(),
            "canary_rot13": codecs.encode(canary, "rot13"),
            "canary_base64": base64.b64encode(f"It is {canary}, yes".encode()).decode(),
            "canary_escaped": "".join(f"\\u{ord(letter):04x}" for letter in canary),
            "canary_hidden": "\u200b".join(canary),
            "mark": seen[1] if seen else "",
            "email_token": token[0] if token else "",
        }

    def _messages(self, note: str) -> list[dict[str, str]]:
        desk = Desk(**self._documents)
        try:
            call = desk.prepare(note=note)
        except PermanentError:
            return [{"role": "system", "content": ""}, {"role": "user", "content": ""}]
        return list(json.loads(desk.stage.artifacts.fetch(call.prompt, run=RUN)))

    def _texts(self, name: str) -> Sequence[str]:
        return [_filled(text, self._words) for text in self._given.get(name, ())]

    def _kept(self) -> str:
        """Return what whoever reads runs and evidence gets to see."""
        store = self._desk.stage.store
        return str([*store.items(Table.EVIDENCE), *store.items(Table.RUNS)])

    def _recorded(self) -> list[dict[str, Any]]:
        items = self._desk.stage.store.query(Table.EVIDENCE, f"{RUN}#Sort.1")
        return [one for item in items for one in from_item(item).body.get("guards", [])]


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    """Return JSON *value* with `$name` replaced in its texts, names of members too."""
    if isinstance(value, str):
        return Template(value).safe_substitute(words)
    if isinstance(value, dict):
        return {_filled(name, words): _filled(one, words) for name, one in value.items()}
    return [_filled(one, words) for one in value] if isinstance(value, list) else value


def step(row: Row) -> str:
    """Play *row*; return its verdict."""
    played = Step(row)
    verdict = played.ended()
    played.check()
    return verdict
