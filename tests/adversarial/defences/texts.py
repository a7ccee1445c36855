"""Defences of what goes into a prompt, before it does."""

from typing import Final

from tests.adversarial.switches import DOMAIN, GUARDS, SERVICES, defence, edited

TEXTS: Final = (
    defence(
        "text-cleaning",
        "Hidden, reordering and control characters are not sent.",
        edited(f"{GUARDS}.inbound:_Pass._cleaned", ("return seen.text", "return text")),
    ),
    defence(
        "names-as-they-are-seen",
        "Nor are they in names of members.",
        edited(
            f"{GUARDS}.inbound:_Pass._members", ("seen = self._cleaned(name, at)", "seen = name")
        ),
    ),
    defence(
        "names-once",
        "A name that becomes another member's is refused.",
        edited(
            f"{GUARDS}.inbound:_Pass._members",
            ("if seen in walked:", "if False:"),
        ),
    ),
    defence(
        "variables-schema",
        "Variables fit their schema, and there are no others.",
        edited(
            f"{DOMAIN}.prompts:render_prompt",
            ("if violations := frame.variables.errors(", "if violations := list("),
            ("dict(variables if given is None else given)", "()"),
        ),
    ),
    defence(
        "errors-without-values",
        "An error names place and keyword, never a value.",
        edited(
            f"{DOMAIN}.prompts:render_prompt",
            (
                'VariablesRejected("; ".join(map(str, violations)))',
                "VariablesRejected(str(variables))",
            ),
        ),
    ),
    defence(
        "template-errors-without-values",
        "Nor does an error of a template.",
        edited(
            f"{DOMAIN}.prompts:_question",
            ('"the template can\'t be rendered with them"', "str(variables)"),
        ),
    ),
    defence(
        "prompts-by-hash",
        "Evidence names a prompt by its hash.",
        edited(
            f"{SERVICES}.prepare_call:PrepareCall._prepare",
            ('"prompt": kept.artifact,', '"prompt": canonical(list(prompt.messages)).decode(),'),
        ),
    ),
    defence(
        "repair-as-the-model",
        "In a repair the model's answer stands as the model's own.",
        edited(
            f"{DOMAIN}.prompts:RenderedPrompt.repairing",
            ('{"role": "assistant", "content": answer}', '{"role": "system", "content": answer}'),
        ),
    ),
)
