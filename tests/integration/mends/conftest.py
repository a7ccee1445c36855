"""One mended moto for all of these tests; each begins on a clock a hundred times as fast."""

import logging

import pytest
from moto.server import ThreadedMotoServer

from interlock.local.clock import Clock, install
from tests.integration.mends.playground import Playground


@pytest.fixture(scope="session")
def _served():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield Playground(f"http://127.0.0.1:{port}", Clock.scaled(100))
    server.stop()


@pytest.fixture
def cloud(_served):
    install(Clock.scaled(100))
    return _served
