"""Defences against what a model says."""

from typing import Final

from tests.adversarial.switches import DOMAIN, GUARDS, SERVICES, defence, edited, swapped

ANSWERS: Final = (
    defence(
        "canary-planted",
        "A system prompt holds a word that nothing else does.",
        edited(
            f"{SERVICES}.drafting:Drafting._for",
            ("            below=sentence(\n", "            below=str.lower(\n"),
        ),
    ),
    defence(
        "canary",
        "An answer that carries the word is withheld.",
        edited(
            f"{SERVICES}.answer_rules:carries_canary",
            ("return carries(", "return False and carries("),
        ),
    ),
    defence(
        "canary-normalised",
        "Spaces and hidden characters do not hide it.",
        edited(
            f"{GUARDS}.canary:carries",
            ('_OTHER.sub("", seen.text + seen.hidden).casefold()', "text"),
        ),
    ),
    defence(
        "canary-base64",
        "Nor does base64.",
        edited(
            f"{GUARDS}.canary:carries",
            ("if any(part in joined for part in _in_base64(word)):", "if False:"),
            ("return any(word in", "return False and any(word in"),
        ),
    ),
    defence(
        "canary-forms",
        "Nor do hexadecimal, rot13 and the other direction.",
        edited(
            f"{GUARDS}.canary:carries",
            ('(word, word[::-1], codecs.encode(word, "rot13"), word.encode().hex())', "(word,)"),
        ),
    ),
    defence(
        "canary-escapes",
        "Nor do escapes of JSON: the answer is looked at before it is read.",
        edited(
            f"{GUARDS}.canary:carries",
            ("clean(_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text))", "clean(text)"),
        ),
    ),
    defence(
        "schema",
        "An answer fits the whole schema.",
        edited(
            f"{DOMAIN}.answers:read_answer",
            ("if violations := validator(schema).errors(found.value):", "if violations := ():"),
        ),
    ),
    defence(
        "strict-json",
        "JSON that can be read in two ways is refused.",
        edited(
            f"{DOMAIN}.canonical:parse_strict",
            ("if repeated or _SUSPECT.search(decoded):", "if False:"),
        ),
    ),
    defence(
        "one-value",
        "Of two answers none is chosen.",
        edited(
            f"{DOMAIN}.recovery:_Search._take",
            ("if canonical(value) != canonical(self._found[0]):", "if False:"),
        ),
    ),
    defence(
        "no-completion",
        "A cut answer is not completed.",
        edited(
            f"{DOMAIN}.answer_syntax:StrictForm._read",
            (
                "if self._at >= len(self._given):\n                raise",
                "if self._at >= len(self._given):\n                return\n                raise",
            ),
        ),
    ),
    defence(
        "no-pages",
        "A page is no answer.",
        edited(f"{DOMAIN}.answers:parse_answer", ("if _MARKUP.match(stripped):", "if False:")),
    ),
    defence(
        "answer-bound",
        "An answer is bounded.",
        edited(
            f"{DOMAIN}.answers:parse_answer",
            (
                'if len(text) > max_bytes or len(text.encode(errors="replace")) > max_bytes:',
                "if False:",
            ),
        ),
    ),
    defence(
        "depth-bound",
        "So is its depth.",
        edited(f"{DOMAIN}.canonical:_require_shallow", ("if depth > max_depth:", "if False:")),
    ),
    defence(
        "unusable-answers",
        "The call of a tool is no answer.",
        swapped(f"{SERVICES}.verdicts:_UNUSABLE", ()),
    ),
    defence(
        "links",
        "Links lead to hosts that the policy names.",
        edited(
            f"{GUARDS}.answer.links:strangers",
            ('if not _is_allowed(found[0].rstrip(".,;:!?"), hosts):', "if False:"),
        ),
    ),
    defence(
        "links-without-users",
        "A link names no user.",
        edited(f"{GUARDS}.answer.links:_is_allowed", (" or parts.username is not None", "")),
    ),
    defence(
        "links-by-whole-hosts",
        "A host ends where its name does.",
        edited(f"{GUARDS}.answer.links:_covers", ("allowed[1:]", "allowed[2:]")),
    ),
    defence(
        "markup",
        "Markup, scripts and formulas are found.",
        edited(f"{GUARDS}.outbound:_of_texts", ('if rules.markup.action != "allow":', "if False:")),
    ),
    defence(
        "markup-escapes",
        "So are what a terminal acts on.",
        edited(f"{GUARDS}.answer.markup:active", ("if clean(text).removed:", "if False:")),
    ),
    defence(
        "markup-in-names",
        "In names of members, too.",
        edited(
            f"{GUARDS}.outbound:_Answer.words",
            ('chain(_texts(self.value, ""), _names(self.value, ""))', "self.texts()"),
        ),
    ),
    defence(
        "markup-neutralised",
        "`neutralise` leaves the words, and nothing that acts.",
        edited(
            f"{GUARDS}.outbound:judge",
            (
                'if rules.markup.action == "neutralise" and rules.markup.mode == "enforce":',
                "if False:",
            ),
        ),
    ),
    defence(
        "mended-answers-are-checked",
        "What was neutralised is held to the schema again.",
        edited(
            f"{SERVICES}.answer_rules:held_to_policy",
            ("if judged.value != value and validator(", "if False and validator("),
        ),
    ),
    defence(
        "mended-names-stay-apart",
        "Neutralising never makes one of two names.",
        edited(f"{GUARDS}.outbound:_mapped", ("if len(changed) < len(value):", "if False:")),
    ),
    defence(
        "forbidden-texts",
        "Forbidden texts are found in whatever letters.",
        edited(f"{GUARDS}.outbound:_of_texts", ("if unwanted:", "if False:")),
    ),
    defence(
        "required-texts",
        "Required texts are there.",
        edited(f"{GUARDS}.outbound:_lacking", ("    if lacks:", "    if False:")),
    ),
    defence(
        "grounding-quotes",
        "What is quoted occurs in the source.",
        edited(f"{GUARDS}.outbound:_of_grounding", ("if rules.grounding.quotes:", "if False:")),
    ),
    defence(
        "grounding-numbers",
        "So do numbers.",
        edited(f"{GUARDS}.outbound:_of_grounding", ("if rules.grounding.numbers:", "if False:")),
    ),
    defence(
        "language",
        "An answer is in a language that it may be in.",
        edited(
            f"{GUARDS}.outbound:_languages",
            ("if found is not None and found not in allowed:", "if False:"),
        ),
    ),
    defence(
        "business-rules",
        "What a policy says of an answer is true of it.",
        edited(
            f"{GUARDS}.outbound:_rules",
            ("for name, rule in rules.business.rules.items():", "for name, rule in ():"),
        ),
    ),
    defence(
        "business-rules-that-fail",
        "An answer over which a rule can't be evaluated is withheld.",
        edited(
            f"{GUARDS}.outbound:_untrue",
            ("if not said.holds:", "if not said.holds and not said.failed:"),
        ),
    ),
    defence(
        "business-rules-of-a-language",
        "A rule is of a language that comes to an end.",
        edited(
            f"{GUARDS}.answer.rule_language:check",
            ("def check(", "def check(*_: object) -> None:\n    return\n\n\ndef _checked("),
        ),
    ),
)
