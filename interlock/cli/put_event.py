"""Putting an event on a stage's bus, so that what becomes of it can be followed."""

from dataclasses import dataclass

from interlock.cli import following
from interlock.cli.event_text import Event, addressed, live_workflow
from interlock.cli.exits import Refused
from interlock.cli.following import Sent
from interlock.cli.stage import Stage


@dataclass(frozen=True)
class Put:
    """An event that the bus took."""

    event_id: str
    event: Event
    sent: Sent


def put_event(
    stage: Stage, workflow: str, given: Event, source: str = "", detail_type: str = ""
) -> Put:
    """Put *given* on the bus for *workflow*, from where its rules listen unless it is said.

    Raises
    ------
    NotFound
        The workflow is not published there.
    Refused
        The bus did not take the event.
    """
    document = live_workflow(stage, workflow)
    event = addressed(given, document, source, detail_type)
    since = stage.now()
    answer = stage.client("events").put_events(
        Entries=[
            {
                "EventBusName": stage.output("EventBusName"),
                "Source": event.source,
                "DetailType": event.detail_type,
                "Detail": event.detail,
            }
        ]
    )["Entries"][0]
    if not answer.get("EventId"):
        said = f"{answer.get('ErrorCode', '')} {answer.get('ErrorMessage', '')}".strip()
        raise Refused(f"the bus did not take the event: {said}")
    taken = following.put_event_id(answer["EventId"])
    return Put(answer["EventId"], event, Sent(document, event.value, since, taken))
