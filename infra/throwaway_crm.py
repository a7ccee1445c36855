"""A throw-away CRM for `make verify-aws`: one function behind a URL, one table, gone afterwards.

`python -m infra.throwaway_crm` synthesizes the stack `interlock-<stage>-crm` into CDK_OUTDIR.
It speaks what `catalog/systems/crm.toml` declares and nothing more; the token is the stage's own
secret, found by the stack of the stage's data.
"""

import os
from pathlib import Path

import infra.node  # noqa: F401 - before aws_cdk, which starts Node when it is imported

# isort: split
from aws_cdk import App, CfnOutput, CfnParameter, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.names import Names

HANDLER = Path(__file__).with_name("throwaway_crm_handler.py")


class ThrowawayCrmStack(Stack):
    """The CRM of one verification."""

    def __init__(self, scope: Construct, id_: str) -> None:
        """Build it; the parameter `TokenArn` names the secret with the bearer token."""
        super().__init__(scope, id_)
        token = CfnParameter(self, "TokenArn", type="String").value_as_string
        table = dynamodb.Table(
            self,
            "Tickets",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            removal_policy=RemovalPolicy.DESTROY,
        )
        function = lambda_.Function(
            self,
            "Crm",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handle",
            code=lambda_.Code.from_inline(HANDLER.read_text(encoding="utf-8")),
            timeout=Duration.seconds(10),
            environment={"TABLE": table.table_name, "TOKEN": token},
        )
        table.grant(function, "dynamodb:GetItem", "dynamodb:PutItem")
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[token])
        )
        # The bearer token is checked by the function: callers sign nothing, as with a real CRM.
        url = function.add_function_url(auth_type=lambda_.FunctionUrlAuthType.NONE)
        CfnOutput(self, "Url", value=url.url)


def main() -> None:
    """Synthesize the stack of the stage in STAGE."""
    outdir = os.environ.get("CDK_OUTDIR") or str(Path(__file__).resolve().parents[1] / "cdk.out")
    app = App(outdir=outdir, analytics_reporting=False)
    names = Names(os.environ.get("STAGE", "verify"))
    ThrowawayCrmStack(app, names.stack("crm"))
    app.synth()


if __name__ == "__main__":
    main()
