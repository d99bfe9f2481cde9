"""What many tests need."""

from __future__ import annotations

import gc
import signal
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services import redis
from tests.redis_server import RedisServer

pytest_plugins = ["tests.browser"]

# A shell starts what it puts in the background deaf to Ctrl-C, and so would the processes of the tests be.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def short_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary directory, and the place for others, with a path short enough for sockets below it."""
    with tempfile.TemporaryDirectory(prefix="w", dir="/tmp") as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        yield Path(folder)


@pytest.fixture(scope="module")
def forgiving_the_sdk() -> Iterator[None]:
    """Tests of the Python SDK: it drops connections that the server closed without closing their transports."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of this test alone, which it may kill and start."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def common_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def client(common_redis: RedisServer) -> AsyncIterator[redis.Client]:
    """A client of an empty Redis that no other test uses at the same time."""
    async with redis.connect(common_redis.url) as client:
        await client.flushall()
        yield client
