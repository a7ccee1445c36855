"""Defences of references, tickets, events and systems."""

from typing import Final

from tests.adversarial.switches import DOMAIN, SERVICES, defence, edited

SERVICE: Final = (
    defence(
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
    defence(
        "reference-of-the-run",
        "And bound to its run.",
        edited(f"{SERVICES}.artifacts:Artifacts.resolve", ("reference.run == run", "True")),
    ),
    defence(
        "references-of-the-team",
        "At the door, to its team.",
        edited(f"{SERVICES}.artifacts:Artifacts.admit", ("reference.team == team", "True")),
    ),
    defence(
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
    defence(
        "ticket-of-the-run",
        "A ticket opens its own run.",
        edited(f"{DOMAIN}.ticket:Ticket.verify", ("if named != run:", "if False:")),
    ),
    defence(
        "declared-tasks",
        "A workflow asks for tasks that it declares.",
        edited(
            f"{SERVICES}.pinned:read_pinned",
            ("raise UseNotDeclared(", "raise UnknownDefinition("),
        ),
    ),
    defence(
        "declared-operations",
        "And for operations that it declares.",
        edited(
            f"{SERVICES}.system_step:SystemStep._ready",
            ("if version is None or call.operation not in workflow.uses.operations:", "if False:"),
        ),
    ),
    defence(
        "fields-from-a-model",
        "A model fills fields that are declared for it.",
        edited(
            f"{DOMAIN}.requests:assembled",
            ("for name in operation.from_model if name in given", "for name in given"),
        ),
    ),
    defence(
        "request-schema",
        "A request fits its operation's schema.",
        edited(f"{DOMAIN}.requests:require_fit", ("if violations:", "if False:")),
    ),
    defence(
        "paths-are-quoted",
        "A value in a path stays one part of it.",
        edited(
            f"{SERVICES}.system_step:SystemStep._request",
            ('quote(str(fields[name]), safe="")', "str(fields[name])"),
        ),
    ),
    defence(
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
    defence(
        "hops",
        "Events do not start each other for ever.",
        edited(f"{SERVICES}.door:Door._own", ("if hops > HOP_LIMIT:", "if False:")),
    ),
    defence(
        "input-schema",
        "An event fits its workflow's schema.",
        edited(f"{SERVICES}.door:Door._admissible", ("if violations:", "if False:")),
    ),
    defence(
        "terminals",
        "A terminal shows a text and does nothing else.",
        edited("interlock.cli.show:neutral", ('return "".join(', 'return shown or "".join(')),
    ),
    defence(
        "spreadsheets",
        "A spreadsheet shows a cell and does nothing else.",
        edited("interlock.cli.csv_text:cell", ("if text.startswith(FORMULA)", "if False")),
    ),
)
