"""Private endpoints: a real server with an authority of its own, a real proxy that tunnels."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError

from functions.core.adapters.http_exchange import ExchangeFailed, HttpExchange, Reply
from functions.core.adapters.http_system import HttpSystem
from functions.core.adapters.model_exchange import ModelExchange
from functions.core.adapters.openai_chat import OpenAiChat
from functions.core.domain.connections import DIRECT, Connection
from functions.core.domain.models import AnswerStatus
from functions.core.domain.systems import AnswerKind, SystemRequest
from functions.core.domain.targets import Target
from tests.clouds import PROJECT
from tests.integration.adapters.asking import NAME, a_request
from tests.integration.adapters.certificates import Authority
from tests.integration.adapters.scripted_server import answers, scripted

GOOD = answers("200 OK", b'{"ok":true}')


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Own authority")


@pytest.fixture(scope="module")
def certificate(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority.serve(tmp_path_factory.mktemp("tls"))


@contextmanager
def a_proxy(*words: str) -> Iterator[tuple[str, list[str]]]:
    """Run the proxy; yield its address, and what it was asked, complete once it has ended."""
    asked: list[str] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.adapters.connect_proxy", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    assert process.stdout
    try:
        yield process.stdout.readline().strip(), asked
    finally:
        told, _ = process.communicate(timeout=10)
        asked += told.splitlines()


def send(url: str, connection: Connection) -> Reply:
    """Send a small request to *url*."""
    with closing(HttpExchange()) as exchange:
        return exchange.send(
            "POST",
            url,
            headers={"Authorization": "Bearer planted"},
            body={},
            connect_seconds=5,
            read_seconds=5,
            most_bytes=1000,
            connection=connection,
        )


def test_a_server_of_an_own_authority_is_reached_by_who_names_it(authority, certificate) -> None:
    """Its certificate is believed because the definition says whose word counts."""
    with scripted(GOOD, certificate) as server:
        reply = send(server.url, Connection(ca_certificates=authority.pem))

    assert (reply.status, reply.body, len(server.requests)) == (200, b'{"ok":true}', 1)


@pytest.mark.parametrize("believes", ["nobody's", "another's"])
def test_a_server_that_nobody_vouches_for_is_sent_nothing(certificate, believes) -> None:
    """Not the key, not the prompt: the handshake fails, so it may be sent again."""
    other = Connection(ca_certificates=Authority("Another").pem)
    connection = DIRECT if believes == "nobody's" else other
    with scripted(GOOD, certificate) as server, pytest.raises(ExchangeFailed) as caught:
        send(server.url, connection)

    assert (caught.value.why, caught.value.sent, server.requests) == ("ConnectError", False, [])


def test_a_proxy_carries_what_it_can_not_read(authority, certificate) -> None:
    """It is asked for a tunnel and sees neither path nor key; the TLS inside is the server's."""
    with a_proxy() as (proxy, asked), scripted(GOOD, certificate) as server:
        way = Connection(proxy=proxy, ca_certificates=authority.pem)
        assert send(f"{server.url}/v1/chat", way).status == 200

    assert asked == [f"CONNECT {server.url.removeprefix('https://')} HTTP/1.1"]
    assert server.requests[0].startswith(b"POST /v1/chat HTTP/1.1")


def test_a_proxy_that_refuses_means_unsent(authority, certificate) -> None:
    """The server has seen nothing."""
    with a_proxy("--refuse") as (proxy, _), scripted(GOOD, certificate) as server:
        way = Connection(proxy=proxy, ca_certificates=authority.pem)
        with pytest.raises(ExchangeFailed) as caught:
            send(server.url, way)

    assert (caught.value.why, caught.value.sent, server.requests) == ("ProxyError", False, [])


def test_a_proxy_of_the_environment_is_none(authority, certificate, monkeypatch) -> None:
    """Where requests go is declared, and not what happens to stand in a variable."""
    with a_proxy() as (proxy, asked), scripted(GOOD, certificate) as server:
        for name in ("HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        send(server.url, Connection(ca_certificates=authority.pem))

    assert (asked, len(server.requests)) == ([], 1)


def test_a_target_is_reached_as_it_declares(authority, certificate) -> None:
    """The same dialect, behind a proxy and an authority of one's own."""
    said = {"choices": [{"message": {"content": '{"label":"a"}'}, "finish_reason": "stop"}]}
    good = answers("200 OK", json.dumps(said).encode())
    with a_proxy() as (proxy, asked), scripted(good, certificate) as server:
        way = {"proxy": proxy, "ca_certificates": authority.pem}
        with closing(ModelExchange({NAME: f"{server.url}/v1"}, str)) as exchange:
            answer = OpenAiChat(exchange).complete(a_request("openai_chat", connection=way))

    assert (answer.status, answer.text) == (AnswerStatus.ANSWERED, '{"label":"a"}')
    assert len(asked) == 1


def test_a_system_is_reached_as_it_declares(authority, certificate) -> None:
    """A CRM inside the company's network is none other than outside."""
    with scripted(GOOD, certificate) as server, closing(HttpSystem()) as client:
        answer = client.send(
            SystemRequest(
                "GET", server.url, {}, None, 5, 5, 1000, Connection(ca_certificates=authority.pem)
            )
        )

    assert (answer.kind, answer.body) == (AnswerKind.ANSWERED, {"ok": True})


@pytest.mark.parametrize(
    ("declared", "what"),
    [
        ({"proxy": "socks5://proxy.example.com"}, "proxy"),
        ({"proxy": "http://jo:word@proxy.example.com"}, "proxy"),
        ({"proxy": "http://proxy.example.com/path"}, "proxy"),
        ({"ca_certificates": "internal.pem"}, "takes certificates in PEM"),
        (
            {"ca_certificates": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
            "can't be read",
        ),
    ],
)
def test_a_way_that_leads_nowhere_is_refused(declared, what) -> None:
    """When it is declared, and by name."""
    with pytest.raises(ValidationError, match=what):
        Connection.model_validate(declared)


def test_a_private_key_beside_the_certificates_is_refused(certificate) -> None:
    """A definition holds no secret, not even by mistake."""
    with pytest.raises(ValidationError, match="nothing else") as caught:
        Connection(ca_certificates=certificate.read_text(encoding="utf-8"))

    assert "PRIVATE" not in str(caught.value)


def test_an_embedded_target_has_no_way() -> None:
    """It lies inside the function."""
    declared = a_request("openai_chat").target.model_dump() | {
        "dialect": "embedded",
        "prices": {
            "input_usd_per_million": "0",
            "output_usd_per_million": "0",
            "as_of": "2026-11-22",
            "source": "test",
        },
        "connection": {"proxy": "http://proxy.example.com:3128"},
    }
    with pytest.raises(ValidationError, match="reached without one"):
        Target.model_validate(declared)
