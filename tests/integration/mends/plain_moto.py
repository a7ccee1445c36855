"""Says of each mend whether moto, unmended, still needs it. Run as a program: prints JSON.

A probe is named ``<module>__<mend>`` and answers True while moto is as wrong as the mend's
docstring says. Where the wrong can be shown, it is shown; a missing lock or a wait on the
machine's time is read off moto's source.
"""

from __future__ import annotations

import inspect
import json
import logging
import sys
import warnings

import boto3
from moto import mock_aws
from moto.awslambda.models import LambdaBackend
from moto.core import utils
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.parse import BaseJSONParser
from moto.core.responses import BaseResponse
from moto.core.serialize import ResponseSerializer
from moto.dynamodb import responses
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.responses import DynamoHandler
from moto.events.models import Rule
from moto.iam.access_control import IAMPolicyStatement
from moto.moto_api._internal.moto_random import MotoRandom
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.s3.models import FakeBucket, FakeKey
from moto.s3.responses import S3Response
from moto.scheduler import models as scheduler_models
from moto.sqs.models import Message, Queue, SQSBackend
from moto.stepfunctions import models as sfn_models
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser import utils as parser_utils
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service as task_module,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callback_module,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_sfn as sfn_module,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
from moto.stepfunctions.parser.asl.eval.callback import callback
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.jsonata import jsonata
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.backend import execution
from moto.stepfunctions.responses import StepFunctionResponse
from moto.utilities.tagging_service import TaggingService

REGION, ACCOUNT = "us-east-1", "123456789012"
KEY = {"pk": {"S": "a"}}


def has(thing: object, *texts: str) -> bool:
    source = inspect.getsource(thing)
    return all(text in source for text in texts)


def lacks(thing: object, *texts: str) -> bool:
    source = inspect.getsource(thing)
    return not any(text in source for text in texts)


def client(service: str):
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return boto3.client(service, region_name=REGION, **keys)


def table(name: str) -> None:
    client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


def records(name: str) -> list[str]:
    shard = dynamodb_backends[ACCOUNT][REGION].tables[name].stream_shard
    return [record.record["eventName"] for record in shard.items]


def clocks__mend_time():
    return has(utils.utcnow, "datetime.datetime.now")


def authorization__mend_authorization():
    return has(ActionAuthenticatorMixin, "INITIAL_NO_AUTH_ACTION_COUNT") and has(
        IAMPolicyStatement, "Condition"
    )


def s3__mend_bucket_policy():
    return has(FakeBucket.get_permission, "is_action_permitted") and lacks(
        FakeBucket.get_permission, "context"
    )


def s3__mend_atomicity():
    return lacks(S3Response.put_object, "lock:", "Lock", "_mutex")


def s3__mend_contents():
    return has(FakeKey.__init__, "tempfile.SpooledTemporaryFile")


def s3__mend_objects():
    return len(vars(FakeKey("name", b"", "123456789012", "us-east-1"))) > 30


def s3__mend_tags():
    tagger = TaggingService()
    tagger.tag_resource("arn", [])
    return tagger.has_tags("arn")


def locks__mend_atomicity():
    return lacks(DynamoHandler.call_action, "lock") and lacks(Table.put_item, "lock")


def transactions__mend_transactions():
    return has(DynamoDBBackend.transact_write_items, "copy.deepcopy(", "self.tables[table_name]")


def transactions__mend_client_token():
    table("token")
    add = {
        "TableName": "token",
        "Key": KEY,
        "UpdateExpression": "ADD n :n",
        "ExpressionAttributeValues": {":n": {"N": "1"}},
    }
    for _ in range(2):
        client("dynamodb").transact_write_items(
            TransactItems=[{"Update": add}], ClientRequestToken="one"
        )
    return client("dynamodb").get_item(TableName="token", Key=KEY)["Item"]["n"]["N"] == "2"


def upsert(name: str) -> None:
    client("dynamodb").update_item(
        TableName=name,
        Key=KEY,
        UpdateExpression="SET x = :x",
        ExpressionAttributeValues={":x": {"S": "1"}},
    )


def writes__mend_update():
    table("upsert")
    upsert("upsert")
    return records("upsert") == ["INSERT", "INSERT"]


def writes__mend_unchanged():
    table("same")
    for _ in range(2):
        client("dynamodb").put_item(TableName="same", Item=KEY)
    return records("same") == ["INSERT", "MODIFY"]


def writes__mend_mappings():
    return has(StreamShard.add, "send_dynamodb_items")


def queries__mend_query():
    return has(Table.query, "self.all_items()") and has(Table.all_items, "sorted(")


def capacity__mend_writes():
    table("units")
    answer = client("dynamodb").put_item(
        TableName="units",
        Item={**KEY, "x": {"S": "x" * 5000}},
        ReturnConsumedCapacity="TOTAL",
    )
    return answer["ConsumedCapacity"]["CapacityUnits"] == 1


def capacity__mend_answers():
    return has(responses.include_consumed_capacity, '"CapacityUnits": val')


def capacity__mend_queries():
    table("read")
    client("dynamodb").put_item(TableName="read", Item={**KEY, "x": {"S": "x" * 50_000}})
    answer = client("dynamodb").scan(TableName="read", ReturnConsumedCapacity="TOTAL")
    return answer["ConsumedCapacity"]["CapacityUnits"] <= 1


def sqs__mend_mappings():
    return has(Queue.add_message, "send_sqs_batch")


def sqs__mend_retention():
    return has(SQSBackend.is_message_valid_based_on_retention_period, "unix_time()")


def sqs__mend_receive():
    return lacks(SQSBackend.receive_message, "_messages_lock") and has(
        Queue.wait_for_messages, "wait_for("
    )


def sqs__mend_list():
    return lacks(Queue.delete_message, "lock")


def sqs__mend_visible():
    return has(Message.visible.fget, "current_time > self.visible_at")


def lambda___mend_invoke():
    return has(LambdaBackend.invoke, "fn.invoke(")


def scheduler__mend_schedules():
    return lacks(scheduler_models, "Thread", "Timer")


def speed__mend_parse():
    return lacks(execution.ExecutionWorker._get_evaluation_entrypoint, "cache")


def speed__mend_small_functions():
    return not hasattr(utils.camelcase_to_underscores, "cache_info")


def speed__mend_dispatch():
    return lacks(DomainDispatcherApplication.get_backend_for_host, "cache")


def speed__mend_backends():
    return has(BackendDict.__getitem__, "_create_account_specific_backend") and has(
        BackendDict._create_account_specific_backend, "backend_lock"
    )


def speed__mend_tracking():
    item = Item(DynamoType({"S": "a"}), None, {})
    return any(one is item for one in Item.instances_tracked)


def speed__mend_bodies():
    return has(BaseResponse.setup_class, "parse_qsl(")


def speed__mend_json():
    return has(BaseJSONParser._parse_body_as_json, "json.loads(body)")


def speed__mend_random():
    return has(MotoRandom.get_random_string, "self.choice(pool) for")


def answers__mend_json_results():
    return has(ResponseSerializer._serialize_structure_member, "self.get_value(") and lacks(
        ResponseSerializer, "cache"
    )


def arithmetic__mend_arithmetic():
    left = DynamoType({"N": "0.0000001"}) - DynamoType({"N": "0.0000001"})
    return left.value == "0E-7"


def values__mend_values():
    return hasattr(DynamoType({"S": "a"}), "__dict__")


def expressions__mend_parsing():
    return UpdateExpressionParser.make("SET a = :a") is not UpdateExpressionParser.make(
        "SET a = :a"
    )


def expressions__mend_copies():
    return not hasattr(Node, "__deepcopy__")


def expressions__mend_passes():
    return has(DepthFirstTraverser.traverse_node_recursively, "self.nodes_to_be_processed()")


def rules__mend_dispatch():
    return has(Rule.send_to_targets, "raise NotImplementedError") and lacks(
        Rule.send_to_targets, 'InputPath"', "DISABLED", '"states"'
    )


def rules__mend_put_rule():
    made = client("events").put_rule(Name="bad", EventPattern='{"a": [{"numeric": 1}]}')
    return "RuleArn" in made


def rules__mend_put_targets():
    target = {"Id": "1", "Arn": "arn:aws:kinesis:us-east-1:123456789012:stream/s"}
    return client("events").put_targets(Rule="bad", Targets=[target])["FailedEntryCount"] == 0


def rules__mend_status_events():
    return lacks(execution, "Status Change") and lacks(parser_models, "Status Change")


def create(name: str, definition: dict) -> str:
    return client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=f"arn:aws:iam::{ACCOUNT}:role/r"
    )["stateMachineArn"]


PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def definitions__mend_creation():
    odd = {"Type": "Pass", "Output": "{% $eval('1') %}", "End": True}
    return bool(create("odd", {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": odd}}))


def definitions__mend_backend():
    return not _CONFIGURED


def executions__mend_start():
    arn = client("stepfunctions").start_execution(stateMachineArn=create("named", PASS))
    return arn["executionArn"].endswith(":None")


def executions__mend_close():
    return lacks(execution.BaseExecutionWorkerCommunication, "exec_worker = None")


def executions__mend_reading():
    return lacks(StepFunctionResponse.stop_execution, '"cause"') and lacks(
        StepFunctionResponse.get_execution_history, "maxResults"
    )


def jsonata__mend_evaluator():
    return jsonata._eval_jsonata is None and has(
        jsonata.encode_jsonata_variable_declarations, "f'\"{value}\"'"
    )


def jsonata__mend_clock():
    from jsonata.timebox import Timebox

    return has(Timebox.current_milli_time, "time.time()")


def tasks__mend_casing():
    hook = inspect.getsource(task_module.StateTaskService._normalise_parameters)
    return hook.rstrip().endswith("pass")


def tasks__mend_clients():
    return has(boto_client.boto_client_for, 'aws_access_key_id="ak"')


def tasks__mend_invoke():
    return has(lambda_eval_utils._invoke_lambda_function, "lambda_client.invoke")


def tasks__mend_start_child():
    return has(sfn_module.StateTaskServiceSfn._eval_service_task, "boto_client_for")


def tasks__mend_sync():
    return has(callback_module.StateTaskServiceCallback._eval_sync, "time.sleep(")


def tokens__mend_index():
    return has(parser_models.StepFunctionsParserBackend.send_task_success, "_get_executions")


def tokens__mend_one_answer():
    return lacks(callback.CallbackEndpoint.notify, "is_set")


def tokens__mend_cause():
    return lacks(StepFunctionResponse.send_task_failure, "cause")


def waiting__mend_endings():
    return lacks(Environment.set_error, "isinstance")


def waiting__mend_program():
    return has(program.Program.eval, "worker_thread.join(timeout=timeout)")


def waiting__mend_task_timeout():
    return has(
        execute_state.ExecutionState._evaluate_with_timeout,
        "terminated_event.wait(timeout_seconds)",
    )


def waiting__mend_wait():
    return has(wait_function.WaitFunction._wait_interval, "time.time()")


def waiting__mend_retry():
    return has(retrier_decl.RetrierDecl._eval_body, "time.sleep(")


def waiting__mend_token_wait():
    return has(callback.CallbackEndpoint.wait, "_notify_event.wait(timeout=timeout)")


def waiting__mend_moments():
    return has(state, "EnteredTime=datetime.datetime.now(")


def waiting__mend_thread_list():
    return isinstance(parser_utils.TMP_THREADS, list) and lacks(parser_utils, "TMP_THREADS.remove")


_CONFIGURED = default_user_config.get("stepfunctions", {}).get("execute_state_machine")
assert sfn_models is not None


def main() -> None:
    """Run every probe; one that raises says that moto has changed under it."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    found = {}
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        for name, probe in sorted(globals().items()):
            if "__mend_" in name:
                try:
                    found[name] = bool(probe())
                except Exception as error:
                    found[name] = f"{type(error).__name__}: {error}"
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
