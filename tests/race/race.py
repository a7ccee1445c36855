"""One race: callers, faults, kills and busy tables on a budget for a hundred calls."""

import hashlib
import json
import random
import statistics
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from functions.core.domain.step import attempts
from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from tests.clouds import (
    STATE,
    Desk,
    model_goes_wrong,
    model_provider,
    priced_assembly,
    priced_parameters,
    wait_for,
)
from tests.race.books import Books, Change, audit, committed

CALLERS, KILLS, BUSY, CALLS = 64, 20, 40, 100
FAULT_SHARE = 0.2
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 500},
    {"status": 503},
    {"status": 429, "retry_after": "1"},
    {"drop": True},
    {"text": "That would be the garden department."},
)
LEAST_USABLE = 0.95
AT_MOST_RUNS = 600
PATIENCE_SECONDS = 300
_read, _write = TypeDeserializer().deserialize, TypeSerializer().serialize


@dataclass
class Race:
    """What one seed came to."""

    seed: int
    runs: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    ledger_writes: int = 0
    provider_calls: int = 0
    kills: int = 0
    unconfirmed: int = 0
    overshoots: list[str] = field(default_factory=list)
    invariant_breaks: list[str] = field(default_factory=list)
    calls_without_mark: list[str] = field(default_factory=list)
    calls_booked_twice: list[str] = field(default_factory=list)
    calls_not_booked: list[str] = field(default_factory=list)
    marks_without_call: list[str] = field(default_factory=list)
    false_refusals: list[str] = field(default_factory=list)
    reservations_open: list[str] = field(default_factory=list)
    usable_share: float = 0
    least_usable: float = LEAST_USABLE
    """What of the budget has to be: all but a last worst case, where that is less."""
    reserved_over_settled: dict[str, float] = field(default_factory=dict)

    @property
    def broken(self) -> list[str]:
        """The promises that did not hold."""
        counted = {
            "overshoots": self.overshoots,
            "invariant_breaks": self.invariant_breaks,
            "calls_without_mark": self.calls_without_mark,
            "calls_booked_twice": self.calls_booked_twice,
            "calls_not_booked": self.calls_not_booked,
            "false_refusals": self.false_refusals,
            "reservations_open": self.reservations_open,
        }
        bad = [name for name, found in counted.items() if found]
        if len(self.marks_without_call) > self.kills:
            bad.append("marks_without_call")
        if self.usable_share < self.least_usable:
            bad.append("usable_share")
        bad += [
            f"reserved over settled, {n}" for n, x in self.reserved_over_settled.items() if x > 3
        ]
        return bad


def run_race(
    seed: int,
    *,
    callers: int = CALLERS,
    calls: int = CALLS,
    kills: int = KILLS,
    busy: int = BUSY,
    say: Callable[[str], None] = lambda _: None,
) -> Race:
    """Let *callers* spend a budget of *calls* calls while everything goes wrong that may."""
    rnd = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="race.") as folder:
        log = Path(folder) / "provider.jsonl"
        with (
            model_provider(log) as url,
            Cloud.start(
                priced_assembly(),
                STATE,
                clock=Clock.leaping(),
                parameters=priced_parameters(url),
                workers=16,
            ) as cloud,
        ):
            lane = Lane(Desk(cloud), url, log, rnd, say)
            race = Race(seed)
            race.reserved_over_settled = lane.holds()
            lane.begin(calls)
            race.least_usable = min(LEAST_USABLE, round(float(1 - lane.worst / lane.limit), 4))
            race.outcomes = lane.spend(callers, lane.trouble(kills, busy), race.false_refusals)
            race.runs = sum(race.outcomes.values())
            race.kills = kills
            lane.come_to_rest()
            lane.judge(race)
            return race


class Lane:
    """A cloud with one budget, and what is done to it."""

    def __init__(
        self, desk: Desk, url: str, log: Path, rnd: random.Random, say: Callable[[str], None]
    ) -> None:
        self.desk, self.url, self.log, self.rnd, self.say = desk, url, log, rnd, say
        self.table = desk.names["LedgerTable"]
        self.machines = desk.client("stepfunctions")
        self.streams = desk.client("dynamodbstreams")
        self.limit = self.worst = Decimal()

    def holds(self) -> dict[str, float]:
        """Return, by AI task, the median of what a call reserved over what it then cost."""
        self.desk.cloud.post("kills", {"orders": []})  # learn which calls there are
        runs = [self.desk.triaged(f"H-{number}") for number in range(5)]
        self.call("warm")
        found: dict[str, list[Decimal]] = {}
        worst = self._worst_cases()
        for step in (step for run in runs for step in self.desk.steps(run["pk"])):
            for attempt in attempts(step):
                if "usd" in attempt.facts:
                    over = worst[attempt.key] / Decimal(attempt.facts["usd"])
                    found.setdefault(step["name"], []).append(over)
        return {
            task: round(float(statistics.median(each)), 2) for task, each in sorted(found.items())
        }

    def begin(self, calls: int) -> None:
        """Set a budget that *calls* calls of what one costs use up, and watch its writes."""
        [step] = [s for s in self._steps() if s["name"] == "sort_product"]
        [attempt] = attempts(step)
        self.worst = self._worst_cases()[attempt.key]
        self.limit = Decimal(attempt.facts["usd"]) * calls
        zero = {"settled": Decimal(), "unconfirmed": Decimal(), "open": {}, "avail": Decimal()}
        for item in self._budget():
            part = {"limit": self.limit, "avail": self.limit} if item["sk"] == "pool" else zero
            raw = {name: _write(value) for name, value in {**item, **part}.items()}
            self.desk.dynamodb.put_item(TableName=self.table, Item=raw)
        told = self.desk.dynamodb.update_table(
            TableName=self.table,
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self.stream = told["TableDescription"]["LatestStreamArn"]
        self.standing = self._budget()
        self.log.write_text("", encoding="utf-8")
        wrong = [
            self.rnd.choice(FAULTS) if self.rnd.random() < FAULT_SHARE else {} for _ in range(2000)
        ]
        model_goes_wrong(self.url, *wrong)

    def trouble(self, kills: int, busy: int) -> list[dict[str, str]]:
        """Draw which calls kill their worker, and which find a busy table."""
        seen = self.desk.cloud.get("kills")["seen"]
        names = [f"interlock-dev-{n}" for n in ("prepare_call", "call_model", "check_answer")]
        every = [(name, call) for name in names for call in seen[name]]
        tables = [(n, call) for n, call in every if call.startswith("dynamodb.")]
        deaths = [
            (*self.rnd.choice(every), self.rnd.choice(("before", "after"))) for _ in range(kills)
        ]
        others = [
            (*self.rnd.choice(tables), self.rnd.choice(("throttled", "conflicting")))
            for _ in range(busy)
        ]
        drawn = [{"function": n, "call": c, "when": w} for n, c, w in (*deaths, *others)]
        self.rnd.shuffle(drawn)
        return drawn

    def spend(
        self, callers: int, trouble: list[dict[str, str]], false_refusals: list[str]
    ) -> dict[str, int]:
        """Let *callers* call until each was told that the budget is used up."""
        outcomes: dict[str, int] = {}
        lock, number = threading.Lock(), iter(range(AT_MOST_RUNS))

        def work(_: int) -> None:
            while True:
                with lock:
                    mine = next(number, None)
                    if mine is None:
                        raise TimeoutError(f"{AT_MOST_RUNS} runs did not use the budget up")
                    if mine % 2 == 0 and trouble:
                        self.desk.cloud.post("kills", {"orders": [trouble.pop()]})
                outcome = self.call(f"race-{mine}")
                with lock:
                    outcomes[outcome] = outcomes.get(outcome, 0) + 1
                    if sum(outcomes.values()) % 50 == 0:
                        self.say(f"{outcomes}")
                if outcome == "BUDGET_EXCEEDED":
                    if (left := self.left()) >= self.worst:
                        false_refusals.append(f"race-{mine}: {left} left")
                    return

        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(work, range(callers)))
        return outcomes

    def call(self, product: str) -> str:
        """Make one governed call; return its outcome."""
        given = {"product_id": product, "title": "Pan", "description": "A pan for the stove."}
        asked = {"workflow": "sort_product", "input": given}
        arn = self.machines.start_execution(
            stateMachineArn=self.desk.names["SuperviseRunArn"], input=json.dumps(asked)
        )["executionArn"]
        pause = threading.Event()

        def ended() -> dict[str, Any] | None:
            pause.wait(1)  # so many ask that asking oftener would be the load
            told = self.machines.describe_execution(executionArn=arn)
            return told if told["status"] != "RUNNING" else None

        told = wait_for(ended, product, PATIENCE_SECONDS)
        return str(json.loads(told["output"])["outcome"]) if "output" in told else told["status"]

    def left(self) -> Decimal:
        """Return what is free or may come back: it only ever becomes less."""
        items = self._budget()
        return sum((Decimal(item["avail"]) for item in items), Decimal()) + sum(
            (e["worst"] for item in items for e in item.get("open", {}).values()), Decimal()
        )

    def come_to_rest(self) -> None:
        """Let every run end, and the sweep look once at what is still reserved."""
        self.say("letting the sweep look at what is left")
        self.desk.hurry(
            lambda: all(run.get("sealed") for run in self.desk.runs()), "runs", PATIENCE_SECONDS
        )
        untils = [e["until"] for item in self._budget() for e in item.get("open", {}).values()]
        if untils:
            self.desk.hurry(lambda: self._now() > max(untils), "their end", PATIENCE_SECONDS)
            self.desk.invoke("sweep")

    def judge(self, race: Race) -> None:
        """Count what the stream, the step's marks and the provider's own log say."""
        books = audit([*((None, item) for item in self.standing), *self._changes()])
        race.ledger_writes = books.writes - len(self.standing)
        race.overshoots, race.invariant_breaks = books.overshoots, books.invariant_breaks
        marks = {a.key: a for step in self._steps() for a in attempts(step)}
        sent = self._sent()
        race.provider_calls = len(sent)
        self._compare(race, books, sent, marks)
        race.reservations_open = [name for item in self._budget() for name in item.get("open", {})]
        spent = sum((committed(i) for i in self._budget() if i["sk"] != "pool"), Decimal())
        race.usable_share = round(float(spent / self.limit), 4)

    def _compare(self, race: Race, books: Books, sent: list[str], marks: dict[str, Any]) -> None:
        for attempt in sorted(set(sent)):
            mark = marks.get(_key(attempt))
            if mark is None or mark.mark == "unsent":
                race.calls_without_mark.append(attempt)
            if sent.count(attempt) > 1:
                race.calls_booked_twice.append(f"{attempt}: sent {sent.count(attempt)} times")
        for attempt, booked in books.booked.items():
            if len(booked) > 1:
                race.calls_booked_twice.append(f"{attempt}: {booked}")
        for attempt in sorted(self._served()):
            kinds = [kind for kind, _ in books.booked.get(attempt, [])]
            if not kinds or "released" in kinds:
                race.calls_not_booked.append(f"{attempt}: {kinds}")
        known = {_key(attempt) for attempt in sent}
        race.marks_without_call = [
            key for key, mark in marks.items() if key not in known and mark.mark == "unconfirmed"
        ]
        race.unconfirmed = sum(mark.mark == "unconfirmed" for mark in marks.values())

    def _sent(self) -> list[str]:
        """Return the attempts that reached the provider, by the keys that it put on record."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        known = {hashlib.sha256(name.encode()).hexdigest(): name for name in self._attempts()}
        return [known.get(said["once"], said["once"]) for said in map(json.loads, lines)]

    def _served(self) -> set[str]:
        """Return those that it answered, and so charges."""
        told = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
        charged = {said["once"] for said in told if said["status"] == "200"}
        named = ((hashlib.sha256(n.encode()).hexdigest(), n) for n in self._attempts())
        return {name for once, name in named if once in charged}

    def _attempts(self) -> list[str]:
        return [
            f"{step['pk']}/{step['sk'].removeprefix('step#')}/{a.key.removeprefix('attempt#')}"
            for step in self._steps()
            for a in attempts(step)
        ]

    def _steps(self) -> list[dict[str, Any]]:
        return [i for i in self.desk.items("RunsTable") if i["sk"].startswith("step#")]

    def _worst_cases(self) -> dict[str, Decimal]:
        """Return what each attempt reserved, as its record says."""
        records = [i for i in self.desk.items("EvidenceTable") if i["kind"] == "prepared"]
        told = [body for body in (json.loads(i["body"]) for i in records) if "worst_usd" in body]
        return {_key(body["attempt"]): Decimal(body["worst_usd"]) for body in told}

    def _budget(self) -> list[dict[str, Any]]:
        return [i for i in self.desk.items("LedgerTable") if _counts(i["pk"], i["sk"])]

    def _now(self) -> str:
        return str(self.desk.cloud.status()["now"])

    def _changes(self) -> Iterator[Change]:
        """Yield the budget's writes from the table's stream, in order."""
        [shard] = self.streams.describe_stream(StreamArn=self.stream)["StreamDescription"]["Shards"]
        place = self.streams.get_shard_iterator(
            StreamArn=self.stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            told = self.streams.get_records(ShardIterator=place)
            for record in told["Records"]:
                images = record["dynamodb"]
                if _counts(images["Keys"]["pk"]["S"], images["Keys"]["sk"]["S"]):
                    yield _plain(images.get("OldImage")), _plain(images.get("NewImage"))
            if not told["Records"]:
                return
            place = told["NextShardIterator"]


def _plain(image: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: _read(value) for name, value in image.items()} if image else None


def _counts(pk: str, sk: str) -> bool:
    """Say whether an item holds money: a budget's pool, or one of its shards."""
    return pk.startswith("budget#") and (sk == "pool" or sk.startswith("shard#"))


def _key(attempt: str) -> str:
    """Return the attempt's attribute in its step's item."""
    return f"attempt#{'/'.join(attempt.split('/')[-2:])}"
