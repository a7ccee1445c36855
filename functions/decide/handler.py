"""Decide what is parked, or show it to somebody who may: POST decides, GET never acts.

Called by: its function URL, signed by IAM (`interlock approvals`).
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.core import bootstrap
from functions.core.domain import decision_http as http
from functions.core.domain.errors import ArtifactRefused, DecisionRefused, NotAPerson
from functions.core.domain.people import person_of

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    try:
        request = http.read(event)
        caller = bootstrap.settings()
        person = person_of(
            request.user_arn,
            named_roles=caller.named_session_roles,
            self_declared=caller.interlock_laptop,
        )
        logger.append_keys(order=request.ref.sk)
        if request.decision is None:
            item, fields = bootstrap.deciding().show(request.ref, person)
        else:
            me = bootstrap.invocation(context)
            item = bootstrap.deciding().decide(request.ref, request.decision, person, me)
            fields = None
    except (http.BadRequest, NotAPerson, DecisionRefused, ArtifactRefused) as refused:
        logger.info("refused", extra={"reason": getattr(refused, "reason", str(refused))})
        return http.refusal(refused)

    logger.info("decided" if request.decision else "shown", extra={"run": item["run"]})
    return http.answer(item, person, fields)
