# ruff: noqa: E501 - a table reads best with a case a line
"""A project is loaded as a whole, or everything that is wrong with it is said."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.core.domain.canonical import digest
from functions.core.domain.definitions import parse_document
from functions.core.domain.targets import Models
from interlock.definitions.external import SingleStep
from interlock.definitions.problems import DefinitionErrors
from interlock.definitions.project import load_project

TASK = "catalog/ai_tasks/classify_ticket"
TOML = f"{TASK}/task.toml"
OUTPUT = f"{TASK}/output.schema.json"
CRM = "catalog/systems/crm.toml"
MODELS = "catalog/models.toml"
FLOW = "statemachines/workflows/triage_ticket"
CONTRACT = f"{FLOW}/workflow.toml"
CALLED = "statemachines/workflows/sort_product"
CALLED_TOML = f"{CALLED}/workflow.toml"
INPUT = f"{FLOW}/input.schema.json"
ASL = f"{FLOW}/triage_ticket.asl.json"
EVENT = f"{FLOW}/events/ordinary_ticket.json"

BUDGETS = "catalog/budgets.toml"
TEAM_POLICY = "catalog/policies/desk.toml"
EXPIRED = """
[injection]
threshold = 0.9
[[exceptions]]
rule = "injection.threshold"
owner = "ann@example.com"
reason = "Forms quote prompts."
ends = 2020-01-01
"""

Break = Callable[[Path], object]


def both(first: Break, second: Break) -> Break:
    """Break two places, one after the other."""
    return lambda root: (first(root), second(root))


def budget(scope: str, period: str, usd: str) -> Break:
    """Declare one more budget."""
    told = f'scope = "{scope}"\nperiod = "{period}"\nlimit_usd = "{usd}"\n'
    return append(BUDGETS, f"\n[[budgets]]\n{told}")


def _team_policy(more: str = "") -> str:
    head = 'name = "desk"\npurpose = "A team."\nlevel = "team"\nteam = "support"\n'
    return f'{head}extends = "default"\n{more}\n'


def _rule(expression: str) -> str:
    return f'\n[answer.business.rules]\none = "{expression}"\n'


def write(file: str, text: str) -> Break:
    """Put *text* in place of a file."""
    return lambda root: _into(root / file, text)


def _into(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def remove(file: str) -> Break:
    """Take a file or folder away."""
    return lambda root: (
        shutil.rmtree(root / file) if (root / file).is_dir() else (root / file).unlink()
    )


def swap(file: str, old: str, new: str) -> Break:
    """Replace a piece of text once; it must be there."""

    def change(root: Path) -> None:
        text = (root / file).read_text()
        assert old in text
        (root / file).write_text(text.replace(old, new, 1))

    return change


def append(file: str, text: str) -> Break:
    """Add to the end of a file."""
    return lambda root: (root / file).write_text((root / file).read_text() + text)


def at(file: str, pointer: str, value: Any) -> Break:
    """Set what *pointer* names in a JSON file; ... takes it away."""

    def change(root: Path) -> None:
        document = json.loads((root / file).read_text())
        *way, last = pointer.split("/")[1:]
        place = document
        for token in way:
            place = place[token]
        if value is ...:
            del place[last]
        else:
            place[last] = value
        (root / file).write_text(json.dumps(document))

    return change


def input_of(name: str, lines: str) -> str:
    """Return the declaration of an input."""
    return f"\n[inputs.{name}]\n{lines}\n"


APPROVAL = """
[approvals.look]
purpose = "Somebody looks first."
operation = "crm.close_ticket"
groups = ["leads"]
expires_after_hours = 1
on_expiry = "reject"
"""
BROKEN: list[tuple[str, Break, str, str, str]] = [
    # files and folders
    ("no catalog", remove("catalog"), "catalog", "", "missing folder"),
    ("no models", remove(MODELS), MODELS, "", "missing file"),
    ("no budgets", remove("catalog/budgets.toml"), "catalog/budgets.toml", "", "missing file"),
    ("no policies", remove("catalog/policies"), "catalog/policies", "", "missing folder"),
    ("no systems", remove("catalog/systems"), "catalog/systems", "", "missing folder"),
    ("no tasks", remove("catalog/ai_tasks"), "catalog/ai_tasks", "", "missing folder"),
    ("no workflows", remove("statemachines"), "statemachines/workflows", "", "missing folder"),
    ("stray in catalog", write("catalog/modles.toml", "x"), "catalog/modles.toml", "", "unknown file"),
    ("stray folder", write("catalog/ai_task/x", "x"), "catalog/ai_task", "", "unknown folder"),
    ("stray policy", write("catalog/policies/a.yml", "x"), "catalog/policies/a.yml", "", "unknown file"),
    ("stray in tasks", write("catalog/ai_tasks/a.toml", "x"), "catalog/ai_tasks/a.toml", "", "unknown file"),
    ("stray in task", write(f"{TASK}/usr.md", "x"), f"{TASK}/usr.md", "", "unknown file"),
    ("stray in workflow", write(f"{FLOW}/x.asl.json", "{}"), f"{FLOW}/x.asl.json", "", "unknown file"),
    ("stray event folder", write(f"{FLOW}/events/bad/x.json", "{}"), f"{FLOW}/events/bad", "", "unknown folder"),
    ("stray event", write(f"{FLOW}/events/x.txt", "x"), f"{FLOW}/events/x.txt", "", "unknown file"),
    *(
        (f"task without {name}", remove(f"{TASK}/{name}"), f"{TASK}/{name}", "", "missing file")
        for name in (
            "task.toml",
            "system.md",
            "user.md",
            "output.schema.json",
            "variables.schema.json",
            "golden.jsonl",
        )
    ),
    *(
        (f"workflow without {name}", remove(f"{FLOW}/{name}"), f"{FLOW}/{name}", "", "missing file")
        for name in ("workflow.toml", "input.schema.json", "triage_ticket.asl.json")
    ),
    ("no events", remove(f"{FLOW}/events"), f"{FLOW}/events", "", "missing folder"),
    ("empty system text", write(f"{TASK}/system.md", " \n"), f"{TASK}/system.md", "", "empty"),
    (
        "no UTF-8",
        lambda root: (root / TASK / "user.md").write_bytes(b"\xff"),
        f"{TASK}/user.md",
        "",
        "not UTF-8",
    ),
    # TOML
    ("no TOML", swap(TOML, "owner =", "owner = ="), TOML, "line 3", "not TOML: Invalid value"),
    ("key twice", append(MODELS, '\n[routes]\n'), MODELS, "line 42", "not TOML: Cannot declare"),
    # routes
    ("a condition that there is not", swap(MODELS, '["embedded_lexical_1"]', '[{ target = "embedded_lexical_1", max_usd = "1" }]'), MODELS, "routes.default.0.max_usd", "unknown key"),
    ("an outcome that there is not", swap(MODELS, '["embedded_lexical_1"]', '{ targets = ["embedded_lexical_1"], fallback_on = ["tired"] }'), MODELS, "routes.default.fallback_on.0", "Input should be 'throttled'"),
    ("a target twice", swap(MODELS, '["embedded_lexical_1"]', '["embedded_lexical_1", { target = "embedded_lexical_1" }]'), MODELS, "routes.default", "'embedded_lexical_1' stands twice"),
    ("no data class", swap(MODELS, 'max_data_class = "personal"', 'max_data_class = "secret"'), MODELS, "targets.embedded_lexical_1.max_data_class", "'public', 'internal'"),
    ("no retention", swap(MODELS, 'retention = "none"', 'retention = "30"'), MODELS, "targets.bedrock_nova_lite.retention", "match pattern"),
    ("a target below the task's data", swap(MODELS, 'max_data_class = "personal"', 'max_data_class = "internal"'), TOML, "route", "no target of route 'default' may serve classify_ticket: 'embedded_lexical_1': max_data_class: may be given internal data, this is personal"),
    ("a condition that no target meets", swap(MODELS, '["embedded_lexical_1"]', '[{ target = "bedrock_nova_lite", residency = "eu" }]'), TOML, "route", "'bedrock_nova_lite': residency: eu is asked, it says nothing"),
    ("unknown key", swap(TOML, "owner =", "woner ="), TOML, "woner", "unknown key"),
    ("missing key", swap(TOML, "owner =", "# "), TOML, "owner", "missing key"),
    ("key of a file", append(CONTRACT, '\n[input_schema]\n'), CONTRACT, "input_schema", "unknown key"),
    ("task key of a file", swap(TOML, "owner =", "system = ''\nowner ="), TOML, "system", "unknown key: it stands in system.md"),
    ("wrong type", swap(TOML, "attempts = 3", 'attempts = "3"'), TOML, "limits.attempts", "valid integer"),
    ("flag as number", swap(TOML, "attempts = 3", "attempts = true"), TOML, "limits.attempts", "valid integer"),
    ("out of bounds", swap(TOML, "attempts = 3", "attempts = 0"), TOML, "limits.attempts", "greater than or equal to 1"),
    ("unknown nested key", swap(CRM, "read_seconds", "reed_seconds"), CRM, "limits.reed_seconds", "unknown key"),
    ("money as float", swap("catalog/budgets.toml", '"100.00"', "100.00"), "catalog/budgets.toml", "budgets.0.limit_usd", "valid string"),
    ("money with sign", swap("catalog/budgets.toml", '"100.00"', '"-1"'), "catalog/budgets.toml", "budgets.0.limit_usd", "match pattern"),
    ("scope twice", append("catalog/budgets.toml", '\n[[budgets]]\nscope = "organisation"\nperiod = "month"\nlimit_usd = "1"\n'), "catalog/budgets.toml", "budgets", "once"),
    ("budget of no task", budget("task:classify", "day", "1"), BUDGETS, "budgets.1.scope", "there is no AI task 'classify'"),
    ("budget of nobody's team", budget("team:suport", "day", "1"), BUDGETS, "budgets.1.scope", "no AI task belongs to a team 'suport'"),
    ("team's budget above all", budget("team:support", "day", "100.01"), BUDGETS, "budgets.1.limit_usd", "$100.01 is more than the $100.00 of organisation"),
    ("task's budget above its team's", both(budget("team:support", "month", "5"), budget("task:draft_reply", "day", "6")), BUDGETS, "budgets.2.limit_usd", "$6 is more than the $5 of team:support"),
    ("task's budget above all", budget("task:draft_reply", "month", "101"), BUDGETS, "budgets.1.limit_usd", "$100.00 of organisation"),
    ("task's period above its team's", both(budget("team:support", "day", "5"), budget("task:draft_reply", "month", "5")), BUDGETS, "budgets.2.period", "a month is longer than the day of team:support"),
    # names and references
    ("task's name", swap(TOML, '"classify_ticket"', '"classify"'), TOML, "name", "the name of where it lies"),
    ("system's name", swap(CRM, 'name = "crm"', 'name = "erp"'), CRM, "name", "the name of where it lies"),
    ("policy's name", swap("catalog/policies/default.toml", '"default"', '"other"'), "catalog/policies/default.toml", "name", "the name of where it lies"),
    ("workflow's name", swap(CONTRACT, '"triage_ticket"', '"triage"'), CONTRACT, "name", "the name of where it lies"),
    ("malformed name", swap(TOML, '"classify_ticket"', '"Classify-Ticket"'), TOML, "name", "match pattern"),
    ("no such route", swap(TOML, 'route = "default"', 'route = "fast"'), TOML, "route", "no route 'fast'"),
    ("no such policy", swap(TOML, 'policy = "default"', 'policy = "none"'), TOML, "policy", "no policy 'none'"),
    ("no such target", swap(MODELS, '["embedded_lexical_1"]', '["gpt"]'), MODELS, "routes.default", "no target 'gpt'"),
    ("target twice", swap(MODELS, '["embedded_lexical_1"]', '["embedded_lexical_1", "embedded_lexical_1"]'), MODELS, "routes.default", "twice"),
    ("empty route", swap(MODELS, '["embedded_lexical_1"]', "[]"), MODELS, "routes.default", "at least 1"),
    ("unknown dialect", swap(MODELS, '"embedded"', '"smoke"'), MODELS, "targets.embedded_lexical_1.dialect", "embedded"),
    ("priced embedded", swap(MODELS, 'input_usd_per_million = "0"', 'input_usd_per_million = "1"'), MODELS, "targets.embedded_lexical_1.prices", "costs nothing"),
    ("embedded with address", swap(MODELS, 'dialect =', 'base_url = "https://x"\ndialect ='), MODELS, "targets.embedded_lexical_1.base_url", "neither address nor secret"),
    ("region of another vendor", swap(MODELS, 'dialect = "bedrock_converse"', 'dialect = "gemini_generate"\nregion = "eu-central-1"'), MODELS, "targets.bedrock_nova_lite.region", "for bedrock_converse targets"),
    ("signature of another vendor", swap(MODELS, 'dialect = "bedrock_converse"', 'dialect = "anthropic_messages"\nsigv4 = {}'), MODELS, "targets.bedrock_nova_lite.sigv4", "for openai_chat targets"),
    ("key for Bedrock", swap(MODELS, 'capabilities = ["tool"]', 'secret = "bedrock"'), MODELS, "targets.bedrock_nova_lite.secret", "the function's own role"),
    ("no JSON mode", swap(MODELS, 'capabilities = ["tool"]', 'capabilities = ["json_object"]'), MODELS, "targets.bedrock_nova_lite.capabilities", "no word for json_object"),
    ("key's place without key", swap(MODELS, 'capabilities = ["tool"]', 'key_header = "api-key"'), MODELS, "targets.bedrock_nova_lite.key_header", "there is no secret"),
    ("key's place no header", swap(MODELS, 'capabilities = ["tool"]', 'key_header = "api key"'), MODELS, "targets.bedrock_nova_lite.key_header", "match pattern"),
    ("bound's other name", swap(MODELS, 'capabilities = ["tool"]', 'output_limit = "max_completion_tokens"'), MODELS, "targets.bedrock_nova_lite.output_limit", "for openai_chat targets"),
    ("no such name of the bound", swap(MODELS, 'capabilities = ["tool"]', 'output_limit = "n"'), MODELS, "targets.bedrock_nova_lite.output_limit", "max_completion_tokens"),
    ("more tokens than target", swap(TOML, "= 96", "= 9000"), TOML, "limits.max_output_tokens", "gives 4096 at most"),
    ("seed for no target", lambda root: (swap(MODELS, 'default = ["embedded', 'default = ["bedrock_nova_lite", "embedded')(root), swap(TOML, "[limits]", "[sampling]\nseed = 1\n\n[limits]")(root)), TOML, "sampling.seed", "target 'bedrock_nova_lite' takes no seed"),
    ("seed of another vendor", swap(MODELS, 'capabilities = ["tool"]', 'seed_parameter = "none"'), MODELS, "targets.bedrock_nova_lite.seed_parameter", "for openai_chat targets"),
    ("uses unknown task", swap(CONTRACT, '"draft_reply"]', '"draft"]'), CONTRACT, "uses.ai_tasks.1", "no AI task 'draft'"),
    ("uses unknown operation", swap(CONTRACT, "crm.close_ticket", "crm.delete_ticket"), CONTRACT, "uses.operations.1", "no operation 'crm.delete_ticket'"),
    ("uses unknown system", swap(CONTRACT, "crm.close_ticket", "erp.close_ticket"), CONTRACT, "uses.operations.1", "no operation"),
    ("malformed operation", swap(CONTRACT, "crm.close_ticket", "close_ticket"), CONTRACT, "uses.operations.1", "match pattern"),
    ("uses twice", swap(CONTRACT, '"draft_reply"]', '"classify_ticket"]'), CONTRACT, "uses.ai_tasks", "stands twice"),
    # schemas
    ("schema no JSON", write(OUTPUT, "{"), OUTPUT, "", "not strict JSON: not JSON"),
    ("schema with key twice", write(OUTPUT, '{"type": "object", "type": "object"}'), OUTPUT, "", "not strict JSON: duplicate key"),
    ("schema is a list", write(OUTPUT, "[]"), OUTPUT, "", "not a JSON object"),
    ("no such type", at(OUTPUT, "/properties/confidence/type", "float"), OUTPUT, "/properties/confidence/type", "no valid JSON Schema 2020-12"),
    ("other dialect", at(OUTPUT, "/$schema", "http://json-schema.org/draft-07/schema#"), OUTPUT, "", "another dialect"),
    ("bad pattern", at(INPUT, "/properties/ticket_id/pattern", "("), INPUT, "", "no valid JSON Schema"),
    ("remote reference", at(INPUT, "/properties/channel", {"$ref": "https://x/y"}), INPUT, "/properties/channel", "leads nowhere inside"),
    ("lost reference", at(INPUT, "/properties/channel", {"$ref": "#/$defs/x"}), INPUT, "/properties/channel", "leads nowhere inside"),
    ("unchecked format", at(INPUT, "/properties/customer_email/format", "mail"), INPUT, "/properties/customer_email", "format 'mail' is not checked"),
    ("unknown data class", at(INPUT, "/properties/text/x-data-class", "persnal"), INPUT, "/properties/text", "x-data-class is 'personal'"),
    ("unknown own keyword", at(INPUT, "/properties/text/x-dataclass", "personal"), INPUT, "/properties/text", "unknown keyword 'x-dataclass'"),
    ("own flag", at(f"{TASK}/variables.schema.json", "/properties/text/x-untrusted", "no"), f"{TASK}/variables.schema.json", "/properties/text", "true or false"),
    ("describes no value", at(OUTPUT, "/properties/sentiment/x-enum-descriptions/sad", "x"), OUTPUT, "/properties/sentiment", "describes values of enum"),
    ("dynamic reference", at(INPUT, "/properties/channel", {"$dynamicRef": "#x"}), INPUT, "/properties/channel", "$dynamicRef is not supported"),
    ("schema for no target", lambda root: (swap(MODELS, 'default = ["embedded', 'default = ["bedrock_nova_lite", "embedded')(root), at(OUTPUT, "/properties/under", {"type": "array", "items": {"$ref": "#"}})(root)), OUTPUT, "/properties/under/items", "$ref can't be given to target 'bedrock_nova_lite' (a Bedrock tool's inputSchema)"),
    ("output no object", at(OUTPUT, "/type", "string"), OUTPUT, "", "root must be of type object"),
    ("input no object", write(INPUT, '{"type": "array"}'), INPUT, "", "root must be of type object"),
    ("operation's schema", swap(CRM, 'version = { type = "integer"', 'version = { type = "int"'), CRM, "operations.get_ticket.response_schema/properties/version/type", "no valid JSON Schema"),
    # operations
    ("field from nowhere", swap(CRM, 'from_model = ["reason"]', "from_model = []"), CRM, "operations.close_ticket.request_schema", "'reason' is neither in from_model nor taken"),
    ("field from both", swap(CRM, 'from_model = ["reason"]', 'from_model = ["reason", "ticket_id"]'), CRM, "operations.close_ticket.take", "is in from_model too"),
    ("no such field", swap(CRM, 'from_model = ["reason"]', 'from_model = ["reason", "x"]'), CRM, "operations.close_ticket.from_model", "no field 'x'"),
    ("taken no such field", swap(CRM, 'take = { ticket_id = "/ticket_id" }', 'take = { ticket_id = "/ticket_id", x = "/x" }'), CRM, "operations.get_ticket.take", "no field 'x'"),
    ("take no pointer", swap(CRM, 'take = { ticket_id = "/ticket_id" }', 'take = { ticket_id = "ticket_id" }'), CRM, "operations.get_ticket.take.ticket_id", "match pattern"),
    ("open request", swap(CRM, "additionalProperties = false", "additionalProperties = true"), CRM, "operations.get_ticket.request_schema", "additionalProperties must be false"),
    ("path without field", swap(CRM, "{ticket_id}/closure", "{id}/closure"), CRM, "operations.close_ticket.path", "no request field 'id'"),
    ("path with loose brace", swap(CRM, "{ticket_id}/closure", "ticket_id}/closure"), CRM, "operations.close_ticket.path", "braces don't match"),
    ("path by a model", lambda root: (swap(CRM, 'from_model = ["reason"]', 'from_model = ["reason", "ticket_id"]')(root), swap(CRM, 'take = { ticket_id = "/ticket_id" }\n\n[operations.close', "\n[operations.close")(root)), CRM, "operations.close_ticket.path", "chooses the object, so it is taken"),
    ("optional in path", swap(CRM, 'required = ["ticket_id", "reason"]', 'required = ["reason"]'), CRM, "operations.close_ticket.path", "not required"),
    ("GET that writes", swap(CRM, 'effect = "read"', 'effect = "keyed"'), CRM, "operations.get_ticket.effect", "only reads"),
    ("unknown effect", swap(CRM, 'effect = "read"', 'effect = "maybe"'), CRM, "operations.get_ticket.effect", "'read'"),
    ("verify by nothing", swap(CRM, 'effect = "keyed"', 'effect = "verify"'), CRM, "operations.update_ticket.verify", "where effect is verify"),
    ("verify by a write", swap(CRM, 'effect = "keyed"', 'effect = "verify"\nverify = "close_ticket"'), CRM, "operations.update_ticket.verify", "no operation that reads"),
    ("taken from nowhere", swap(CRM, '"/ticket_id" }\n\n[operations.close', '"/ticket" }\n\n[operations.close'), CONTRACT, "uses.operations.1", "takes 'ticket_id' from /ticket"),
    # prompts and cases
    ("undeclared variable", append(f"{TASK}/user.md", "{{ name }}"), f"{TASK}/user.md", "", "variable 'name' is not declared"),
    ("no template", append(f"{TASK}/user.md", "\n{% if %}"), f"{TASK}/user.md", "line 7", "Expected an expression"),
    ("unknown filter", append(f"{TASK}/user.md", "{{ text | shout }}"), f"{TASK}/user.md", "line 6", "No filter named 'shout'"),
    ("template includes", append(f"{TASK}/user.md", "{% include 'x' %}"), f"{TASK}/user.md", "line 6", "stands alone"),
    ("golden no JSON", append(f"{TASK}/golden.jsonl", "{\n"), f"{TASK}/golden.jsonl", "line 9", "not strict JSON"),
    ("golden keys", append(f"{TASK}/golden.jsonl", '{"input": 1}\n'), f"{TASK}/golden.jsonl", "line 9", "exactly the keys"),
    ("golden variables", swap(f"{TASK}/golden.jsonl", '"text":', '"body":'), f"{TASK}/golden.jsonl", "line 1", "variables does not fit: required text"),
    ("golden output", swap(f"{TASK}/golden.jsonl", '"billing"', '"bills"'), f"{TASK}/golden.jsonl", "line 1", "output/category does not fit: enum"),
    ("example's output", swap(TOML, 'category = "billing"', 'category = "bills"'), TOML, "examples.0", "output/category does not fit: enum"),
    ("golden is an example", append(f"{TASK}/golden.jsonl", '{"variables": {"subject": "Can\'t sign in", "text": "I am locked out of my account. The password reset link never arrives in my inbox."}, "output": {"category": "account", "urgency": "high", "language": "en", "sentiment": "negative", "confidence": 0.9}}\n'), f"{TASK}/golden.jsonl", "line 9", "measures nothing"),
    # policies
    ("weaker policy", write(TEAM_POLICY, _team_policy("max_prompt_bytes = 65537")), TEAM_POLICY, "max_prompt_bytes", "is weaker"),
    ("expired exception", write(TEAM_POLICY, _team_policy(EXPIRED)), TEAM_POLICY, "exceptions.0.ends", "ended on 2020-01-01"),
    ("rule that is no JSONata", write(TEAM_POLICY, _team_policy(_rule("answer.category ="))), TEAM_POLICY, "answer.business.rules.one", "is no JSONata"),
    ("rule over no field", append("catalog/policies/default.toml", _rule("answer.refund = 1")), "catalog/policies/default.toml", "answer.business.rules.one", "task classify_ticket: there is no field 'refund'"),
    ("rule over no variable", append("catalog/policies/default.toml", _rule("input.order = 1")), "catalog/policies/default.toml", "answer.business.rules.one", "there is no field 'order'"),
    ("rule that evaluates", write(TEAM_POLICY, _team_policy(_rule("$eval('1') = 1"))), TEAM_POLICY, "answer.business.rules.one", "$eval is no function of rules"),
    ("language unknown", write(TEAM_POLICY, _team_policy("[answer.language]\nallowed = ['xx']")), TEAM_POLICY, "answer.language.allowed.0", "is none of ar, bg"),
    ("policy's parent", write(TEAM_POLICY, _team_policy().replace("default", "none")), TEAM_POLICY, "extends", "no policy 'none'"),
    ("what is worked out", write(TEAM_POLICY, _team_policy("lineage = []")), TEAM_POLICY, "lineage", "unknown key"),
    ("team's policy passed over", write(TEAM_POLICY, _team_policy()), TOML, "policy", "passes over 'desk', the policy of team 'support'"),
    ("input of no variable", append(TOML, input_of("body", 'kind = "text"\nmax_characters = 100')), TOML, "inputs.body", "no property 'body' in variables.schema.json"),
    ("input of an odd kind", append(TOML, input_of("text", 'kind = "word"\nmax_characters = 100')), TOML, "inputs.text", "kind is value, text, csv, json, pdf or records"),
    ("input without a limit", append(TOML, input_of("text", 'kind = "text"')), TOML, "inputs.text.max_characters", "missing key"),
    ("input with no room", append(TOML, input_of("text", 'max_characters = 9')), TOML, "inputs.text.max_characters", "greater than or equal to 64"),
    ("CSV without columns", append(TOML, input_of("text", 'kind = "csv"\nmax_characters = 100')), TOML, "inputs.text.columns", "missing key"),
    ("CSV with a pointer", append(TOML, input_of("text", 'kind = "csv"\nmax_characters = 100\ncolumns = ["a"]\npointer = "/a"')), TOML, "inputs.text.pointer", "unknown key"),
    ("CSV column twice", append(TOML, input_of("text", 'kind = "csv"\nmax_characters = 100\ncolumns = ["a", "a"]')), TOML, "inputs.text.columns", "'a' stands twice"),
    ("records in a text", append(TOML, input_of("text", 'kind = "records"\nmax_characters = 100\nfields = ["a"]')), TOML, "inputs.text.kind", "type of 'text' is array"),
    ("default of what must be there", append(TOML, input_of("text", 'max_characters = 100\ndefault = "-"')), TOML, "inputs.text.default", "requires 'text'"),
    ("two ways when it is missing", append(TOML, input_of("text", 'max_characters = 100\ndefault = "-"\nwhen_missing = "ask"')), TOML, "inputs.text.when_missing", "a default stands in"),
    ("example over an input", append(TOML, input_of("text", 'max_characters = 900') + '\n[[examples]]\n[examples.variables]\nsubject = "-"\ntext = "' + "x" * 901 + '"\n[examples.output]\ncategory = "billing"\nurgency = "low"\nlanguage = "en"\nsentiment = "neutral"\nconfidence = 0.9\n'), TOML, "examples.9", "InputTooLong: /text"),
    ("three PDFs", lambda root: (at(f"{TASK}/variables.schema.json", "/properties", {**{n: {"type": "object"} for n in "abc"}, "subject": {"type": "string"}, "text": {"type": "string"}})(root), append(TOML, "".join(input_of(n, 'kind = "pdf"\nmax_characters = 100\nwhen_missing = "partial"') for n in "abc"))(root)), TOML, "inputs.c.kind", "2 PDFs at most"),
    ("two inputs in parts", append(TOML, input_of("text", 'max_characters = 9000\nwhen_longer = "chunk"') + input_of("subject", 'max_characters = 900\nwhen_longer = "chunk"')), TOML, "inputs.text.when_longer", "'subject' is in parts already"),
    ("trusted file", lambda root: (append(TOML, input_of("text", 'kind = "text"\nmax_characters = 100'))(root), at(f"{TASK}/variables.schema.json", "/properties/text/x-untrusted", False)(root)), TOML, "inputs.text.kind", "never trusted"),
    ("golden over an input", append(TOML, input_of("text", 'max_characters = 64')), f"{TASK}/golden.jsonl", "line 1", "InputTooLong: /text"),
    ("prompt over policy", swap("catalog/policies/default.toml", "65536", "1000"), f"{TASK}/golden.jsonl", "line 1", "prompt is too large"),
    # workflow contracts
    ("dedup unknown", swap(CONTRACT, '["/ticket_id"]', '["/ticket"]'), CONTRACT, "dedup_key", "no field /ticket"),
    ("dedup optional", swap(CONTRACT, '["/ticket_id"]', '["/order_number"]'), CONTRACT, "dedup_key", "/order_number is not required"),
    ("dedup no text", at(INPUT, "/properties/ticket_id/type", "boolean"), CONTRACT, "dedup_key", "neither string nor integer"),
    ("dedup by time", swap(CONTRACT, '["/ticket_id"]', '"scheduled_time"'), CONTRACT, "dedup_key", "only a schedule"),
    ("dedup empty", swap(CONTRACT, '["/ticket_id"]', "[]"), CONTRACT, "dedup_key", "at least 1"),
    ("unknown trigger", swap(CONTRACT, 'kind = "rule"', 'kind = "webhook"'), CONTRACT, "triggers.0", "webhook"),
    ("trigger without source", swap(CONTRACT, 'source = ["helpdesk"]', ""), CONTRACT, "triggers.0.source", "missing key"),
    ("unknown operator", swap(CONTRACT, 'detail_type = ["Ticket Opened"]\n', 'detail_type = ["Ticket Opened"]\ndetail = { channel = [{ "starts-with" = "e" }] }\n'), CONTRACT, "triggers.0.detail", "/channel: operator 'starts-with' is not supported"),
    ("schedule", append(CONTRACT, '\n[[triggers]]\nkind = "schedule"\nexpression = "rate(5 minute)"\n'), CONTRACT, "triggers.1.expression", "say rate(5 minutes)"),
    ("time zone", append(CONTRACT, '\n[[triggers]]\nkind = "schedule"\nexpression = "rate(5 minutes)"\ntimezone = "Europe/Bielefeld"\n'), CONTRACT, "triggers.1.timezone", "no such time zone"),
    ("schedule's input", append(CONTRACT, '\n[[triggers]]\nkind = "schedule"\nexpression = "rate(5 minutes)"\n'), CONTRACT, "triggers.1.input", "required ticket_id"),
    ("emit's name", swap(CONTRACT, '"Ticket Triaged"', '"ticket triaged!"'), CONTRACT, "emits.0.detail_type", "match pattern"),
    ("long name", lambda root: (root / FLOW).rename((root / FLOW).with_name("t" * 41)), "statemachines/workflows/" + "t" * 41 + "/" + "t" * 41 + ".asl.json", "", "missing file"),
    # events
    ("event no JSON", write(EVENT, "{"), EVENT, "", "not strict JSON"),
    ("event's keys", at(EVENT, "/time", "x"), EVENT, "", "exactly the keys"),
    ("event misses", at(EVENT, "/detail/text", ...), EVENT, "/detail", "required text"),
    ("event's address", at(EVENT, "/detail/customer_email", "nobody"), EVENT, "/detail/customer_email", "format email"),
    ("event of another", at(EVENT, "/source", "shop"), EVENT, "", "no rule of this workflow"),
    ("refused event fits", lambda root: shutil.copy(root / EVENT, root / FLOW / "events/refused/x.json"), f"{FLOW}/events/refused/x.json", "/detail", "though it is kept as refused"),
    # state machine
    ("ASL no JSON", write(ASL, "{"), ASL, "", "not strict JSON"),
    ("ASL in JSONPath", at(ASL, "/QueryLanguage", "JSONPath"), ASL, "/QueryLanguage", "must be JSONata"),
    ("ASL no timeout", at(ASL, "/TimeoutSeconds", ...), ASL, "/TimeoutSeconds", "missing"),
    ("ASL no states", at(ASL, "/States", {}), ASL, "/States", "missing"),
    ("ASL starts nowhere", at(ASL, "/StartAt", "Begin"), ASL, "/StartAt", "names no state"),
    ("task no timeout", at(ASL, "/States/Classify/TimeoutSeconds", ...), ASL, "/States/Classify/TimeoutSeconds", "missing"),
    ("unknown placeholder", at(ASL, "/States/ReportFailure/Cause", "${stage}"), ASL, "", "unknown placeholder ${stage}"),
    ("calls a function", at(ASL, "/States/Classify/Resource", "arn:aws:states:::lambda:invoke"), ASL, "/States/Classify/Resource", "starts platform machines, only"),
    ("calls another machine", at(ASL, "/States/Classify/Arguments/StateMachineArn", "arn:x"), ASL, "/States/Classify/Arguments/StateMachineArn", "must be one of"),
    ("undeclared task", at(ASL, "/States/Classify/Arguments/Input/task", "other_task"), ASL, "/States/Classify/Arguments/Input/task", "is not declared under uses"),
    ("computed task", at(ASL, "/States/Classify/Arguments/Input/task", "{% $x %}"), ASL, "/States/Classify/Arguments/Input/task", "literal name"),
    ("undeclared operation", at(ASL, "/States/CloseTicket/Arguments/Input/operation", "crm.get_ticket"), ASL, "/States/CloseTicket/Arguments/Input/operation", "is not declared under uses"),
    ("missing variable", at(ASL, "/States/Classify/Arguments/Input/variables/text", ...), ASL, "/States/Classify/Arguments/Input/variables", "needs 'text'"),
    ("unknown variable", at(ASL, "/States/Classify/Arguments/Input/variables/body", "x"), ASL, "/States/Classify/Arguments/Input/variables/body", "is not given 'body'"),
    ("taken field passed", at(ASL, "/States/CloseTicket/Arguments/Input/fields/ticket_id", "x"), ASL, "/States/CloseTicket/Arguments/Input/fields/ticket_id", "is not given 'ticket_id'"),
    ("missing field", at(ASL, "/States/CloseTicket/Arguments/Input/fields", {}), ASL, "/States/CloseTicket/Arguments/Input/fields", "needs 'reason'"),
    ("long state name", at(ASL, "/States/" + "S" * 33, {"Type": "Succeed"}), ASL, "/States/" + "S" * 33, "at most 32 characters"),
    ("in a branch", at(ASL, "/States/Both", {"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Task", "TimeoutSeconds": 1}}}]}), ASL, "/States/Both/Branches/0/States/A/Resource", "starts platform machines, only"),
    ("in a map", at(ASL, "/States/Each", {"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2"}}}}), ASL, "/States/Each/ItemProcessor/States/A/TimeoutSeconds", "missing"),
    # external workflows
    ("a machine beside", write(f"{CALLED}/sort_product.asl.json", "{}"), f"{CALLED}/sort_product.asl.json", "", "unknown file"),
    ("events beside", write(f"{CALLED}/events/x.json", "{}"), f"{CALLED}/events", "", "unknown folder"),
    ("two uses", swap(CALLED_TOML, '["sort_product"]', '["sort_product", "classify_ticket"]'), CALLED_TOML, "external", "one AI task or one operation"),
    ("no use", swap(CALLED_TOML, 'ai_tasks = ["sort_product"]', ""), CALLED_TOML, "external", "one AI task or one operation"),
    ("a trigger", append(CALLED_TOML, '\n[[triggers]]\nkind = "rule"\nsource = ["x"]\n'), CALLED_TOML, "external", "no trigger"),
    ("an approval", append(CALLED_TOML, APPROVAL), CALLED_TOML, "external", "no approval"),
    ("an input that may lack a variable", at(f"{CALLED}/input.schema.json", "/required", ["product_id", "title"]), CALLED_TOML, "uses.ai_tasks.0", "needs 'description'"),
    ("an input without a variable", at(f"{CALLED}/input.schema.json", "/properties/title", ...), CALLED_TOML, "uses.ai_tasks.0", "needs 'title'"),
    ("an unknown task", swap(CALLED_TOML, '["sort_product"]', '["sort_produce"]'), CALLED_TOML, "uses.ai_tasks.0", "no AI task"),
    ("an operation's field", swap(CALLED_TOML, 'ai_tasks = ["sort_product"]', 'operations = ["crm.update_ticket"]'), CALLED_TOML, "uses.operations.0", "which the input may not have"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("breaks", "file", "key", "words"),
    [case[1:] for case in BROKEN],
    ids=[case[0] for case in BROKEN],
)
def test_a_broken_project_says_file_key_and_reason(
    project: Path, breaks: Break, file: str, key: str, words: str
) -> None:
    """Each way to be wrong is found where it is, and nothing is loaded."""
    breaks(project)

    with pytest.raises(DefinitionErrors) as caught:
        load_project(project)

    found = [(e.file, e.key) for e in caught.value.errors if words in e.reason]
    assert (file, key) in found, caught.value


def test_an_external_workflow_is_one_step(project: Path) -> None:
    """It has no machine, and gives its task what the task takes; an operation what a model may."""
    step = load_project(project).workflow("sort_product").step
    swap(CALLED_TOML, 'ai_tasks = ["sort_product"]', 'operations = ["crm.close_ticket"]')(project)
    given = {"ticket_id": {"type": "string"}, "reason": {"type": "string"}}
    schema = {"type": "object", "properties": given, "required": list(given)}
    write(f"{CALLED}/input.schema.json", json.dumps(schema))(project)
    swap(CALLED_TOML, "/product_id", "/ticket_id")(project)
    called = load_project(project).workflow("sort_product").step

    assert step == SingleStep("task", "sort_product", ("description", "title"))
    assert called == SingleStep("operation", "crm.close_ticket", ("reason",))


def test_everything_wrong_is_said_at_once(project: Path) -> None:
    """Three files broken in different ways make three problems, in one look."""
    for breaks in (
        swap(TOML, "owner =", "woner ="),
        write(f"{FLOW}/events/refused/malformed_ticket.json", "nope"),
        at(ASL, "/TimeoutSeconds", ...),
    ):
        breaks(project)

    with pytest.raises(DefinitionErrors) as caught:
        load_project(project)

    files = {error.file for error in caught.value.errors}
    assert {TOML, ASL, f"{FLOW}/events/refused/malformed_ticket.json"} <= files
    assert re.match(r"\d+ problems in what is declared\n  ", str(caught.value))


def test_a_problem_never_shows_an_example_or_a_sample(project: Path) -> None:
    """Samples and golden rows may be somebody's words: only place and rule are said."""
    at(EVENT, "/detail/customer_email", "planted.mark")(project)
    swap(f"{TASK}/golden.jsonl", '"billing"', '"planted.mark"')(project)

    with pytest.raises(DefinitionErrors) as caught:
        load_project(project)

    assert "planted" not in str(caught.value)


def test_a_whole_project_is_compiled_by_content(project: Path) -> None:
    """Every document can be read back, and its hash is that of its canonical JSON."""
    loaded = load_project(project)

    catalog = loaded.compile_catalog()["documents"]
    workflow = loaded.compile_workflow("triage_ticket")["documents"]

    assert [(d["kind"], d["name"]) for d in catalog + workflow] == [
        ("ai_task", "classify_ticket"),
        ("ai_task", "draft_reply"),
        ("ai_task", "sort_product"),
        ("budgets", "budgets"),
        ("models", "models"),
        ("policy", "default"),
        ("system", "crm"),
        ("workflow", "triage_ticket"),
    ]
    for entry in catalog + workflow:
        assert entry["hash"] == digest(json.loads(json.dumps(entry["document"])))
        assert (
            parse_document(entry["kind"], entry["document"]).model_dump(mode="json")
            == (entry["document"])
        )


def test_a_stage_s_own_route_is_held_to_the_same(project: Path) -> None:
    """What the files' routes let pass, another route of the stage may not."""
    at(OUTPUT, "/properties/under", {"type": "array", "items": {"$ref": "#"}})(project)
    loaded = load_project(project)
    routes = {**loaded.models.routes, "default": ("bedrock_nova_lite",)}
    at_stage = replace(loaded, models=Models(targets=loaded.models.targets, routes=routes))

    loaded.compile_catalog()
    with pytest.raises(DefinitionErrors) as caught:
        at_stage.compile_catalog()

    [error] = caught.value.errors
    assert (error.file, error.key) == (
        "ai_tasks/classify_ticket/output.schema.json",
        "/properties/under/items",
    )
    assert "'bedrock_nova_lite'" in error.reason


def test_a_stage_s_own_route_may_lead_nowhere_that_a_task_may_go(project: Path) -> None:
    """What the files' routes allow, another route of the stage may not."""
    loaded = load_project(project)
    open_to_all = loaded.models.targets["bedrock_nova_lite"].model_copy(
        update={"max_data_class": "public"}
    )
    targets = {**loaded.models.targets, "bedrock_nova_lite": open_to_all}
    routes = {**loaded.models.routes, "default": ("bedrock_nova_lite",)}
    at_stage = replace(loaded, models=Models(targets=targets, routes=routes))

    with pytest.raises(DefinitionErrors) as caught:
        at_stage.compile_catalog()

    found = {(e.file, e.key): e.reason for e in caught.value.errors}
    reason = found["ai_tasks/classify_ticket/task.toml", "route"]
    assert "'bedrock_nova_lite': max_data_class: may be given public data" in reason


def test_a_target_that_says_nothing_is_published_as_internal(project: Path) -> None:
    """A target is given personal data only where its owner wrote that down."""
    swap(MODELS, 'capabilities = ["tool"]\nmax_data_class = "personal"', "")(project)

    targets = load_project(project).models.targets

    assert targets["bedrock_nova_lite"].max_data_class == "internal"


def test_a_changed_prompt_is_another_version_and_only_that(project: Path) -> None:
    """Versions follow content: what was not touched keeps its hash."""
    before = {d["name"]: d["hash"] for d in load_project(project).compile_catalog()["documents"]}
    append(f"{TASK}/system.md", "\nBe brief.\n")(project)

    after = {d["name"]: d["hash"] for d in load_project(project).compile_catalog()["documents"]}

    assert {name for name in before if before[name] != after[name]} == {"classify_ticket"}


def test_a_company_keeps_its_folders_elsewhere(project: Path, tmp_path: Path) -> None:
    """Both places are settings."""
    (project / "catalog").rename(tmp_path / "our_catalog")
    (project / "statemachines" / "workflows").rename(tmp_path / "our_workflows")

    loaded = load_project(
        project, workflows_dir=tmp_path / "our_workflows", catalog_dir=tmp_path / "our_catalog"
    )

    assert [workflow.name for workflow in loaded.workflows] == ["sort_product", "triage_ticket"]
