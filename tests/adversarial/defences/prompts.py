"""Defences of prompts: fences, templates, bounds."""

from typing import Final

from jinja2 import Undefined

from tests.adversarial.switches import DOMAIN, SERVICES, defence, edited, swapped

PROMPTS: Final = (
    defence(
        "fence",
        "Every text that an expression yields is fenced.",
        edited(
            f"{DOMAIN}.prompts:_printer", ("return fence(str(value), key)", "return str(value)")
        ),
    ),
    defence(
        "fence-of-records",
        "So is every record and list.",
        edited(
            f"{DOMAIN}.prompts:_printer",
            (
                "return fence(json.dumps(value, ensure_ascii=False), key)",
                "return json.dumps(value, ensure_ascii=False)",
            ),
        ),
    ),
    defence(
        "fence-mark-of-the-text",
        "Another text has another mark.",
        edited(f"{DOMAIN}.prompts:fence", ("text.encode(), ", 'b"", ')),
    ),
    defence(
        "fence-key",
        "A mark takes the key to compute.",
        edited(f"{DOMAIN}.prompts:fence", ("hmac.digest(key, ", 'hmac.digest(b"", ')),
    ),
    defence(
        "trust-by-declared-words",
        "A text is trusted where its schema lists its words, and nowhere else.",
        edited(
            f"{DOMAIN}.prompts:_is_bounded",
            (
                'if "enum" in schema or "const" in schema:',
                'if "enum" in schema or "maxLength" in schema:',
            ),
        ),
    ),
    defence(
        "data-is-no-template",
        "What a template prints is not rendered again.",
        edited(
            f"{DOMAIN}.prompts:_question",
            (
                'return "".join(parts).strip()',
                'return _template(key, "".join(parts)).render(given)',
            ),
        ),
    ),
    defence(
        "sandbox-attributes",
        "A template does not reach what Python keeps to itself.",
        swapped(f"{DOMAIN}.prompts:_Environment.is_safe_attribute", lambda *_: True),
    ),
    defence(
        "sandbox-repetition",
        "Texts do not multiply in a template.",
        edited(
            f"{DOMAIN}.prompts:_Environment.call_binop",
            (" or isinstance(left, str | list) or isinstance(right, str | list):", ":"),
        ),
    ),
    defence(
        "strict-undefined",
        "A variable that is absent ends the step.",
        swapped(f"{DOMAIN}.prompts:StrictUndefined", Undefined),
    ),
    defence(
        "template-alone",
        "A template stands alone.",
        edited(
            f"{DOMAIN}.prompts:template_problems",
            (
                "in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport))",
                "in tree.find_all(())",
            ),
        ),
    ),
    defence(
        "template-variables",
        "A template uses declared variables, and nothing else.",
        edited(
            f"{DOMAIN}.prompts:template_problems",
            ("for name in sorted(undeclared)]", "for name in ()]"),
        ),
    ),
    defence(
        "prompt-bound",
        "A prompt is bounded before it is sent.",
        edited(f"{DOMAIN}.prompts:_question", ("if length > max_bytes:", "if False:")),
        edited(f"{DOMAIN}.prompts:render_prompt", ("if prompt.size > max_bytes:", "if False:")),
        edited(
            f"{SERVICES}.drafting:Drafting._for",
            ("if prompt.size > policy.max_prompt_bytes:", "if False:"),
        ),
    ),
)
