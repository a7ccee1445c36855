"""Defences of personal data and secrets."""

from typing import Final

from tests.adversarial.switches import GUARDS, SERVICES, defence, edited

PERSONAL: Final = (
    defence(
        "redaction",
        "Personal data leaves as tokens.",
        edited(
            f"{SERVICES}.personal:_finder",
            ('if rules.action != "allow" else None', "if rules.action is None else None"),
        ),
    ),
    defence(
        "redaction-scripts",
        "Signs of other scripts are read as what they are.",
        edited(
            f"{GUARDS}.personal.detector:PersonalData.find",
            ("if otherwise else text", "if False else text"),
        ),
    ),
    defence(
        "redaction-names",
        "Names of members are redacted like any text.",
        edited(
            f"{GUARDS}.redaction:Redaction.tree",
            ("self.text(name, find(name, about)): self.tree(", "name: self.tree("),
        ),
    ),
    defence(
        "redaction-look-alikes",
        "What only looks like a token is replaced like a value.",
        edited(
            f"{GUARDS}.redaction:Redaction.text",
            ("for m in TOKEN.finditer(text)]", "for m in ()]"),
        ),
    ),
    defence(
        "redaction-key-of-the-run",
        "Each run has tokens of its own.",
        edited(f"{SERVICES}.personal:conceal", ('f"redaction/{run}"', '"redaction/"')),
    ),
    defence(
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
    defence(
        "personal-data-block",
        "`block` lets no personal data pass.",
        edited(
            f"{SERVICES}.personal:_blocking",
            ('PERSONAL: policy.personal_data.action == "block"', "PERSONAL: False"),
        ),
    ),
    defence(
        "secrets-block",
        "`block` lets no credential pass.",
        edited(
            f"{SERVICES}.personal:_blocking",
            ('SECRET: policy.secrets.action == "block"', "SECRET: False"),
        ),
    ),
    defence(
        "blocking-in",
        "What a rule blocks is not sent.",
        edited(
            f"{SERVICES}.personal:conceal",
            ("if rule := _blocking(policy, record):", 'if rule := "":'),
        ),
    ),
    defence(
        "blocking-out",
        "What a rule blocks is not passed on.",
        edited(f"{SERVICES}.personal:held_back", ("_blocking(policy, record)", '""')),
    ),
    defence(
        "restore-personal-fields",
        "Values come back in fields that a schema marks as personal.",
        edited(f"{SERVICES}.personal:_revealing", ('if rules.restore == "answer":', "if True:")),
    ),
    defence(
        "restore-nowhere",
        "Or nowhere, where the policy says so.",
        edited(f"{SERVICES}.personal:_revealing", ('if rules.restore == "personal":', "if True:")),
    ),
    defence(
        "personal-fields-travel-as-references",
        "A personal field of an answer travels as a reference.",
        edited(
            f"{SERVICES}.check_answer:CheckAnswer._judged",
            ("hidden = personal_pointers(task.output_schema, judged.value)", "hidden = []"),
        ),
    ),
    defence(
        "vault-of-the-run",
        "A vault opens for its own run.",
        edited(f"{SERVICES}.artifacts:Artifacts.unlock", ("if named.run != run:", "if False:")),
    ),
    defence(
        "secrets",
        "Credentials are looked for.",
        edited(f"{SERVICES}.personal:_finder", ("secrets = find_secrets(text)", "secrets = ()")),
    ),
    defence(
        "secrets-by-shape",
        "The shapes of vendors' keys are known.",
        edited(
            f"{GUARDS}.secrets:_by_shape", ("if not _PLACEHOLDER.search(match[0]):", "if False:")
        ),
    ),
    defence(
        "secrets-by-name",
        "A random text that is called a secret is one.",
        edited(
            f"{GUARDS}.secrets:find_secrets",
            ("found += _by_name(text)", "pass"),
        ),
    ),
    defence(
        "secrets-never-restored",
        "A credential's token stays one.",
        edited(f"{SERVICES}.personal:_revealing", ("if not t.startswith(_SECRET)", "if t")),
    ),
    defence(
        "secrets-out",
        "A credential in an answer is not passed on.",
        edited(
            f"{SERVICES}.personal:held_back", ("value if hidden else judged.value", "judged.value")
        ),
    ),
)
