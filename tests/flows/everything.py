"""Everything the platform does, once: for what no function's role may be short of, or too long.

The parts are in the order in which they make trouble soonest, since a deleted grant is looked
for by running them one after another until something is denied.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any

from functions.core.domain.names import AttemptName
from functions.core.domain.references import Reference
from functions.core.domain.run import due_bucket
from interlock.local.cloud import Cloud
from tests.clouds import EVENTS, SETTLED, Desk, model_goes_wrong, wait_for
from tests.flows.approvers import LEADS, InRole, Person, parked
from tests.flows.backdoors import TASK, UPDATE, a_step, asked, execute, outcome, ticket_of
from tests.flows.outsiders import CALL, Outsider
from tests.flows.people import BY, cancel, promote, publish, roll_back, set_limit, stop

ORDINARY = json.loads((EVENTS / "ordinary_ticket.json").read_text(encoding="utf-8"))["detail"]
PREFIX = "interlock-dev-"


class Everything:
    """The parts, on one cloud with a priced model."""

    def __init__(self, desk: Desk, model: str) -> None:
        self.desk = desk
        self.model = model
        self.mark = uuid.uuid4().hex[:6]

    def parts(self) -> Iterator[Callable[[], None]]:
        """Yield each part."""
        yield self.tickets
        yield self.people
        yield self.refusals
        yield self.given_up
        yield self.approvals
        yield self.calls
        yield self.cached
        yield self.commands
        yield self.operations
        yield self.missing_values
        yield self.cancellation
        yield self.new_period
        yield self.deaths
        yield self.lost_executions
        yield self.undeliverable
        yield self.sweeping
        yield self.dead_letter

    def _id(self, name: str) -> str:
        return f"E-{self.mark}-{name}"

    def _kill(self, function: str, call: str, when: str) -> None:
        order = {"function": PREFIX + function, "call": call, "when": when}
        self.desk.cloud.post("kills", {"orders": [order]})

    def _killed(self) -> None:
        wait_for(lambda: self.desk.cloud.get("kills")["left"] == 0 or None, "the kill")

    def tickets(self) -> None:
        """One of each kind."""
        for kind in ("ordinary_ticket", "spam_ticket"):
            run = self.desk.triaged(self._id(kind), sample=kind)
            assert run["status"] == "SUCCEEDED", run["reason"]

    def refusals(self) -> None:
        """Refused, replayed with a telephone number; a reference to what is kept, and is not."""
        desk = self.desk
        event = {**ORDINARY, "ticket_id": self._id("refused"), "priority": 1}
        body = {"v": 1, "workflow": "triage_ticket", "source": "api", "event": event}
        refused = desk.refusal(body)["pk"]
        text = f"{ORDINARY['text']} My number is +49 30 901820."
        right = {**ORDINARY, "ticket_id": self._id("refused"), "text": text}
        answer = desk.invoke("replay_event", refused=refused, event=right)
        assert "errorType" not in answer, answer
        run = desk.closed(self._id("refused"))
        kept = json.loads(run["input"])["text"]
        again = {**ORDINARY, "ticket_id": self._id("again"), "text": kept}
        desk.send({**body, "event": again})
        assert desk.closed(self._id("again"))["status"] == "SUCCEEDED"
        gone = {**again, "ticket_id": self._id("gone"), "text": self._gone(run["pk"])}
        assert "kept any more" in desk.refusal({**body, "event": gone})["detail"]
        bucket = desk.names["ArtifactsBucket"]
        desk.client("s3").delete_object(Bucket=bucket, Key=f"refused/{refused}")
        answer = desk.invoke("replay_event", refused=refused)
        assert answer["errorType"] == "UnknownDefinition"

    def given_up(self) -> None:
        """Find what lies in both dead-letter queues; replay one, discard the other."""
        desk = self.desk
        for queue in ("IntakeDlqUrl", "UndeliveredQueueUrl"):
            event = {**ORDINARY, "ticket_id": self._id(queue)}
            body = {"v": 1, "workflow": "triage_ticket", "source": "api", "event": event}
            client, url = desk.client("sqs"), desk.names[queue]
            client.send_message(QueueUrl=url, MessageBody=json.dumps(body))
        letters = desk.invoke("redrive_message", action="list")["letters"]
        found = {one["queue"]: one["message"] for one in letters if one["replayable"]}
        where = {"queue": "intake", "message": found["intake"]}
        desk.invoke("redrive_message", action="replay", **where)
        where = {"queue": "undelivered", "message": found["undelivered"], **BY}
        assert "refused" in desk.invoke("redrive_message", action="discard", **where)
        assert desk.closed(self._id("IntakeDlqUrl"))["status"] == "SUCCEEDED"

    def _gone(self, run: str) -> dict[str, Any]:
        """Return a reference to an artifact that has expired."""
        reference = Reference.name(
            self.desk.keys,
            team="support",
            run=run,
            content=self.mark.encode(),
            media_type="text/plain",
        )
        return reference.mint(self.desk.keys)

    def approvals(self) -> None:
        """Decide as a person of each kind, and by a function that dies; end parked runs."""
        desk = self.desk
        for name, how in (("approved", {}), ("edited", {"fields": {"reply": "Dear you."}})):
            item = parked(desk, self._id(name))
            assert Person(desk, "ana", *LEADS).sees(item)[0] == 200
            status, told = Person(desk, "ana", *LEADS).says(item, **how)
            assert status == 200, told
            assert desk.closed(self._id(name))["status"] == "SUCCEEDED"
        item = parked(desk, self._id("left"))
        self._kill("decide", "stepfunctions.SendTaskSuccess#1", "before")
        assert Person(desk, "ana", *LEADS).says(item)[0] == 502
        desk.hurry(lambda: desk.run_of(self._id("left")).get("sealed"), "the sweep", 120)
        self._parked_and_ended()

    def _parked_and_ended(self) -> None:
        """End a run while it waits: by its workflow's end, its supervisor's, and a command's."""
        desk, client = self.desk, self.desk.client("stepfunctions")
        item = parked(desk, self._id("workflow-ended"))
        reply = json.loads(item["content"])["fields"]["reply"]["interlock:artifact"]
        bucket = desk.names["ArtifactsBucket"]
        desk.client("s3").delete_object(Bucket=bucket, Key=f"artifacts/{reply}")
        assert Person(desk, "ana", *LEADS).sees(item)[0] == 410
        workflow = desk.executions("wf-triage_ticket")[item["run"]]
        client.stop_execution(executionArn=workflow)
        desk.closed(self._id("workflow-ended"))
        parked(desk, self._id("supervisor-ended"))
        client.stop_execution(executionArn=desk.run_of(self._id("supervisor-ended"))["execution"])
        desk.closed(self._id("supervisor-ended"))
        item = parked(desk, self._id("parked-cancelled"))
        self._kill("reconcile_run", "dynamodb.GetItem#1", "before")
        assert "errorType" not in cancel(desk, item["run"])
        desk.closed(self._id("parked-cancelled"))
        item = parked(desk, self._id("parked-half-cancelled"))
        self._kill("cancel_run", "stepfunctions.StopExecution#1", "before")
        assert "errorType" in cancel(desk, item["run"])
        desk.closed(self._id("parked-half-cancelled"))

    def calls(self) -> None:
        """Be another machine: call, with a value that is kept; be refused; stop while it waits."""
        desk, pan = self.desk, {"title": "Pan", "description": "For the stove."}
        kept = self._reference("shop", b"A pan for the stove.")
        bucket = desk.names["ArtifactsBucket"]
        key = f"artifacts/{kept['interlock:artifact']}"
        desk.client("s3").put_object(Bucket=bucket, Key=key, Body=b"A pan for the stove.")
        told = {**pan, "product_id": self._id("pan"), "description": kept}
        called = self.outsider.calls("sort_product", told)
        assert (called["outcome"], called["reason"]) == ("SUCCEEDED", ""), called
        gone = self._reference("shop", b"nobody kept this")
        called = self._call_out({**pan, "description": gone})
        assert called["reason"] == "FOREIGN_REFERENCE", called
        for workflow in ("sort_product", SETTLED):
            self._stopped_call(workflow, {**pan, "product_id": self._id(workflow)})

    def _stopped_call(self, workflow: str, given: dict[str, Any]) -> None:
        desk = self.desk
        model_goes_wrong(self.model, {"status": 429, "retry_after": "36000"})
        call = self.outsider.starts("calls", CALL, {"workflow": workflow, "input": given})
        run = wait_for(lambda: self._called(given["product_id"]), "the run that was called")
        wait_for(lambda: desk.steps(run), "its first step")
        desk.forget_throttle()
        desk.client("stepfunctions").stop_execution(executionArn=call)
        wait_for(lambda: desk.item("RunsTable", run, "run").get("sealed"), "its end")

    def cached(self) -> None:
        """Ask the same question twice."""
        given = {"title": f"Pan {self.mark}", "description": "For the stove."}
        first, second = self._call_out(given, SETTLED), self._call_out(given, SETTLED)
        assert (first["outcome"], second["outcome"]) == ("SUCCEEDED", "CACHED"), second

    def _called(self, key: str) -> str | None:
        runs = [run for run in self.desk.runs() if f'"{key}"' in run["input"]]
        return runs[0]["pk"] if runs else None

    def _call_out(self, given: dict[str, Any], workflow: str = "sort_product") -> dict[str, Any]:
        asked = {"workflow": workflow, "input": {"product_id": uuid.uuid4().hex, **given}}
        return json.loads(
            execute(self.desk, "supervise_run", asked, name=uuid.uuid4().hex)["output"]
        )

    @cached_property
    def outsider(self) -> Outsider:
        """Return somebody who has the callers' policy and nothing else."""
        return Outsider(self.desk, name=f"outsider-{self.mark}", may_send=False)

    def _reference(self, team: str, content: bytes) -> dict[str, Any]:
        run = f"sort_product-{'a' * 26}"
        reference = Reference.name(
            self.desk.keys, team=team, run=run, content=content, media_type="text/plain"
        )
        return reference.mint(self.desk.keys)

    def commands(self) -> None:
        """Set and clear a stop; publish a version, promote it and roll back."""
        desk = self.desk
        for stopped in (True, False):
            assert "errorType" not in stop(desk, f"target:x{self.mark}", stopped=stopped)
        other = publish(desk, "draft_reply")["version"]
        assert "errorType" not in promote(desk, "draft_reply", other)
        assert "errorType" not in roll_back(desk, "draft_reply")

    def operations(self) -> None:
        """Read a ticket for a run that is under way: the answer holds a personal value."""
        desk, run = self.desk, self._under_way("reads")
        given = {"operation": "crm.update_ticket", "fields": UPDATE["fields"]}
        for what in (given, {"operation": "crm.get_ticket", "fields": {}}):
            step = a_step()
            found = outcome(desk, "call_system", asked(run, ticket_of(desk, run), step, what))
            assert found == ("SUCCEEDED", ""), found
        cancel(desk, run)
        desk.closed(self._id("reads"))

    def _under_way(self, name: str) -> str:
        """Return a run whose first call waits for hours."""
        model_goes_wrong(self.model, {"status": 429, "retry_after": "36000"})
        self.desk.open(self._id(name))
        run = self.desk.run_name(self._id(name))
        wait_for(lambda: self.desk.steps(run), "its first step")
        self.desk.forget_throttle()
        return run

    def missing_values(self) -> None:
        """Each function that reads artifacts, on one that has expired."""
        desk, run = self.desk, self._under_way("missing")
        ticket, gone, step = ticket_of(desk, run), self._gone(run), a_step()
        who = {
            **asked(run, ticket, step, {"task": TASK["task"]}),
            "execution": f"{run[-26:]}-{step}",
        }
        call = self._call(run, step, gone)
        answered = {"status": "answered", "answer": gone}
        system = {**who, "operation": UPDATE["operation"], "entered_ms": 1}
        fields = {**UPDATE["fields"], "reply": gone}
        for function, more in (
            ("prepare_call", {**who, "variables": {"subject": "s", "text": gone}}),
            ("call_model", {**who, "call": call}),
            ("check_answer", {**who, "call": call, "answered": answered}),
        ):
            assert desk.invoke(function, **more)["errorType"] == "ArtifactRefused", function
        for function, more in (
            ("call_system", {**system, "fields": fields}),
            ("close_attempt", {**system, "fields": fields, "number": 9, "error": "Lost"}),
        ):
            assert desk.invoke(function, **more)["next"] == "failed", function
        approval = {"approval": "write_ticket", "fields": fields, "token": "none", "number": 1}
        told = desk.invoke("park", **{**who, **approval})
        assert told == {"became": "ArtifactRefused"}, told
        in_clear = {**approval, "fields": {**fields, "reply": "a reply that nobody replaced"}}
        assert desk.invoke("park", **{**who, **in_clear}) == {"became": "parked"}
        cancel(desk, run)
        desk.closed(self._id("missing"))

    def _call(self, run: str, step: str, prompt: dict[str, Any]) -> dict[str, Any]:
        version = self.desk.run_of(self._id("missing"))["pins"]["ai_task#classify_ticket"]
        return {
            "attempt": str(AttemptName(run, step, 1, "000000000001aa")),
            "number": 1,
            "target_index": 0,
            "target": "loopback",
            "task_version": version,
            "prompt": prompt,
            "worst_usd": "0",
            "shards": 0,
            "max_output_tokens": 1,
            "evidence_n": 0,
            "evidence_hash": "0" * 64,
        }

    def cancellation(self) -> None:
        """Cancel a run; and another by a function that dies, so that sweep ends it."""
        desk = self.desk
        run = self._under_way("cancelled")
        assert "errorType" not in cancel(desk, run)
        assert desk.closed(self._id("cancelled"))["status"] == "CANCELLED"
        desk.crm_goes_wrong("status", count=4, status=429, retry_after="60")
        desk.open(self._id("in-call"))
        run = desk.run_name(self._id("in-call"))
        wait_for(lambda: desk.crm_requests(run), "the call")
        cancel(desk, run)
        desk.closed(self._id("in-call"))
        desk.crm_behaves()
        run = self._under_way("half-cancelled")
        self._kill("cancel_run", "stepfunctions.StopExecution#1", "before")
        assert "errorType" in cancel(desk, run)
        assert desk.closed(self._id("half-cancelled"))["status"] == "CANCELLED"

    def new_period(self) -> None:
        """Begin a month that no deployment has seen: by spending in it, then by raising it."""
        desk = self.desk
        self._forget_budgets()
        run = desk.triaged(self._id("new-month"))
        assert run["status"] == "SUCCEEDED", run["reason"]
        assert Decimal(run["totals"]["usd"]) > 0
        self._forget_budgets()
        month = f"organisation#{desk.cloud.status()['now'][:7]}"
        for action, usd in (("raise", "2000"), ("lower", "1000")):
            answer = set_limit(desk, month, action, usd)
            assert answer.get("limit_usd") == usd, answer

    def _forget_budgets(self) -> None:
        for item in self.desk.items("LedgerTable"):
            if item["pk"].startswith("budget#"):
                key = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
                self.desk.dynamodb.delete_item(TableName=self.desk.names["LedgerTable"], Key=key)

    def deaths(self) -> None:
        """Kill senders after they sent; settle what one of them may have cost."""
        desk = self.desk
        for function, call in (("call_model", "http#1"), ("call_system", "http#1")):
            self._kill(function, call, "after")
            run = desk.triaged(self._id(f"dead-{function}"))
            assert run["status"] == "SUCCEEDED", run["reason"]
            self._killed()
        [booked] = [i for i in desk.items("LedgerTable") if i["sk"].startswith("unconfirmed#")]
        where = {
            "budget": booked["pk"].removeprefix("budget#"),
            "attempt": booked["sk"].removeprefix("unconfirmed#"),
        }
        assert desk.invoke("settle_call", usd="0", **where, **BY)["usd"] == "0"

    def lost_executions(self) -> None:
        """Stop a supervisor; start one for a run that nobody received."""
        desk, run = self.desk, self._under_way("lost")
        arn = desk.run_of(self._id("lost"))["execution"]
        desk.client("stepfunctions").stop_execution(executionArn=arn)
        assert desk.closed(self._id("lost"))["status"] == "FAILED", run
        name = desk.run_name(self._id("never-received"))
        assert execute(desk, "supervise_run", {}, name=name)["status"] == "FAILED"

    def undeliverable(self) -> None:
        """Copy a record twice, and one that is none: what can't be handled is kept."""
        desk = self.desk
        self._kill("copy_evidence", "s3.PutObject#1", "after")
        desk.triaged(self._id("copied-twice"))
        self._killed()
        item = {"pk": {"S": f"none#{self.mark}"}, "sk": {"S": "000001"}}
        desk.dynamodb.put_item(TableName=desk.names["EvidenceTable"], Item=item)
        heard = set()

        def both() -> bool:
            for body in self._undelivered():
                told = body.get("DDBStreamBatchInfo", body.get("requestPayload"))
                heard.add("stream" if "DDBStreamBatchInfo" in body else str(bool(told)))
            return len(heard) == 2 or None

        desk.hurry(both, "what was not delivered", 120)

    def _undelivered(self) -> Iterator[dict[str, Any]]:
        client = self.desk.client("sqs")
        url = client.get_queue_url(QueueName=f"{PREFIX}undelivered")["QueueUrl"]
        found = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            yield json.loads(message["Body"])
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def sweeping(self) -> None:
        """Leave a run that nobody started, and money that nobody came for."""
        desk = self.desk
        self._forget_to_announce()
        self._kill("prepare_call", "s3.PutObject#1", "after")
        self._kill("receive_event", "stepfunctions.StartExecution#1", "before")
        desk.open(self._id("never-started"))
        self._overdue(self._id("never-started"))
        desk.hurry(lambda: (desk.run_of(self._id("never-started")) or {}).get("sealed"), "it", 120)
        self._killed()
        desk.hurry(lambda: not self._reserved() or None, "what was reserved", 120)
        desk.hurry(lambda: desk.run_of(self._id("ordinary_ticket")).get("sealed"), "the event")

    def _overdue(self, ticket: str) -> None:
        """Let sweep come for a run at once, well before its message is delivered again."""
        run = wait_for(lambda: self.desk.run_of(ticket), "the run")
        self.desk.dynamodb.update_item(
            TableName=self.desk.names["RunsTable"],
            Key={"pk": {"S": run["pk"]}, "sk": {"S": "run"}},
            UpdateExpression="SET due_at = :then",
            ExpressionAttributeValues={":then": {"S": "2000-01-01T00:00:00.000Z"}},
        )

    def _forget_to_announce(self) -> None:
        """Leave a run as it is when all who end runs died before they put its event on the bus."""
        run = self.desk.run_name(self._id("ordinary_ticket"))
        event = {"detail_type": "Run Succeeded", "detail": {"run": run, "hops": 0}}
        self.desk.dynamodb.update_item(
            TableName=self.desk.names["RunsTable"],
            Key={"pk": {"S": run}, "sk": {"S": "run"}},
            UpdateExpression="SET due_at = :then, due_bucket = :due, #e = :event REMOVE sealed",
            ExpressionAttributeNames={"#e": f"event#{self.mark}"},
            ExpressionAttributeValues={
                ":then": {"S": "2000-01-01T00:00:00.000Z"},
                ":due": {"S": due_bucket(run)},
                ":event": {"S": json.dumps(event)},
            },
        )

    def dead_letter(self) -> None:
        """Deny Scheduler the sweep for a minute: what it can't deliver is kept."""
        desk, iam = self.desk, self.desk.client("iam")
        role = next(r["RoleName"] for r in iam.list_roles()["Roles"] if "SweepSch" in r["RoleName"])
        no = {"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": no})
        iam.put_role_policy(RoleName=role, PolicyName="planted", PolicyDocument=policy)
        try:
            desk.hurry(lambda: list(self._undelivered()) or None, "a dead letter")
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="planted")

    def _reserved(self) -> list[str]:
        shards = (i for i in self.desk.items("LedgerTable") if i["sk"].startswith("shard#"))
        return [name for shard in shards for name in shard["open"]]

    def people(self) -> None:
        """Do what each ready-made role says that its person may do."""
        for name in ("operator", "approver", "auditor", "author", "treasurer"):
            InKind(self.desk, name).do_everything()


SET_STOP = {"scope": "target:nobody", "stopped": False, **BY}
MOVE_LABEL = {"kind": "ai_task", "name": "none", "version": "0" * 64, **BY}


class InKind:
    """Uses what one of the ready-made roles is for."""

    def __init__(self, desk: Desk, name: str) -> None:
        self.desk = desk
        self.name = name
        role = f"arn:aws:iam::123456789012:role/{PREFIX}{name}"
        self._client = lambda service: desk.cloud.client_as(role, service)

    def do_everything(self) -> None:
        """Ask for whatever a person of this kind may; what is not granted is denied."""
        self._tables()
        self._client("cloudformation").describe_stacks(StackName=f"{PREFIX}platform")
        if self.name == "operator":
            self._invoke("set_stop", SET_STOP)
        if self.name == "author":
            self._invoke("publish_version", {})
            self._invoke("move_label", MOVE_LABEL)
        if self.name == "treasurer":
            self._invoke("set_limit", {})
            self._invoke("settle_call", {})
        if self.name in ("operator", "author"):
            bus = self.desk.names["EventBusName"]
            entry = {"EventBusName": bus, "Source": "nobody", "DetailType": "X", "Detail": "{}"}
            self._client("events").put_events(Entries=[entry])
        if self.name not in ("approver", "treasurer"):
            self._executions()
        if self.name == "approver":
            place = {"pk": "inbox#support", "sk": "none", "hash": "0" * 64}
            assert InRole(self.desk, self.name).says(place)[0] == 404
        if self.name == "auditor":
            s3, bucket = self._client("s3"), self.desk.names["EvidenceBucket"]
            key = s3.list_objects_v2(Bucket=bucket, MaxKeys=1)["Contents"][0]["Key"]
            s3.get_object(Bucket=bucket, Key=key)

    def _invoke(self, function: str, payload: dict[str, Any]) -> None:
        self._client("lambda").invoke(
            FunctionName=PREFIX + function, Qualifier="live", Payload=json.dumps(payload)
        )

    def _tables(self) -> None:
        client, table = self._client("dynamodb"), self.desk.names["RunsTable"]
        client.get_item(TableName=table, Key={"pk": {"S": "x"}, "sk": {"S": "x"}})
        for index, key in ((None, "pk"), ("by_day", "day_bucket")):
            client.query(
                TableName=table,
                KeyConditionExpression=f"{key} = :x",
                ExpressionAttributeValues={":x": {"S": "x"}},
                **({"IndexName": index} if index else {}),
            )

        if self.name in ("author", "treasurer"):
            return
        client.query(
            TableName=self.desk.names["ParkedTable"],
            IndexName="by_due",
            KeyConditionExpression="due_bucket = :x",
            ExpressionAttributeValues={":x": {"S": "x"}},
        )

    def _executions(self) -> None:
        client = self._client("stepfunctions")
        machine = f"arn:aws:states:us-east-1:123456789012:stateMachine:{PREFIX}supervise_run"
        client.describe_state_machine(stateMachineArn=machine)
        found = client.list_executions(stateMachineArn=machine, maxResults=1)["executions"][0]
        client.describe_execution(executionArn=found["executionArn"])
        client.get_execution_history(executionArn=found["executionArn"], maxResults=1)


def denied(cloud: Cloud) -> list[dict[str, Any]]:
    """Return what was denied, but for what :meth:`Everything.dead_letter` denies on purpose."""
    return [one for one in cloud.get("denials") if "an explicit deny" not in str(one)]
