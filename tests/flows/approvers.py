"""What approvers do: signed requests to the function that decides."""

import json
from typing import Any
from urllib.parse import urlencode

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from functions.core.domain.expressions import Ref, Table
from interlock.local.settings import REGION
from tests.clouds import Desk, wait_for

LEADS = ("support-leads",)
Answer = tuple[int, dict[str, Any]]


class Person:
    """Somebody with a name and groups, as the laptop cloud takes their word for it."""

    def __init__(self, desk: Desk, name: str, *groups: str) -> None:
        self.desk = desk
        self.keys = desk.cloud.post("declared-user", {"name": name, "groups": list(groups)})

    def signed(
        self, method: str, said: dict[str, Any] | None = None, query: str = ""
    ) -> tuple[str, dict[str, str], bytes]:
        """Return URL, headers and body of a signed request."""
        url = self.desk.names["DecideUrl"] + query
        content = json.dumps(said).encode() if said is not None else b""
        request = AWSRequest(method, url, {"Content-Type": "application/json"}, content)
        SigV4Auth(Credentials(*self._keys()), "lambda", REGION).add_auth(request)
        return url, dict(request.headers.items()), content

    def _keys(self) -> tuple[str, ...]:
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        return tuple(self.keys[name] for name in names if name in self.keys)

    def sees(self, parked: dict[str, Any]) -> Answer:
        """Ask to be shown what is parked."""
        return _sent("GET", *self.signed("GET", query=f"?{urlencode(_place(parked))}"))

    def says(self, parked: dict[str, Any], verdict: str = "approve", **said: Any) -> Answer:
        """Decide."""
        told = {**_place(parked), "verdict": verdict, "shown": parked["hash"], "why": "", **said}
        return _sent("POST", *self.signed("POST", told))


class InRole(Person):
    """Somebody with the keys of a role."""

    def __init__(self, desk: Desk, role: str) -> None:
        self.desk = desk
        arn = f"arn:aws:iam::{desk.cloud.described['account']}:role/interlock-dev-{role}"
        self.keys = desk.cloud.post("credentials", role=arn)


def _place(parked: dict[str, Any]) -> dict[str, str]:
    return {"queue": parked["pk"], "order": parked["sk"]}


def _sent(method: str, url: str, headers: dict[str, str], content: bytes) -> Answer:
    answer = httpx.request(method, url, headers=headers, content=content, timeout=60)
    return answer.status_code, answer.json()


def parked(desk: Desk, ticket: str, **changes: Any) -> dict[str, Any]:
    """Open a ticket that asks for a refund over the limit; return what waits for a person."""
    desk.open(ticket, **{"sample": "refund_ticket", **changes})
    return waiting(desk, ticket)


def waiting(desk: Desk, ticket: str) -> dict[str, Any]:
    """Wait until the run of a ticket waits for a person; return the parked item."""

    def found() -> dict[str, Any] | None:
        run = desk.run_of(ticket)
        return item_of(desk, ticket) if run and run["status"] == "WAITING" else None

    return wait_for(found, f"{ticket} to wait for a person")


def item_of(desk: Desk, ticket: str) -> dict[str, Any] | None:
    """Return what is parked for the run of a ticket."""
    run = desk.run_name(ticket)
    return next((i for i in desk.items("ParkedTable") if f"#{run}#" in i["sk"]), None)


def ref_of(item: dict[str, Any]) -> Ref:
    """Return the item's address."""
    return Ref(Table.PARKED, item["pk"], item["sk"])


def crm_record(desk: Desk, ticket: str) -> dict[str, Any]:
    """Return what the CRM itself says of a ticket."""
    url = f"{desk.cloud.companion('crm')}/tickets/{ticket}"
    headers = {"Authorization": f"Bearer {desk.crm_token}"}
    return httpx.get(url, headers=headers, timeout=10).json()
