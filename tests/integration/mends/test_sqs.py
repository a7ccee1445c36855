"""Queues on the clock, whose messages go to one receiver."""

from __future__ import annotations

import collections
import concurrent.futures
import sys
import time

from moto.sqs.models import sqs_backends

from interlock.local.clock import Clock, install


def sizes(cloud, url: str) -> tuple[int, int]:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return tuple(int(found["Attributes"][name]) for name in names)


def test_visibility_ends_when_the_clock_says_so(cloud):
    clock = install(Clock.ticking())
    url, _ = cloud.queue(VisibilityTimeout="180")
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="x")

    assert cloud.messages(url) == ["x"]
    clock.tick(179)
    assert cloud.messages(url) == []
    clock.tick(1)
    assert cloud.messages(url) == ["x"]


def test_a_delay_ends_when_the_clock_says_so(cloud):
    clock = install(Clock.ticking())
    url, _ = cloud.queue()
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="x", DelaySeconds=60)

    assert cloud.messages(url) == []
    clock.tick(60)
    assert cloud.messages(url) == ["x"]


def test_messages_grow_old_by_the_clock(cloud):
    clock = install(Clock.ticking())
    url, _ = cloud.queue(MessageRetentionPeriod="120")
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="x")

    clock.tick(121)

    assert cloud.messages(url) == []


def test_a_long_poll_wakes_when_a_message_comes(cloud):
    """Not at its end, nor with the clock: that stands still."""
    install(Clock.ticking())
    url, _ = cloud.queue()
    client, sender = cloud.client("sqs"), cloud.client("sqs")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        polled = pool.submit(lambda: client.receive_message(QueueUrl=url, WaitTimeSeconds=10))
        time.sleep(0.1)
        sender.send_message(QueueUrl=url, MessageBody="x")

        assert [one["Body"] for one in polled.result(30)["Messages"]] == ["x"]


def test_each_message_goes_to_one_receiver(cloud):
    """The queue's list is read and rewritten without a lock in moto."""
    url, arn = cloud.queue()
    backend = sqs_backends["123456789012"]["us-east-1"]
    name, before = arn.rsplit(":", 1)[1], sys.getswitchinterval()
    got: collections.Counter[str] = collections.Counter()
    sys.setswitchinterval(1e-5)

    def work(n: int) -> None:
        for i in range(20):
            backend.send_message(name, f"{n}-{i}")
            for message in backend.receive_message(name, 3, 0, 600):
                got[message.body] += 1
                backend.delete_message(name, message.receipt_handle)

    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
    finally:
        sys.setswitchinterval(before)
    for message in backend.receive_message(name, 10, 0, 600):
        got[message.body] += 1

    assert {1} == set(got.values())
    assert len(got) + sizes(cloud, url)[0] == 160


def test_a_mapped_function_is_left_to_the_poller(cloud):
    """Moto invokes it inside SendMessage."""
    url, arn = cloud.queue()
    function = cloud.function(lambda event: event)
    cloud.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=function)
    before = len(cloud.invoked)

    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="x")

    assert before == len(cloud.invoked)
    assert cloud.messages(url) == ["x"]


def test_what_fails_too_often_goes_to_the_dead_letter_queue(cloud):
    clock = install(Clock.ticking())
    dead, arn = cloud.queue()
    redrive = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 2}}'
    url, _ = cloud.queue(VisibilityTimeout="30", RedrivePolicy=redrive)
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(3):
        cloud.messages(url)
        clock.tick(31)

    assert cloud.messages(url) == []
    assert cloud.messages(dead) == ["poison"]
