"""Buckets whose policies have conditions, and puts that only one can win."""

from __future__ import annotations

import concurrent.futures
import json
import time

import pytest
from botocore.exceptions import ClientError
from moto.s3.responses import S3Response


@pytest.fixture
def bucket(cloud):
    """Make a bucket like the evidence bucket: TLS only, no overwrite, no delete."""
    name = cloud.name("bucket")
    client = cloud.client("s3")
    client.create_bucket(Bucket=name)
    statements = [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{name}/*",
            "Condition": {"Null": {"s3:if-none-match": "true"}},
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:DeleteObject*",
            "Resource": f"arn:aws:s3:::{name}/*",
        },
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return name


def code(call) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"]


def test_a_policy_demands_if_none_match_even_of_the_developer(cloud, bucket):
    client = cloud.client("s3")

    client.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")

    assert code(lambda: client.put_object(Bucket=bucket, Key="b", Body=b"1")) == "AccessDenied"
    assert (
        code(lambda: client.put_object(Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*"))
        == "PreconditionFailed"
    )
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_nobody_deletes_from_it(cloud, bucket):
    client = cloud.client("s3")
    client.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")

    assert code(lambda: client.delete_object(Bucket=bucket, Key="a")) == "AccessDenied"
    assert (
        code(lambda: client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}]}))
        == "AccessDenied"
    )
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_one_conditional_put_wins(cloud, bucket, monkeypatch):
    """The moment between the check and the put is stretched, so that a missing lock shows."""
    client, checksum = cloud.client("s3"), S3Response._get_checksum

    def slow(*given):
        time.sleep(0.005)
        return checksum(*given)

    monkeypatch.setattr(S3Response, "_get_checksum", slow)

    def put(n: int) -> str:
        try:
            client.put_object(Bucket=bucket, Key="one", Body=str(n), IfNoneMatch="*")
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "won"

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        found = sorted(pool.map(put, range(12)))

    assert found == ["PreconditionFailed"] * 11 + ["won"]


def test_an_object_holds_what_was_put_last(cloud):
    name, client = cloud.name("bucket"), cloud.client("s3")
    client.create_bucket(Bucket=name)
    for content in (b"a long text, at first", b"short"):
        put = client.put_object(Bucket=name, Key="a", Body=content)

    got = client.get_object(Bucket=name, Key="a", Range="bytes=1-3")

    assert (got["Body"].read(), got["ContentRange"]) == (b"hor", "bytes 1-3/5")
    assert got["ETag"] == put["ETag"]


@pytest.mark.parametrize("key", ["plain", "with space/and+plus", "ü/%2F?x=1&y#z", "//twice//"])
def test_an_object_keeps_its_name(cloud, bucket, key):
    """Objects are answered without Flask's routing, whatever their keys hold."""
    client = cloud.client("s3")
    client.put_object(Bucket=bucket, Key=key, Body=key.encode(), IfNoneMatch="*")

    assert key.encode() == client.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert [key] == [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]]


def test_an_object_has_what_is_its_own_and_what_all_have(cloud, bucket):
    """What objects share does not show in the others."""
    client = cloud.client("s3")
    special = {"ContentType": "text/csv", "StorageClass": "STANDARD_IA", "Tagging": "a=1"}
    client.put_object(Bucket=bucket, Key="plain", Body=b"1", IfNoneMatch="*")
    client.put_object(Bucket=bucket, Key="special", Body=b"22", IfNoneMatch="*", **special)
    plain, other = (client.head_object(Bucket=bucket, Key=key) for key in ("plain", "special"))
    tags = [
        client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"] for key in ("plain", "special")
    ]

    assert (plain["ContentType"], plain["ContentLength"]) == ("binary/octet-stream", 1)
    assert (other["ContentType"], other["StorageClass"]) == ("text/csv", "STANDARD_IA")
    assert plain.get("StorageClass") in (None, "STANDARD")
    assert tags == [[], [{"Key": "a", "Value": "1"}]]
