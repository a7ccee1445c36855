"""Attacks that are no step's: on what is declared, kept, referred to, let in or shown."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.caching import CacheRule
from functions.core.domain.canonical import digest
from functions.core.domain.definitions import parse_as
from functions.core.domain.errors import DefinitionRefused, PermanentError
from functions.core.domain.inheritance import effective, lineage, problems
from functions.core.domain.labels import version_ref
from functions.core.domain.policies import DeclaredPolicy
from functions.core.domain.prompts import fence
from functions.core.domain.references import Reference
from functions.core.domain.strictness import at, put
from functions.core.services.answer_cache import AnswerCache
from functions.core.services.artifacts import TEXT
from functions.core.services.catalog import Catalog
from functions.core.services.labels import Mover
from functions.core.services.ledger import Ledger
from functions.core.services.publishing import publish, publish_task
from interlock.cli.csv_text import cell
from interlock.cli.show import neutral
from interlock.definitions.problems import DefinitionErrors
from interlock.definitions.project import load_project
from tests.adversarial.rows import Row
from tests.adversarial.steps import FENCED, ME, OPEN, ROOMY, step
from tests.fakes import FakeClock, FakeModel, FakeSystem, MemoryBlobs, answered
from tests.memory_store import MemoryStore
from tests.stage import (
    ENDPOINTS,
    KEYS,
    POLICY,
    TASK,
    TEAM,
    WORKFLOW,
    Stage,
    call_of,
    compiled,
    envelope,
    published,
    run_of,
    step_of,
)
from tests.unit.core.desk import RUN, Desk

ROOT: Final = Path(__file__).parents[2]
TODAY: Final = date(2026, 11, 23)
SENT_AT: Final = "2026-11-22T08:00:00.000Z"
GOOD: Final = answered('{"label":"good"}')
CACHED: Final = TASK | {"cache": {"ttl_seconds": 60, "personal": True}}
_RULE: Final = CacheRule(ttl_seconds=60, personal=True)


def inherits(row: Row) -> str:
    """Hold a child's policy against its parent's; say what is refused, or what holds."""
    rule, declared = row.given["rule"], {}
    for name, value in (("top", row.given["parent"]), ("desk", row.given["child"])):
        table: dict[str, Any] = {"name": name, "purpose": "A test."}
        if name != "top":
            table |= {"level": "team", "team": "support", "extends": "top"}
        put(table, rule, value)
        declared[name] = parse_as(DeclaredPolicy, table)
    found = [f"refused {key}" for _, key, _ in problems(declared, TODAY)]
    if found:
        return "; ".join(found)
    holds = at(effective(lineage("desk", declared)).model_dump(mode="json"), rule)
    return f"holds {json.dumps(holds)}"


def validates(row: Row) -> str:
    """Load a project with more files; say which file and key are refused first."""
    with _project() as root:
        more = {row.given["file"]: row.given["text"], **row.given.get("also", {})}
        for file, text in more.items():
            (root / file).write_text(text.lstrip())
        for file, (old, new) in row.given.get("swaps", {}).items():
            text = (root / file).read_text()
            assert old in text, f"{file} lacks {old!r}"
            (root / file).write_text(text.replace(old, new, 1))
        try:
            load_project(root)
        except DefinitionErrors as refused:
            return f"refused {refused.errors[0].file} {refused.errors[0].key}"
    return "loaded"


@contextmanager
def _project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(ROOT / "catalog", root / "catalog")
        workflow = Path("statemachines") / "workflows" / "triage_ticket"
        shutil.copytree(ROOT / workflow, root / workflow)
        yield root


def publishes(row: Row) -> str:
    """Publish a version without a deployment; say what is refused of it."""
    stage = Stage()
    document = json.loads(json.dumps({**TASK, **row.given}))
    try:
        publish_task(stage.catalog, "sort", document, by="eve", why="-")
    except DefinitionRefused as refused:
        key = str(refused).partition(":")[0].partition("/")[0]
        return f"DefinitionRefused {key}"
    return "published"


def foresee_the_mark(_: Row) -> str:
    """Compute a mark without the key, and compare it with the one that is sent."""
    sent, computed = fence("hello", KEYS.fence), fence("hello", b"")
    marks = {FENCED.fullmatch(text)[1] for text in (sent, computed)}  # type: ignore[index]
    return "not foreseen" if len(marks) == 2 else "foreseen"


def tokens_of_another_run(_: Row) -> str:
    """Send the same value in two runs; say whether their tokens agree."""
    tokens = set()
    for dedup in ("a", "b"):
        stage = Stage()
        run, ticket = stage.admitted(dedup)
        note = {"note": "Write to ann.lee@mail.example"}
        call = stage.prepare_call.prepare(step_of(run, ticket), note, 1, 0)
        tokens |= set(stage.artifacts.unlock(call.vault or {}, run=run))
    return "says nothing here" if len(tokens) == 2 else "says the same"


def vault_of_another_run(_: Row) -> str:
    """Use a vault's reference for another run."""
    desk = Desk()
    call = desk.prepare(note="Write to ann.lee@mail.example")
    return _refusal(lambda: desk.stage.artifacts.unlock(call.vault or {}, run=run_of("b")))


def credential_comes_back(row: Row) -> str:
    """Let the model repeat the token that a credential was sent as."""
    policy = {"personal_data": {"restore": "answer"}}
    desk = Desk(models=ROOMY, ai_task=OPEN, policy={**POLICY, **policy})
    password = "Tq8kz!Wm42vR"  # random by its letters, a secret by what it is called
    note = f"The password is {password}, thanks."
    call = desk.prepare(note=note)
    token = next(iter(desk.stage.artifacts.unlock(call.vault or {}, run=RUN)))
    given = {"note": note, "said": f"{token} fails.", "record": ["secrets"], "policy": policy}
    return step(Row(**{**vars(row), "given": given | {"passed_lacks": [password]}}))


def nested_answer(_: Row) -> str:
    """Give an answer that is nested deeper than anybody reads."""
    desk = Desk(models=ROOMY, ai_task=OPEN)
    deep = "[" * 1000 + "]" * 1000
    checked = desk.once(answered(f'{{"label": "good", "said": {deep}}}'), number=2)
    return f"{checked.outcome} {checked.reason.partition(':')[0]}"


def changed_version(_: Row) -> str:
    """Read a published version whose document was changed in the table."""
    stage = Stage()
    ref = version_ref("ai_task", "sort", digest(TASK))
    item = stage.store.get(ref)
    item["document"] = item["document"].replace("Sort the note.", "Do what it says.")
    stage.store.put(ref, item)
    return _refusal(lambda: stage.catalog.pinned("ai_task", "sort", digest(TASK), AiTask))


def changed_cache(_: Row) -> str:
    """Change an answer where it lies in the cache."""

    def change(desk: Desk) -> None:
        blobs = desk.stage.blobs.kept
        for place in [place for place in blobs if place.startswith("cache/")]:
            blobs[place] = blobs[place].replace(b"good", b"bad")

    return _asked_again(change)


def moved_cache(_: Row) -> str:
    """Put the entry of one question where another's is looked for."""

    def move(desk: Desk) -> None:
        blobs = desk.stage.blobs.kept
        entry = next(blobs[place] for place in blobs if place.startswith("cache/"))
        for slot in range(_RULE.slots):
            blobs[f"cache/{TEAM}/sort/{slot}"] = entry

    return _asked_again(move, note="something else")


def cache_under_another_policy(_: Row) -> str:
    """Ask the same question once the policy has changed."""

    def change(desk: Desk) -> None:
        stricter = {**POLICY, "answer": {"texts": {"forbidden": ["good"], "mode": "log_only"}}}
        version = desk.stage.catalog.publish("policy", "plain", stricter, by="test")
        desk.stage.clock.forward(seconds=1)
        desk.stage.labels.promote("policy", "plain", version, Mover(by="test", why="-"))

    return _asked_again(change)


def _asked_again(change: Callable[[Desk], None], note: str = "hello") -> str:
    """Ask once, *change* something, ask in another run; say whether the model was asked again."""
    desk, model = Desk(ai_task=CACHED), FakeModel(GOOD)
    for dedup, said in (("a", "hello"), ("b", note)):
        run, ticket = desk.stage.admitted(dedup)
        call = desk.stage.prepare_call.prepare(step_of(run, ticket), {"note": said}, 1, 0)
        given = desk.stage.call_model.call(step_of(run, ticket), call, ME, {"openai_chat": model})
        checked = desk.stage.check_answer.check(step_of(run, ticket), call, given)
        assert checked.answer == {"label": "good"}, checked
        if dedup == "a":
            change(desk)
    return "asked again" if len(model.asked) == 2 else "served"


def cache_of_another_team(_: Row) -> str:
    """Put an entry that a team signed at another team's place, under that team's key."""
    cache, blobs = _cache()
    theirs = cache.key(TEAM, {"messages": ["hello"]})
    told = {"attempt": "-", "usd": "0", "input_tokens": 0, "output_tokens": 0}
    cache.keep(_RULE, theirs, team="eve", task="sort", answer='{"label":"bad"}', **told)
    blobs.kept = {k.replace("/eve/", f"/{TEAM}/"): v for k, v in blobs.kept.items()}
    found = cache.find(_RULE, theirs, team=TEAM, task="sort")
    return "not found" if found is None else "found"


def question_of_another_team(_: Row) -> str:
    """Compare the names that two teams have for one question."""
    cache, _blobs = _cache()
    question = {"messages": ["hello"]}
    return "another key" if cache.key(TEAM, question) != cache.key("eve", question) else "the same"


def _cache() -> tuple[AnswerCache, MemoryBlobs]:
    blobs = MemoryBlobs()
    return AnswerCache(blobs, KEYS, FakeClock()), blobs


def forged_reference(_: Row) -> str:
    """Use a reference of the right form, for the right run, that nobody minted."""
    desk = Desk()
    named = desk.stage.artifacts.keep(b"hello", TEXT, team=TEAM, run=RUN)
    forged = named.mint(KEYS) | {"mac": "0" * 64}
    return _with_note(desk, forged)


def reference_of_another_run(_: Row) -> str:
    """Use a reference that this stage minted for another run."""
    desk = Desk()
    named = desk.stage.artifacts.keep(b"hello", TEXT, team=TEAM, run=run_of("b"))
    return _with_note(desk, named.mint(KEYS))


def changed_artifact(_: Row) -> str:
    """Use a good reference to what was changed in the bucket."""
    desk = Desk()
    named = desk.stage.artifacts.keep(b"hello", TEXT, team=TEAM, run=RUN)
    desk.stage.blobs.kept[named.object_key] = b"say good"
    return _with_note(desk, named.mint(KEYS))


def reference_of_another_team(_: Row) -> str:
    """Send an event with a reference that was minted for another team."""
    stage = Stage()
    named = stage.artifacts.keep(b"hello", TEXT, team="eve", run=run_of("b"))
    return _let_in(stage, envelope({"id": "a", "note": named.mint(KEYS)}))


def _with_note(desk: Desk, note: Reference | dict[str, Any]) -> str:
    _refusal(lambda: desk.prepare(note=note))
    item = desk.item
    return f"{item['outcome']} {item['reason']}" if item else "prepared"


def forged_ticket(_: Row) -> str:
    """Ask for a step of one run under the ticket of another."""
    desk = Desk()
    own = desk.stage.admitted("b")[1]
    claimed = step_of(RUN, own)
    return _refusal(lambda: desk.stage.prepare_call.prepare(claimed, {"note": "hello"}, 1, 0))


def undeclared_task(_: Row) -> str:
    """Ask for a task that the workflow does not declare."""
    desk = Desk()
    other = desk.step.model_copy(update={"task": "transfer"})
    _refusal(lambda: desk.stage.prepare_call.prepare(other, {"note": "hello"}, 1, 0))
    return f"{desk.item['outcome']} {desk.item['reason']}"


def calls(row: Row) -> str:
    """Call a system with what a model said; say what it is sent, or why it is not."""
    stage, crm = Stage(store=_with_uses(row.given.get("uses"))), FakeSystem()
    run, ticket = stage.admitted(row.given.get("id", "a"))
    asked = call_of(
        run, ticket, row.given.get("operation", "crm.keyed"), fields=row.given["fields"]
    )
    checked = stage.system_step.call(asked, ME, crm, ENDPOINTS)
    sent = [f"{one.method} {one.url} {json.dumps(one.body)}" for one in crm.asked]
    return " ".join([str(checked.outcome), *([checked.reason] if checked.reason else []), *sent])


def _with_uses(operations: list[str] | None) -> MemoryStore:
    """Return the stage's store, where its workflow declares no *operations* but these."""
    store, clock = published(), FakeClock()
    if operations is not None:
        uses = {"ai_tasks": ["sort"], "operations": operations}
        documents = compiled(workflow=WORKFLOW | {"uses": uses})
        publish(Catalog(store, clock), Ledger(store), clock, documents, by="deployment")
    return store


def event(row: Row) -> str:
    """Send an event to the door."""
    origin = {"origin": row.given["origin"]} if "origin" in row.given else {}
    return _let_in(Stage(), envelope(row.given["event"], **origin))


def _let_in(stage: Stage, body: str) -> str:
    received = stage.door.receive(body, SENT_AT)
    return f"REJECTED {received.reason}" if received.what == "refused" else received.what


def shown(row: Row) -> str:
    """Show a text on a terminal."""
    return neutral(row.given["text"])


def listed(row: Row) -> str:
    """Show a text as a cell of a list."""
    return cell(row.given["text"])


def _refusal(act: Callable[[], object]) -> str:
    """Return the name of the error that *act* ends with."""
    try:
        act()
    except PermanentError as error:
        return type(error).__name__
    return "taken"


PLAYS: Final[dict[str, Callable[[Row], str]]] = {
    play.__name__: play
    for play in (
        step, inherits, validates, publishes, foresee_the_mark, tokens_of_another_run,
        vault_of_another_run, credential_comes_back, nested_answer, changed_version, changed_cache,
        moved_cache, cache_of_another_team, question_of_another_team, cache_under_another_policy,
        forged_reference, reference_of_another_run, changed_artifact, reference_of_another_team,
        forged_ticket, undeclared_task, calls, event, shown, listed,
    )
}  # fmt: skip
"""By the name that a row gives."""


def played(row: Row) -> str:
    """Return the verdict of *row*.

    Raises
    ------
    AssertionError
        It ended as it should and something else did not hold.
    """
    return PLAYS[row.play](row)
