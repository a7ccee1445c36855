"""Publish definitions: each version by its hash; a label only where the rule says so.

Called by: the Custom::InterlockCatalog resources, through CloudFormation.
"""

import json
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.core import bootstrap
from functions.core.adapters.cloudformation import answered
from functions.core.services.publishing import publish

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
@answered
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if event["RequestType"] == "Delete":
        # versions stay: runs that are under way have pinned them
        return {}
    asset = event["ResourceProperties"]
    content = bootstrap.asset_blobs(asset["Bucket"]).get(asset["Key"])
    if content is None:
        raise LookupError(f"the deployment's asset {asset['Key']} is not there")

    versions = publish(
        bootstrap.catalog(),
        bootstrap.ledger(),
        bootstrap.clock(),
        json.loads(content),
        by="deployment",
    )

    logger.info("published", extra={"versions": len(versions)})
    return {"Versions": len(versions)}
