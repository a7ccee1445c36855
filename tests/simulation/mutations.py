"""Small patches of the real code, each of which must break a property.

A mutation names the case of the contracts' model that it carries over, and the lines that it
changes; where the code no longer holds them, it says so instead of passing silently.
"""

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

SERVICES = "functions.core.services"


@dataclass(frozen=True)
class Mutation:
    """One function, changed."""

    case: str
    area: str
    where: str
    """`module:Class.method`."""
    edits: tuple[tuple[str, str], ...]
    within: int = 1500
    """Schedules in which it must be seen."""
    first: int = 0
    """Where to begin: near a schedule that sees it, where those are rare. Once the code changes,
    any seed is as good as another."""
    also: "Mutation | None" = None
    """Another one that has to be there too."""

    @contextmanager
    def made(self) -> Iterator[None]:
        """Let the function run with the changed code."""
        with self.also.made() if self.also else nullcontext(), self._made():
            yield

    @contextmanager
    def _made(self) -> Iterator[None]:
        module_name, _, name = self.where.partition(":")
        module = importlib.import_module(module_name)
        source = inspect.getsource(module)
        for old, new in self.edits:
            if old not in source:
                raise LookupError(f"{self.case}: {self.where} no longer holds {old!r}")
            source = source.replace(old, new)
        scratch: dict[str, Any] = {"__name__": module_name, "__file__": module.__file__}
        exec(compile(source, str(module.__file__), "exec"), scratch)
        function, changed = _function(vars(module), name), _function(scratch, name)
        kept = function.__code__
        if _said(kept) == _said(changed.__code__):
            raise LookupError(f"{self.case}: the edits change nothing in {self.where}")
        function.__code__ = changed.__code__
        try:
            yield
        finally:
            function.__code__ = kept


def _said(code: CodeType) -> tuple[Any, ...]:
    return code.co_code, code.co_consts, code.co_names


def _function(names: dict[str, Any], path: str) -> FunctionType:
    first, *rest = path.split(".")
    found = names[first]
    for part in rest:
        found = inspect.getattr_static(found, part)
    return getattr(found, "__func__", found)


_MARK_AI = "        tail = self._mark(attempt, me, call)\n"
_MARK_SYSTEM = (
    "        tail = self._tools.mark(attempt, me, kind=KIND, facts=facts, prepared=prepared)\n"
)
_GATE_AI = "        verdict = self._tools.sending.gate(attempt, use)\n"
_USE_AI = '        use = Use(f"ai_task#{step.task}", call.task_version, call.target)\n'
_GATE_SYSTEM = "        refusal = self._tools.sending.gate(attempt, use).reason\n"
_USE_SYSTEM = (
    '        use = Use(f"system#{ready.system.name}", ready.system_version, ready.system.name)\n'
)
_CLOSE_LOST = "            mark = self._sending.close_lost(AttemptName.parse(name))\n"

MODEL = (
    # the mutations of the contracts' model, area by area
    Mutation(
        "door: put without condition",
        "door",
        f"{SERVICES}.door:Door._admit",
        (('item, (Absent("pk"),))\n        held', "item, ())\n        held"),),
    ),
    Mutation(
        "door: a repeat doesn't heal",
        "door",
        f"{SERVICES}.door:Door.receive",
        (
            (
                "if received.item is not None and",
                "if received.what == 'started' and received.item and",
            ),
        ),
    ),
    Mutation(
        "door: a call of a workflow that is not external (no case of the model's)",
        "calls",
        f"{SERVICES}.door:Door._admissible",
        (("if envelope.source == CALL and not workflow.external:", "if False:"),),
    ),
    Mutation(
        "door: a call is told the state of an open run (no case of the model's)",
        "calls",
        f"{SERVICES}.calls:Calls._say",
        (("        if status not in OPEN:", "        if status is not Status.RECEIVED:"),),
    ),
    Mutation(
        "door: AdmitRun without condition",
        "door",
        f"{SERVICES}.runs:Runs._take",
        (('            ],\n            (OneOf("status", ADMISSIBLE),),\n', "            ],\n"),),
    ),
    Mutation(
        "send: gate before mark (a model)",
        "sending",
        f"{SERVICES}.call_model:CallModel.call",
        ((_GATE_AI, ""), (_MARK_AI, _USE_AI + _GATE_AI + _MARK_AI)),
        within=6000,
        first=1640,
    ),
    Mutation(
        "send: gate before mark (a system)",
        "calling",
        f"{SERVICES}.system_step:SystemStep.call",
        ((_GATE_SYSTEM, ""), (_MARK_SYSTEM, _USE_SYSTEM + _GATE_SYSTEM + _MARK_SYSTEM)),
    ),
    Mutation(
        "send: gate read eventually consistent",
        "sending",
        f"{SERVICES}.sending:Sending.gate",
        (("self._store.snapshot(", "self._store.lagging("),),
    ),
    Mutation(
        "send: no gate",
        "sending",
        f"{SERVICES}.sending:Sending.gate",
        (
            (
                '        if run is None or run["status"]',
                '        return Verdict("", run)\n        if run is None or run["status"]',
            ),
        ),
    ),
    Mutation(
        "send: no mark",
        "sending",
        f"{SERVICES}.tools:Tools.mark",
        (
            (
                "        move = self.sending.marking(",
                "        return Tail()\n        move = self.sending.marking(",
            ),
        ),
    ),
    Mutation(
        "send: CANCELLED without looking at marks",
        "sending",
        f"{SERVICES}.runs:Runs.finish",
        (("until = self._may_send_until(steps)", "until = None"),),
    ),
    Mutation(
        "send: expiry releases before it closes the attempt",
        "sending",
        f"{SERVICES}.sweep:Sweep.expire",
        (
            (
                _CLOSE_LOST,
                "            told = AttemptName.parse(name)\n"
                '            ref_ = Ref(Table.RUNS, told.run, f"step#{told.step}")\n'
                "            there = self._store.get(ref_)\n"
                "            if told.key not in (there or {}):\n"
                "                self._ledger.release(place, name, worst)\n" + _CLOSE_LOST,
            ),
        ),
        within=6000,
    ),
    Mutation(
        "send: settle forgotten, sweep off the money",
        "sending",
        f"{SERVICES}.call_model:CallModel._answered",
        (("self._tools.ledger.settle(place, call.attempt, worst, actual)", "pass"),),
    ),
    Mutation(
        "budget: reserve without condition",
        "budget",
        f"{SERVICES}.ledger:Ledger._set_aside",
        (('(AtLeast("avail", worst), Absent((', '(Present("avail"), Absent(('),),
    ),
    Mutation(
        "budget: rebalancing by two writes",
        "budget",
        f"{SERVICES}.funds:Funds._between",
        (
            (
                "        return self._store.transact(\n",
                '        enough = (AtLeast("avail", amount),)\n'
                '        out = [Increase("avail", -amount)]\n'
                "        if not self._store.update(source, out, enough).done:\n"
                "            return False\n"
                '        self._store.update(target, [Increase("avail", amount)])\n'
                "        return True\n"
                "        return self._store.transact(\n",
            ),
        ),
    ),
    Mutation(
        "budget: settle without condition, SDK repeats it",
        "budget",
        f"{SERVICES}.ledger:Ledger._book",
        (("(Present(path),)", "()"),),
    ),
    Mutation(
        "budget: a bill without condition (no case of the model's)",
        "budget",
        f"{SERVICES}.invoices:Invoices._book",
        (
            ('(Present("worst"), Absent("settled_at")),', '(Present("worst"),),'),
            ('(AtLeast("unconfirmed", worst),),', "(),"),
        ),
    ),
    Mutation(
        "budget: a grant between levels by two writes (no case of the model's)",
        "budget",
        f"{SERVICES}.funds:Funds.grant",
        (
            (
                """        return self._store.transact(
            [
                _taking(above, "avail", amount, Increase("granted_down", amount)),
                _taking(below, "withheld", amount, Increase("avail", amount)),
            ],
            token=token,
        )
""",
                """        for move in (
            _taking(above, "avail", amount, Increase("granted_down", amount)),
            _taking(below, "withheld", amount, Increase("avail", amount)),
        ):
            if not self._store.update(move.ref, move.changes, move.when).done:
                return False
        return True
""",
            ),
        ),
    ),
    Mutation(
        "evidence: put without condition",
        "evidence",
        f"{SERVICES}.evidence:Evidence.attest",
        (('to_item(record), (Absent("pk"),))', "to_item(record), ())"),),
    ),
    Mutation(
        "evidence: a refused transaction is taken for done (no case of the model's)",
        "sending",
        f"{SERVICES}.evidence:Evidence.attest_with",
        (("if self._store.transact(", "if None is not self._store.transact("),),
    ),
    Mutation(
        "evidence: a refused transaction leaves out its move (no case of the model's)",
        "sending",
        f"{SERVICES}.evidence:Evidence.attest_with",
        (
            (
                "return tail, self._store.update(move.ref, move.changes, move.when)",
                "return tail, Written(done=True, item=None)",
            ),
        ),
    ),
    Mutation(
        "evidence: conflict without reading the hash",
        "evidence",
        f"{SERVICES}.evidence:Evidence.attest",
        (("            tail = found.tail\n", "            tail = Tail(found.n, tail.hash)\n"),),
    ),
    Mutation(
        "evidence: verify without bucket, cut tail",
        "evidence",
        "functions.core.domain.evidence:examine",
        (
            (
                "    yield from _copies(chain, {record.n: record for record in kept}, "
                "copies, set(young))\n",
                "",
            ),
        ),
    ),
    Mutation(
        "evidence: verify without seal, insertion",
        "evidence",
        "functions.core.domain.evidence:examine",
        (("    yield from _ending(chain, kept, sealed=sealed)\n", ""),),
    ),
    Mutation(
        "parked: decision without condition",
        "approving",
        f"{SERVICES}.deciding:Deciding._when",
        (
            (
                "        return (\n            Absent",
                "        return ()\n        return (\n            Absent",
            ),
        ),
    ),
    Mutation(
        "parked: hash not compared",
        "approving",
        f"{SERVICES}.deciding:Deciding.decide",
        (
            (
                "            item = self._read(ref)\n            if _has_said",
                "            item = self._read(ref)\n"
                "            said = (decision.why, decision.fields)\n"
                "            decision = Decision(decision.verdict, item['hash'], *said)\n"
                "            if _has_said",
            ),
        ),
    ),
    Mutation(
        "parked: no outbox entry",
        "approving",
        f"{SERVICES}.deciding:Deciding._taken",
        (('            Set("undelivered", value=True),\n', ""),),
    ),
)

READINGS = (
    # the contract's words read carelessly: counterexamples of the model, in the real code
    Mutation(
        "labels: a run's versions read one by one",
        "labels",
        f"{SERVICES}.catalog:Catalog.pins",
        (("self._store.snapshot(refs) if refs", "[self._store.get(ref) for ref in refs] if refs"),),
        first=1490,
    ),
    Mutation(
        "labels: a move without a condition",
        "labels",
        f"{SERVICES}.labels:Labels._step",
        (("Move(ref, facts + entry, held.unchanged)", "Move(ref, facts + entry, ())"),),
    ),
    Mutation(
        "turns: two probes",
        "turns",
        f"{SERVICES}.turns:Turns._probe",
        (("return None if found is None else", "return None if found or not found else"),),
    ),
    Mutation(
        "turns: a count without a condition",
        "turns",
        "functions.core.domain.rates:taking",
        (
            (
                "when.append(AtLeast(take.path, take.amount) if known else Absent(take.path))",
                "when += [] if known else [Absent(take.path)]",
            ),
        ),
    ),
    Mutation(
        "turns: a minute begins twice",
        "turns",
        "functions.core.domain.rates:taking",
        (
            (
                'return fresh, (Absent("window") if begun is None else Equals("window", begun),)',
                "return fresh, ()",
            ),
        ),
    ),
    Mutation(
        "turns: a probe for ever",
        "turns",
        "functions.core.domain.health:Health.probed_by",
        (("probe_until=until)", "probe_until='9' + until[1:])"),),
    ),
    Mutation(
        "door: AlreadyExists is an error",
        "door",
        f"{SERVICES}.door:Door.start",
        (
            (
                "        return self._orchestrator.start(",
                "        if self._orchestrator.look(run) != 'none':\n"
                "            raise UnknownDefinition(run)\n"
                "        return self._orchestrator.start(",
            ),
        ),
    ),
    Mutation(
        "door: sweep fails a RECEIVED run without execution",
        "door",
        f"{SERVICES}.runs:Runs.mend",
        (
            ("if status is Status.RECEIVED and seen is Execution.NONE:", "if False:"),
            ("seen is Execution.CLOSED or seen is", "seen is not Execution.OPEN or seen is"),
        ),
    ),
    Mutation(
        "door: nobody announces a refusal that the bus did not take",
        "door",
        f"{SERVICES}.door:Door._refuse",
        (("if not self._bus.put([event]):", "if self._bus.put([event]) is None:"),),
    ),
    Mutation(
        "send: own id = attempt, function retried",
        "sending",
        f"{SERVICES}.sending:marked_by",
        (('bool(at(written.item, (attempt.key, "nonce")) == me.nonce)', "True"),),
    ),
    Mutation(
        "send: own id = none, SDK repeats the mark",
        "sending",
        f"{SERVICES}.sending:marked_by",
        (("    return written.done or bool(", "    return written.done and bool(True or "),),
        first=590,
    ),
    Mutation(
        "send: mark booked at once when a death is caught",
        "sending",
        f"{SERVICES}.sending:Sending.close_lost",
        (('if entry["until"] >= iso(self._clock.now()):', "if False:"),),
    ),
    Mutation(
        "send: an unmarked attempt is not said to be unsent",
        "sending",
        f"{SERVICES}.sending:Sending.close_lost",
        (
            (
                "        if said.done:\n",
                "        if at(said.item, attempt.key) is None:\n",
            ),
            (
                "        said = self._store.update(ref, [Set(attempt.key, unsent)], "
                "(Absent(attempt.key),))\n",
                "        said = Written(done=False, item=self._store.get(ref))\n",
            ),
        ),
        within=6000,
    ),
    Mutation(
        "send: shard picked by each invocation",
        "sending",
        "functions.core.domain.ledger:Place.told",
        (
            (
                "attempt.shard(shards), limits_run)",
                "(len(__import__('sys')._getframe(2).f_code.co_name)) % shards, limits_run)",
            ),
        ),
    ),
    Mutation(
        "send: a sent call is released when its sender died",
        "sending",
        f"{SERVICES}.close_attempt:CloseAttempt._book",
        (
            (
                "self._tools.ledger.unconfirmed(place, call.attempt, worst)",
                "self._tools.ledger.release(place, call.attempt, worst)",
            ),
        ),
    ),
    Mutation(
        "send: a once-call is sent again when its sender died",
        "calling",
        f"{SERVICES}.system_step:SystemStep.close",
        (("(effect in REPEATABLE or not unknown)", "True"),),
    ),
    Mutation(
        "budget: pool and shards read one by one",
        "budget",
        f"{SERVICES}.funds:Funds._read",
        (("self._store.snapshot(part)", "[self._store.get(ref) for ref in part]"),),
        within=4000,
    ),
    Mutation(
        "budget: shard full = refused",
        "budget",
        f"{SERVICES}.ledger:Ledger._set_aside",
        (('raise BudgetBusy(f"shard', 'raise BudgetExceeded(f"shard'),),
    ),
    Mutation(
        "budget: lower = one update on the pool",
        "budget",
        f"{SERVICES}.limits:Limits.lower",
        (
            (
                "amount = min(limit - wanted.to, self._gathered(pool, limit - wanted.to, tokens))",
                "amount = limit - wanted.to",
            ),
        ),
        also=Mutation(
            "budget: lower takes more than lies there",
            "budget",
            f"{SERVICES}.limits:Limits._write",
            ((", AtLeast(source, -more))", ", )"),),
        ),
    ),
    Mutation(
        "budget: lower doesn't drain the shards",
        "budget",
        f"{SERVICES}.limits:Limits._gathered",
        (("self._funds.collect(tree, need, tokens)", "pass"),),
    ),
    Mutation(
        "budget: raise without an id, SDK repeats it",
        "budget",
        f"{SERVICES}.limits:Limits._write",
        (
            (
                "        return self._store.transact(moves,",
                "        for move in moves:\n"
                "            self._store.update(move.ref, move.changes)\n"
                "        return True\n"
                "        return self._store.transact(moves,",
            ),
        ),
    ),
    Mutation(
        "budget: a limit is changed whoever changed it meanwhile (no case of the model's)",
        "budget",
        f"{SERVICES}.limits:Limits._write",
        (('Equals("change", item["change"])', 'Equals("shards", item["shards"])'),),
        also=Mutation(
            "budget: and the record is written over",
            "budget",
            f"{SERVICES}.limits:Limits._done",
            (("if record is None:", "if record is None or record:"),),
        ),
    ),
    Mutation(
        "budget: what is in flight is not waited for",
        "budget",
        f"{SERVICES}.ledger:Ledger._searched",
        (("[one.free + one.in_flight for one in path]", "[one.free for one in path]"),),
    ),
    Mutation(
        "budget: a period that is over keeps its money (no case of the model's)",
        "budget",
        f"{SERVICES}.funds:Funds.retire",
        (("if ended and ended < before:", "if ended and ended < '':"),),
    ),
    Mutation(
        "budget: a bill of a period that is over frees nothing above (no case of the model's)",
        "budget",
        f"{SERVICES}.invoices:Invoices._bring_home",
        (("ends > now:", "ends:"),),
        within=4000,
        first=940,
    ),
    Mutation(
        "budget: idle money of another team is not called home (no case of the model's)",
        "budget",
        f"{SERVICES}.funds:Funds.recall",
        (
            ("        return ZERO", "        return need"),
            ("if amount > 0 and", "if amount < 0 and"),
        ),
    ),
    Mutation(
        "evidence: on conflict only the tail is read",
        "evidence",
        f"{SERVICES}.evidence:Evidence.attest",
        (
            (
                "            tail = found.tail\n",
                "            all_ = self._store.query(Table.EVIDENCE, chain)\n"
                "            tail = from_item(all_[-1]).tail\n",
            ),
        ),
    ),
    Mutation(
        "evidence: verify doesn't know the stream's lag",
        "evidence",
        "functions.core.domain.evidence:_copies",
        (("kept.keys() - copies.keys() - young", "kept.keys() - copies.keys()"),),
    ),
    Mutation(
        "evidence: what comes after the seal goes into the same chain",
        "evidence",
        f"{SERVICES}.evidence:Evidence.attest",
        (("            if found.kind == Kind.SEAL:\n", "            if False:\n"),),
    ),
    Mutation(
        "parked: any answer clears the outbox, and re-parking doesn't renew it",
        "approving",
        f"{SERVICES}.delivering:Delivering._hand_over",
        (
            (
                "        return self._clear(ref, item) if answered else item\n",
                "        done = self._tools.store.update(ref, [Remove('undelivered')])\n"
                "        return done.item or item if answered in (True, False) else item\n",
            ),
        ),
        also=Mutation(
            "parked: re-parking doesn't renew the entry",
            "approving",
            f"{SERVICES}.parking:Parking._renew",
            (('[Set("undelivered", value=True), *self._delivering.soon(held)]', "[]"),),
        ),
        first=400,
    ),
    Mutation(
        "parked: a late function writes an old token",
        "approving",
        f"{SERVICES}.parking:Parking._renew",
        (('held["token_n"] >= asked.number', 'held["token_n"] == asked.number'),),
    ),
    Mutation(
        "parked: a second incident keeps the parked id",
        "approving",
        "functions.core.domain.parked:parked_ref",
        (('{run}#{step}"', '{run}"'),),
    ),
    Mutation(
        "parked: the outbox is cleared whole",
        "approving",
        f"{SERVICES}.delivering:Delivering.deliver",
        (
            (
                "        taken = self._bus.put(pending) if pending else []\n",
                "        self._bus.put(pending)\n        taken = [e.event_id for e in pending]\n",
            ),
        ),
    ),
)

MOOT = {
    "door: own envelope as execution input": "the payload is the run's and workflow's name alone; "
    "AdmitRun reads the input from the item",
    "door: REJECTED written on the run's item": "no code writes that status; the watch breaks on "
    "any state that may not follow",
    "send: attempt number kept over a Retry of PrepareCall": "the nonce is drawn inside the "
    "invocation: two of them can't say one name",
    "send: the step keeps only the current attempt": "each attempt is an attribute of its own; "
    "no write removes one",
    "send: the mark's timeout is shorter than the function's life": "`until` comes from the "
    "remaining time that Lambda tells (bootstrap.invocation), outside of what is played here",
    "budget: BUSY parks without looking again": "a busy step waits by the clock and looks again; "
    "nobody has to wake it",
    "parked: any answer clears the outbox, alone": "re-parking renews the entry and delivers it",
    "parked: re-parking doesn't renew the entry, alone": "only the token that waits clears it",
    "parked: one event attribute on the item": "each event is an attribute of its own, by its id",
    "evidence: a marked step without records is not sealed (no case of the model's; a trace of "
    "this simulation)": "both kinds of step put a record before their mark by now",
    "evidence: verify reads the table first": "the order is the command's; the verifier that is "
    "played lists the bucket first",
}
"""Cases of the model that the code's shape leaves nothing to change for, and why."""
