"""Records what machines pass to functions: `python -m tests.contract.record`.

One file a state in payloads/, taken from the histories of real executions. They stand for the
executions that are under way when new code arrives: a file is replaced when its machine passes
more, and the handlers go on taking what the older one passed.
"""

import json
import shutil
import sys
from pathlib import Path

from interlock.local.clock import Clock
from interlock.local.cloud import Cloud
from tests.clouds import (
    STATE,
    Desk,
    model_provider,
    priced_assembly,
    priced_parameters,
    wait_for,
)

PAYLOADS = Path(__file__).parent / "payloads"
CALL = {"product_id": "P-1", "title": "Pan", "description": "For the stove."}
MACHINES = ("supervise_run", "run_ai_task", "call_system", "request_approval")


def record(desk: Desk) -> dict[str, object]:
    """Return `machine.state` -> payload of everything that was passed."""
    for function, call in (("call_model", "dynamodb.PutItem#1"), ("call_system", "http#1")):
        order = {"function": f"interlock-dev-{function}", "call": call, "when": "after"}
        desk.cloud.post("kills", {"orders": [order]})
    desk.triaged("T-1001")
    desk.open("T-1004", sample="refund_ticket")
    wait_for(lambda: desk.items("ParkedTable"), "what waits for a person")
    call = desk.client("stepfunctions").start_execution(
        stateMachineArn=desk.names["SuperviseRunArn"],
        input=json.dumps({"workflow": "sort_product", "input": CALL}),
    )["executionArn"]
    wait_for(lambda: _is_over(desk, call), "the call")
    found = {}
    for machine in MACHINES:
        for arn in desk.executions(machine).values():
            entered = ""
            for event in desk.history(arn):
                entered = event.get("stateEnteredEventDetails", {}).get("name", entered)
                details = event.get("taskScheduledEventDetails", {})
                if details.get("resourceType") == "lambda":
                    payload = json.loads(details["parameters"])["Payload"]
                    found.setdefault(f"{machine}.{entered}", payload)
    return found


def _is_over(desk: Desk, execution: str) -> bool:
    client = desk.client("stepfunctions")
    return client.describe_execution(executionArn=execution)["status"] != "RUNNING"


def main() -> int:
    """Write the payloads."""
    with (
        model_provider() as url,
        Cloud.start(
            priced_assembly(), STATE, clock=Clock.leaping(), parameters=priced_parameters(url)
        ) as cloud,
    ):
        found = record(Desk(cloud))
        shutil.rmtree(cloud.folder, ignore_errors=True)
    PAYLOADS.mkdir(exist_ok=True)
    for name, payload in found.items():
        text = json.dumps(payload, indent=2, sort_keys=True)
        (PAYLOADS / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    print(f"recorded {', '.join(sorted(found))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
