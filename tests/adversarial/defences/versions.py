"""Defences of versions, schemas and cached answers."""

from typing import Final

from tests.adversarial.switches import DOMAIN, SERVICES, defence, edited, swapped

VERSIONS: Final = (
    defence(
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
    defence(
        "one-dialect",
        "A schema is of one dialect.",
        edited(
            f"{DOMAIN}.declared_schemas:_part_problems",
            ('if part.get("$schema", DIALECT) != DIALECT:', "if False:"),
        ),
    ),
    defence(
        "known-formats",
        "A format that nobody checks is refused.",
        edited(
            f"{DOMAIN}.declared_schemas:_part_problems",
            ('if "format" in part and part["format"] not in FORMATS:', "if False:"),
        ),
    ),
    defence(
        "known-marks",
        "So is a mark that nobody knows.",
        edited(
            f"{DOMAIN}.declared_schemas:_own_problems", ('if key.startswith("x-"):', "if False:")
        ),
    ),
    defence(
        "pattern-bound",
        "A pattern has a limit of steps.",
        swapped(f"{DOMAIN}.schemas:_BACKTRACK_LIMIT", 10**9),
    ),
    defence(
        "versions-by-hash",
        "A version is hashed again when it is read.",
        edited(
            f"{SERVICES}.catalog:Catalog.pinned", ("if digest(document) != version:", "if False:")
        ),
    ),
    defence(
        "published-by-name",
        "A version is published under its own name.",
        edited(f"{SERVICES}.publishing:publish_task", ("if task.name != name:", "if False:")),
    ),
    defence(
        "cache-signature",
        "A cached answer is signed.",
        edited(
            f"{SERVICES}.answer_cache:AnswerCache.find",
            ('or not same(held["mac"], self._signed(team, key, held["entry"]))', ""),
        ),
    ),
    defence(
        "cache-key",
        "It names the question that it answers.",
        edited(
            f"{SERVICES}.answer_cache:AnswerCache.find",
            ('held["key"] != key or', ""),
            ("self._signed(team, key, ", 'self._signed(team, held["key"], '),
        ),
    ),
    defence(
        "cache-signature-of-the-team",
        "Each team signs with a key of its own.",
        edited(
            f"{SERVICES}.answer_cache:AnswerCache._signed",
            ("self._keys.cache(team)", 'self._keys.cache("")'),
        ),
    ),
    defence(
        "cache-key-of-the-team",
        "Each team names its questions by a key of its own.",
        edited(
            f"{SERVICES}.answer_cache:AnswerCache.key",
            ("self._keys.cache(team)", 'self._keys.cache("")'),
        ),
    ),
    defence(
        "cache-by-policy",
        "An answer serves under the policy that it was given under.",
        edited(f"{SERVICES}.recalling:question_of", ('pins[f"policy#{task.policy}"]', "''")),
    ),
)
