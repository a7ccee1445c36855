"""Every defence that an attack of the table leans on, and the lines without which it is off.

Where the code no longer holds the lines, the defence says so instead of staying on.
"""

from typing import Any, Final

from jinja2 import Undefined

from tests.adversarial.switches import Defence, Off, edited, slackened, swapped

DOMAIN: Final = "functions.core.domain"
GUARDS: Final = f"{DOMAIN}.guards"
SERVICES: Final = "functions.core.services"


def _defence(name: str, keeps: str, first: tuple[str, Off], *more: tuple[str, Off]) -> Defence:
    return Defence(name, keeps, first[0], (first[1], *(off for _, off in more)))


INJECTION: Final = (
    _defence(
        "injection-acts",
        "Orders to a model are known by what they say, in some twenty languages.",
        edited(f"{GUARDS}.injection.detector:_hits", ('if "acts" in layers:', "if False:")),
    ),
    _defence(
        "injection-marks",
        "Imitations of a chat's own machinery are known by their form.",
        edited(f"{GUARDS}.injection.detector:_hits", ('if "marks" in layers:', "if False:")),
    ),
    _defence(
        "injection-decoding",
        "What an encoded part says is looked at.",
        edited(
            f"{GUARDS}.injection.detector:look",
            ("hits += _encoded(seen.text, layers)", "pass"),
        ),
    ),
    _defence(
        "injection-spelling",
        "Words whose letters stand apart are read as words.",
        edited(
            f"{GUARDS}.injection.detector:look",
            ("hits += _spelt_otherwise(folded, len(seen.text))", "pass"),
        ),
    ),
    _defence(
        "injection-folding",
        "Letters that look like Latin ones are read as such.",
        edited(f"{GUARDS}.injection.folding:fold", ("if _PAIR.search(folded):", "if False:")),
    ),
    _defence(
        "injection-cleaning",
        "A text is looked at without its hidden characters.",
        edited(
            f"{GUARDS}.injection.detector:look",
            ("seen = clean(text)", "seen = type(clean(text))(text)"),
        ),
    ),
    _defence(
        "injection-hidden",
        "A message in characters that nobody sees is taken for one.",
        edited(
            f"{GUARDS}.injection.detector:look",
            ('if "hidden" in layers and seen.hidden:', "if False:"),
        ),
    ),
    _defence(
        "injection-names",
        "Names of members are looked at like any text.",
        edited(
            f"{GUARDS}.inbound:_Pass._members", ("self.judge(name, look(name), at)", "look(name)")
        ),
    ),
    _defence(
        "injection-members",
        "Texts inside records and lists are looked at.",
        edited(
            f"{GUARDS}.inbound:_Pass.over",
            (
                "        if isinstance(value, list):\n",
                "        if isinstance(value, list) and not value:\n",
            ),
        ),
    ),
    _defence(
        "injection-block",
        "`block` ends the step.",
        edited(
            f"{GUARDS}.inbound:screen",
            ('if walk.acted and policy.injection.action == "block":', "if False:"),
        ),
    ),
    _defence(
        "injection-person",
        "`person` ends the step for somebody to look.",
        edited(
            f"{GUARDS}.inbound:screen",
            ('if walk.acted and policy.injection.action == "person":', "if False:"),
        ),
    ),
    _defence(
        "injection-strip",
        "`strip` takes the suspicious sentences out.",
        edited(
            f"{GUARDS}.inbound:_Pass.over",
            ('if suspected and self.rules.action == "strip":', "if False:"),
        ),
    ),
    _defence(
        "injection-reminder",
        "`fence` says after the text that orders in it do not count.",
        edited(f"{GUARDS}.inbound:screen", ("reminds=walk.acted", "reminds=False")),
    ),
)

TEXTS: Final = (
    _defence(
        "text-cleaning",
        "Hidden, reordering and control characters are not sent.",
        edited(f"{GUARDS}.inbound:_Pass._cleaned", ("return seen.text", "return text")),
    ),
    _defence(
        "names-as-they-are-seen",
        "Nor are they in names of members.",
        edited(
            f"{GUARDS}.inbound:_Pass._members", ("seen = self._cleaned(name, at)", "seen = name")
        ),
    ),
    _defence(
        "names-once",
        "A name that becomes another member's is refused.",
        edited(
            f"{GUARDS}.inbound:_Pass._members",
            ("if seen in walked:", "if False:"),
        ),
    ),
    _defence(
        "variables-schema",
        "Variables fit their schema, and there are no others.",
        edited(
            f"{DOMAIN}.prompts:render_prompt",
            ("if violations := frame.variables.errors(", "if violations := list("),
            ("dict(variables if given is None else given)", "()"),
        ),
    ),
    _defence(
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
    _defence(
        "template-errors-without-values",
        "Nor does an error of a template.",
        edited(
            f"{DOMAIN}.prompts:_question",
            ('"the template can\'t be rendered with them"', "str(variables)"),
        ),
    ),
    _defence(
        "prompts-by-hash",
        "Evidence names a prompt by its hash.",
        edited(
            f"{SERVICES}.prepare_call:PrepareCall._prepare",
            ('"prompt": kept.artifact,', '"prompt": canonical(list(prompt.messages)).decode(),'),
        ),
    ),
    _defence(
        "repair-as-the-model",
        "In a repair the model's answer stands as the model's own.",
        edited(
            f"{DOMAIN}.prompts:RenderedPrompt.repairing",
            ('{"role": "assistant", "content": answer}', '{"role": "system", "content": answer}'),
        ),
    ),
)

PROMPTS: Final = (
    _defence(
        "fence",
        "Every text that an expression yields is fenced.",
        edited(
            f"{DOMAIN}.prompts:_printer", ("return fence(str(value), key)", "return str(value)")
        ),
    ),
    _defence(
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
    _defence(
        "fence-mark-of-the-text",
        "Another text has another mark.",
        edited(f"{DOMAIN}.prompts:fence", ("text.encode(), ", 'b"", ')),
    ),
    _defence(
        "fence-key",
        "A mark takes the key to compute.",
        edited(f"{DOMAIN}.prompts:fence", ("hmac.digest(key, ", 'hmac.digest(b"", ')),
    ),
    _defence(
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
    _defence(
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
    _defence(
        "sandbox-attributes",
        "A template does not reach what Python keeps to itself.",
        swapped(f"{DOMAIN}.prompts:_Environment.is_safe_attribute", lambda *_: True),
    ),
    _defence(
        "sandbox-repetition",
        "Texts do not multiply in a template.",
        edited(
            f"{DOMAIN}.prompts:_Environment.call_binop",
            (" or isinstance(left, str | list) or isinstance(right, str | list):", ":"),
        ),
    ),
    _defence(
        "strict-undefined",
        "A variable that is absent ends the step.",
        swapped(f"{DOMAIN}.prompts:StrictUndefined", Undefined),
    ),
    _defence(
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
    _defence(
        "template-variables",
        "A template uses declared variables, and nothing else.",
        edited(
            f"{DOMAIN}.prompts:template_problems",
            ("for name in sorted(undeclared)]", "for name in ()]"),
        ),
    ),
    _defence(
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

INPUTS: Final = (
    _defence(
        "files-by-their-form",
        "A file that is another kind of file is refused.",
        edited(
            f"{DOMAIN}.inputs.content:file_text", ("if content.startswith(_OTHERS):", "if False:")
        ),
    ),
    _defence(
        "files-of-text",
        "A text file holds what texts hold.",
        edited(f"{DOMAIN}.inputs.content:file_text", ("if _NO_TEXT.search(text):", "if False:")),
    ),
    _defence(
        "rows-of-one-length",
        "A row of a CSV file has a cell for each heading.",
        edited(f"{DOMAIN}.inputs.tables:csv_table", ("if len(row) != len(names):", "if False:")),
    ),
    _defence(
        "columns-once",
        "A column that is there twice is none.",
        edited(f"{DOMAIN}.inputs.tables:csv_table", ("if names.count(column) > 1:", "if False:")),
    ),
    _defence(
        "chosen-columns",
        "The model is shown the columns that are declared.",
        edited(
            f"{DOMAIN}.inputs.tables:csv_table",
            ("[row[place] for place in places]", "[' '.join(row) for place in places]"),
        ),
    ),
    _defence(
        "chosen-part",
        "The model is shown the part of a JSON file that is declared.",
        edited(
            f"{DOMAIN}.inputs.reading:_json_part",
            ('lookup(value, one.pointer or "")', "value"),
        ),
    ),
    _defence(
        "input-limits",
        "An input that is longer than declared is refused.",
        edited(
            f"{DOMAIN}.inputs.limits:Limits.hold",
            (
                "    def hold(self",
                "    def hold(self, *_):\n        return True\n\n    def _hold(self",
            ),
        ),
    ),
    _defence(
        "missing-inputs",
        "Where an input is missing a person is asked, if its task says so.",
        edited(
            f"{DOMAIN}.inputs.reading:_in_its_place", ('if one.when_missing == "ask":', "if False:")
        ),
    ),
)

PERSONAL: Final = (
    _defence(
        "redaction",
        "Personal data leaves as tokens.",
        edited(
            f"{SERVICES}.personal:_finder",
            ('if rules.action != "allow" else None', "if rules.action is None else None"),
        ),
    ),
    _defence(
        "redaction-scripts",
        "Signs of other scripts are read as what they are.",
        edited(
            f"{GUARDS}.personal.detector:PersonalData.find",
            ("if _OTHERWISE.search(text) else text", "if False else text"),
        ),
    ),
    _defence(
        "redaction-names",
        "Names of members are redacted like any text.",
        edited(
            f"{GUARDS}.redaction:Redaction.tree",
            ("self.text(name, find(name, about)): self.tree(", "name: self.tree("),
        ),
    ),
    _defence(
        "redaction-look-alikes",
        "What only looks like a token is replaced like a value.",
        edited(
            f"{GUARDS}.redaction:Redaction.text",
            ("for m in TOKEN.finditer(text)]", "for m in ()]"),
        ),
    ),
    _defence(
        "redaction-key-of-the-run",
        "Each run has tokens of its own.",
        edited(f"{SERVICES}.personal:conceal", ('f"redaction/{run}"', '"redaction/"')),
    ),
    _defence(
        "counts-on-record",
        "Evidence says how many of which kind, and no value.",
        edited(
            f"{SERVICES}.personal:conceal",
            (
                "record = _record(seen, policy)",
                "record = tuple(one | dict(redaction.values) for one in _record(seen, policy))",
            ),
        ),
    ),
    _defence(
        "personal-data-block",
        "`block` lets no personal data pass.",
        edited(
            f"{SERVICES}.personal:_blocking",
            ('PERSONAL: policy.personal_data.action == "block"', "PERSONAL: False"),
        ),
    ),
    _defence(
        "secrets-block",
        "`block` lets no credential pass.",
        edited(
            f"{SERVICES}.personal:_blocking",
            ('SECRET: policy.secrets.action == "block"', "SECRET: False"),
        ),
    ),
    _defence(
        "blocking-in",
        "What a rule blocks is not sent.",
        edited(
            f"{SERVICES}.personal:conceal",
            ("if rule := _blocking(policy, record):", 'if rule := "":'),
        ),
    ),
    _defence(
        "blocking-out",
        "What a rule blocks is not passed on.",
        edited(f"{SERVICES}.personal:held_back", ("_blocking(policy, record)", '""')),
    ),
    _defence(
        "restore-personal-fields",
        "Values come back in fields that a schema marks as personal.",
        edited(f"{SERVICES}.personal:_revealing", ('if rules.restore == "answer":', "if True:")),
    ),
    _defence(
        "restore-nowhere",
        "Or nowhere, where the policy says so.",
        edited(f"{SERVICES}.personal:_revealing", ('if rules.restore == "personal":', "if True:")),
    ),
    _defence(
        "personal-fields-travel-as-references",
        "A personal field of an answer travels as a reference.",
        edited(
            f"{SERVICES}.check_answer:CheckAnswer._judged",
            ("hidden = personal_pointers(task.output_schema, judged.value)", "hidden = []"),
        ),
    ),
    _defence(
        "vault-of-the-run",
        "A vault opens for its own run.",
        edited(f"{SERVICES}.artifacts:Artifacts.unlock", ("if named.run != run:", "if False:")),
    ),
    _defence(
        "secrets",
        "Credentials are looked for.",
        edited(f"{SERVICES}.personal:_finder", ("secrets = find_secrets(text)", "secrets = ()")),
    ),
    _defence(
        "secrets-by-shape",
        "The shapes of vendors' keys are known.",
        edited(
            f"{GUARDS}.secrets:_by_shape", ("if not _PLACEHOLDER.search(match[0]):", "if False:")
        ),
    ),
    _defence(
        "secrets-by-name",
        "A random text that is called a secret is one.",
        edited(
            f"{GUARDS}.secrets:find_secrets",
            ("if any(map(low.__contains__, _NAMES)):", "if False:"),
        ),
    ),
    _defence(
        "secrets-never-restored",
        "A credential's token stays one.",
        edited(f"{SERVICES}.personal:_revealing", ("if not t.startswith(_SECRET)", "if t")),
    ),
    _defence(
        "secrets-out",
        "A credential in an answer is not passed on.",
        edited(
            f"{SERVICES}.personal:held_back", ("value if hidden else judged.value", "judged.value")
        ),
    ),
)

ANSWERS: Final = (
    _defence(
        "canary-planted",
        "A system prompt holds a word that nothing else does.",
        edited(
            f"{SERVICES}.drafting:Drafting._for",
            ("            below=sentence(\n", "            below=str.lower(\n"),
        ),
    ),
    _defence(
        "canary",
        "An answer that carries the word is withheld.",
        edited(
            f"{SERVICES}.answer_rules:carries_canary",
            ("return carries(", "return False and carries("),
        ),
    ),
    _defence(
        "canary-normalised",
        "Spaces and hidden characters do not hide it.",
        edited(
            f"{GUARDS}.canary:carries",
            ('_OTHER.sub("", seen.text + seen.hidden).casefold()', "text"),
        ),
    ),
    _defence(
        "canary-base64",
        "Nor does base64.",
        edited(
            f"{GUARDS}.canary:carries",
            ("if any(part in joined for part in _in_base64(word)):", "if False:"),
            ("return any(word in", "return False and any(word in"),
        ),
    ),
    _defence(
        "canary-forms",
        "Nor do hexadecimal, rot13 and the other direction.",
        edited(
            f"{GUARDS}.canary:carries",
            ('(word, word[::-1], codecs.encode(word, "rot13"), word.encode().hex())', "(word,)"),
        ),
    ),
    _defence(
        "canary-escapes",
        "Nor do escapes of JSON: the answer is looked at before it is read.",
        edited(
            f"{GUARDS}.canary:carries",
            ("clean(_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text))", "clean(text)"),
        ),
    ),
    _defence(
        "schema",
        "An answer fits the whole schema.",
        edited(
            f"{DOMAIN}.answers:read_answer",
            ("if violations := validator(schema).errors(found.value):", "if violations := ():"),
        ),
    ),
    _defence(
        "strict-json",
        "JSON that can be read in two ways is refused.",
        edited(
            f"{DOMAIN}.canonical:parse_strict",
            ("if repeated or _SUSPECT.search(decoded):", "if False:"),
        ),
    ),
    _defence(
        "one-value",
        "Of two answers none is chosen.",
        edited(
            f"{DOMAIN}.recovery:_Search._take",
            ("if canonical(value) != canonical(self._found[0]):", "if False:"),
        ),
    ),
    _defence(
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
    _defence(
        "no-pages",
        "A page is no answer.",
        edited(f"{DOMAIN}.answers:parse_answer", ("if _MARKUP.match(stripped):", "if False:")),
    ),
    _defence(
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
    _defence(
        "depth-bound",
        "So is its depth.",
        edited(f"{DOMAIN}.canonical:_require_shallow", ("if depth > max_depth:", "if False:")),
    ),
    _defence(
        "unusable-answers",
        "The call of a tool is no answer.",
        swapped(f"{SERVICES}.verdicts:_UNUSABLE", ()),
    ),
    _defence(
        "links",
        "Links lead to hosts that the policy names.",
        edited(
            f"{GUARDS}.answer.links:strangers",
            ('if not _is_allowed(found[0].rstrip(".,;:!?"), hosts):', "if False:"),
        ),
    ),
    _defence(
        "links-without-users",
        "A link names no user.",
        edited(f"{GUARDS}.answer.links:_is_allowed", (" or parts.username is not None", "")),
    ),
    _defence(
        "links-by-whole-hosts",
        "A host ends where its name does.",
        edited(f"{GUARDS}.answer.links:_covers", ("allowed[1:]", "allowed[2:]")),
    ),
    _defence(
        "markup",
        "Markup, scripts and formulas are found.",
        edited(f"{GUARDS}.outbound:_of_texts", ('if rules.markup.action != "allow":', "if False:")),
    ),
    _defence(
        "markup-escapes",
        "So are what a terminal acts on.",
        edited(f"{GUARDS}.answer.markup:active", ("if clean(text).removed:", "if False:")),
    ),
    _defence(
        "markup-in-names",
        "In names of members, too.",
        edited(
            f"{GUARDS}.outbound:_Answer.words",
            ('chain(_texts(self.value, ""), _names(self.value, ""))', "self.texts()"),
        ),
    ),
    _defence(
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
    _defence(
        "mended-answers-are-checked",
        "What was neutralised is held to the schema again.",
        edited(
            f"{SERVICES}.answer_rules:held_to_policy",
            ("if judged.value != value and validator(", "if False and validator("),
        ),
    ),
    _defence(
        "mended-names-stay-apart",
        "Neutralising never makes one of two names.",
        edited(f"{GUARDS}.outbound:_mapped", ("if len(changed) < len(value):", "if False:")),
    ),
    _defence(
        "forbidden-texts",
        "Forbidden texts are found in whatever letters.",
        edited(f"{GUARDS}.outbound:_of_texts", ("if unwanted:", "if False:")),
    ),
    _defence(
        "required-texts",
        "Required texts are there.",
        edited(f"{GUARDS}.outbound:_lacking", ("    if lacks:", "    if False:")),
    ),
    _defence(
        "grounding-quotes",
        "What is quoted occurs in the source.",
        edited(f"{GUARDS}.outbound:_of_grounding", ("if rules.grounding.quotes:", "if False:")),
    ),
    _defence(
        "grounding-numbers",
        "So do numbers.",
        edited(f"{GUARDS}.outbound:_of_grounding", ("if rules.grounding.numbers:", "if False:")),
    ),
    _defence(
        "language",
        "An answer is in a language that it may be in.",
        edited(
            f"{GUARDS}.outbound:_languages",
            ("if found is not None and found not in allowed:", "if False:"),
        ),
    ),
    _defence(
        "business-rules",
        "What a policy says of an answer is true of it.",
        edited(
            f"{GUARDS}.outbound:_rules",
            ("for name, rule in rules.business.rules.items():", "for name, rule in ():"),
        ),
    ),
    _defence(
        "business-rules-that-fail",
        "An answer over which a rule can't be evaluated is withheld.",
        edited(
            f"{GUARDS}.outbound:_untrue",
            ("if not said.holds:", "if not said.holds and not said.failed:"),
        ),
    ),
    _defence(
        "business-rules-of-a-language",
        "A rule is of a language that comes to an end.",
        edited(
            f"{GUARDS}.answer.rule_language:check",
            ("def check(", "def check(*_: object) -> None:\n    return\n\n\ndef _checked("),
        ),
    ),
)


def _anything(*_: Any) -> bool:
    return True


POLICIES: Final = (
    _defence(
        "inheritance",
        "A child that is weaker than its parent is refused.",
        edited(f"{DOMAIN}.inheritance:_weaker", ("if weaker and key not in waivers:", "if False:")),
    ),
    _defence(
        "inheritance-lower",
        "Bounds get lower.",
        slackened("may only get lower", holds=_anything),
    ),
    _defence(
        "inheritance-ranked",
        "Words go one way.",
        slackened("goes one way", holds=_anything),
    ),
    _defence(
        "inheritance-fewer",
        "Lists of what is allowed shrink.",
        slackened("only shrinks", holds=_anything),
    ),
    _defence(
        "inheritance-once-on",
        "What is on stays on.",
        slackened("stays on", holds=_anything),
    ),
    _defence(
        "inheritance-named",
        "Business rules are added under new names.",
        slackened(
            "only grows, under new names",
            holds=_anything,
            joined=lambda parent, child: parent | child,
        ),
    ),
    _defence(
        "inheritance-more",
        "Lists of what is looked for grow.",
        slackened("only grows", joined=lambda _parent, child: child),
    ),
    _defence(
        "nothing-undeclared",
        "What a declaration's model does not have is refused.",
        edited(
            "interlock.definitions.catalog:load_document",
            (
                "problems.add_validation(file, problem, elsewhere=elsewhere, skip=skip)",
                "problem.errors()",
            ),
        ),
    ),
    _defence(
        "exceptions-end",
        "A project with an exception that has ended does not load.",
        edited(f"{DOMAIN}.inheritance:problems", ("if waiver.ends < today:", "if False:")),
    ),
    _defence(
        "exceptions-end-at-run-time",
        "What is deployed goes back to the parent's rule on the day after.",
        edited(f"{DOMAIN}.inheritance:in_force", ("if one.ends < today]", "if False]")),
    ),
    _defence(
        "no-exceptions",
        "Nobody is excepted from bounds, the class of data and personal data.",
        edited(
            f"{DOMAIN}.policies:Waiver._may_be_excepted",
            ("if self.rule.startswith(NO_EXCEPTION):", "if False:"),
        ),
    ),
    _defence(
        "no-policy-of-others",
        "A task is under no other team's policy.",
        edited(
            f"{DOMAIN}.inheritance:team_problems",
            ("if policy.team not in (None, team):", "if False:"),
        ),
    ),
    _defence(
        "no-way-past-a-policy",
        "A task does not pass over its team's.",
        edited(
            f"{DOMAIN}.inheritance:team_problems",
            ('if one.level == "team" and one.team == team', "if False"),
        ),
    ),
    _defence(
        "one-organisation",
        "There is one policy that extends no other.",
        edited(f"{DOMAIN}.inheritance:problems", ("for name in tops[1:]:", "for name in ():")),
    ),
    _defence(
        "levels-of-policies",
        "A parent's level is above its child's.",
        edited(
            f"{DOMAIN}.inheritance:_broken_line",
            ("if LEVELS.index(parent.level) >= LEVELS.index(policy.level):", "if False:"),
        ),
    ),
)

VERSIONS: Final = (
    _defence(
        "schemas-stand-alone",
        "A schema refers to nothing outside itself.",
        edited(
            f"{DOMAIN}.declared_schemas:_part_problems",
            ('if "$ref" in part and resolve(root, part["$ref"]) is None:', "if False:"),
        ),
        edited(
            f"{DOMAIN}.declared_schemas:schema_problems",
            ("        try:\n            Validator(schema)", "        try:\n            pass"),
        ),
        swapped(f"{DOMAIN}.task_checks:form_problems", lambda *_: ()),
    ),
    _defence(
        "one-dialect",
        "A schema is of one dialect.",
        edited(
            f"{DOMAIN}.declared_schemas:_part_problems",
            ('if part.get("$schema", DIALECT) != DIALECT:', "if False:"),
        ),
    ),
    _defence(
        "known-formats",
        "A format that nobody checks is refused.",
        edited(
            f"{DOMAIN}.declared_schemas:_part_problems",
            ('if "format" in part and part["format"] not in FORMATS:', "if False:"),
        ),
    ),
    _defence(
        "known-marks",
        "So is a mark that nobody knows.",
        edited(
            f"{DOMAIN}.declared_schemas:_own_problems", ('if key.startswith("x-"):', "if False:")
        ),
    ),
    _defence(
        "pattern-bound",
        "A pattern has a limit of steps.",
        swapped(f"{DOMAIN}.schemas:_BACKTRACK_LIMIT", 10**9),
    ),
    _defence(
        "versions-by-hash",
        "A version is hashed again when it is read.",
        edited(
            f"{SERVICES}.catalog:Catalog.pinned", ("if digest(document) != version:", "if False:")
        ),
    ),
    _defence(
        "published-by-name",
        "A version is published under its own name.",
        edited(f"{SERVICES}.publishing:publish_task", ("if task.name != name:", "if False:")),
    ),
    _defence(
        "cache-signature",
        "A cached answer is signed.",
        edited(
            f"{SERVICES}.answer_cache:AnswerCache.find",
            ('or not same(held["mac"], self._signed(team, key, held["entry"]))', ""),
        ),
    ),
    _defence(
        "cache-key",
        "It names the question that it answers.",
        edited(
            f"{SERVICES}.answer_cache:AnswerCache.find",
            ('held["key"] != key or', ""),
            ("self._signed(team, key, ", 'self._signed(team, held["key"], '),
        ),
    ),
    _defence(
        "cache-signature-of-the-team",
        "Each team signs with a key of its own.",
        edited(
            f"{SERVICES}.answer_cache:AnswerCache._signed",
            ("self._keys.cache(team)", 'self._keys.cache("")'),
        ),
    ),
    _defence(
        "cache-key-of-the-team",
        "Each team names its questions by a key of its own.",
        edited(
            f"{SERVICES}.answer_cache:AnswerCache.key",
            ("self._keys.cache(team)", 'self._keys.cache("")'),
        ),
    ),
    _defence(
        "cache-by-policy",
        "An answer serves under the policy that it was given under.",
        edited(f"{SERVICES}.recalling:question_of", ('pins[f"policy#{task.policy}"]', "''")),
    ),
)

SERVICE: Final = (
    _defence(
        "reference-signature",
        "A reference is minted by the service.",
        edited(
            f"{DOMAIN}.references:Reference.verify",
            (
                "if not same(given, mac(keys.artifact, artifact, media_type, str(size))):",
                "if False:",
            ),
        ),
    ),
    _defence(
        "reference-of-the-run",
        "And bound to its run.",
        edited(f"{SERVICES}.artifacts:Artifacts.resolve", ("reference.run == run", "True")),
    ),
    _defence(
        "references-of-the-team",
        "At the door, to its team.",
        edited(f"{SERVICES}.artifacts:Artifacts.admit", ("reference.team == team", "True")),
    ),
    _defence(
        "artifact-by-hash",
        "What it names is hashed again when it is read.",
        edited(
            f"{SERVICES}.artifacts:Artifacts._read",
            (
                "if not same(keyed_hash(self._keys.team(named.team), content), named.digest):",
                "if False:",
            ),
        ),
    ),
    _defence(
        "ticket-of-the-run",
        "A ticket opens its own run.",
        edited(f"{DOMAIN}.ticket:Ticket.verify", ("if named != run:", "if False:")),
    ),
    _defence(
        "declared-tasks",
        "A workflow asks for tasks that it declares.",
        edited(
            f"{SERVICES}.pinned:read_pinned",
            ("raise UseNotDeclared(", "raise UnknownDefinition("),
        ),
    ),
    _defence(
        "declared-operations",
        "And for operations that it declares.",
        edited(
            f"{SERVICES}.system_step:SystemStep._ready",
            ("if version is None or call.operation not in workflow.uses.operations:", "if False:"),
        ),
    ),
    _defence(
        "fields-from-a-model",
        "A model fills fields that are declared for it.",
        edited(
            f"{DOMAIN}.requests:assembled",
            ("for name in operation.from_model if name in given", "for name in given"),
        ),
    ),
    _defence(
        "request-schema",
        "A request fits its operation's schema.",
        edited(f"{DOMAIN}.requests:require_fit", ("if violations:", "if False:")),
    ),
    _defence(
        "paths-are-quoted",
        "A value in a path stays one part of it.",
        edited(
            f"{SERVICES}.system_step:SystemStep._request",
            ('quote(str(fields[name]), safe="")', "str(fields[name])"),
        ),
    ),
    _defence(
        "signed-events",
        "An event in our name is signed by us.",
        edited(
            f"{SERVICES}.door:Door._own",
            (
                "claimed = envelope.origin is not None and envelope.origin.source == SOURCE",
                "claimed = False",
            ),
        ),
    ),
    _defence(
        "hops",
        "Events do not start each other for ever.",
        edited(f"{SERVICES}.door:Door._own", ("if hops > HOP_LIMIT:", "if False:")),
    ),
    _defence(
        "input-schema",
        "An event fits its workflow's schema.",
        edited(f"{SERVICES}.door:Door._admissible", ("if violations:", "if False:")),
    ),
    _defence(
        "terminals",
        "A terminal shows a text and does nothing else.",
        edited("interlock.cli.show:neutral", ('return "".join(', 'return shown or "".join(')),
    ),
    _defence(
        "spreadsheets",
        "A spreadsheet shows a cell and does nothing else.",
        edited("interlock.cli.csv_text:cell", ("if text.startswith(FORMULA)", "if False")),
    ),
)

DEFENCES: Final = (
    *INJECTION, *TEXTS, *PROMPTS, *INPUTS, *PERSONAL, *ANSWERS, *POLICIES, *VERSIONS, *SERVICE,
)  # fmt: skip
