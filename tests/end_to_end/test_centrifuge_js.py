"""The official JavaScript SDK under Node: it subscribes, resumes after the gateway was killed, and loses nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.waiting import wait_until

NODE = Path(sys.executable).with_name("node")
FOLLOW = Path(__file__).parents[1] / "javascript" / "follow.mjs"


class Follower:
    """What the SDK told so far."""

    def __init__(self, output: Path) -> None:
        self._output = output

    def events(self) -> list[dict[str, Any]]:
        whole = self._output.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def numbers(self) -> list[int]:
        return [event["data"]["values"]["n"] for event in self.events() if "data" in event]

    def subscribed(self) -> list[bool]:
        return [event["recovered"] for event in self.events() if "subscribed" in event]


@contextmanager
def follower(folder: Path, ws: str, channel: str, encoding: str) -> Iterator[Follower]:
    output = folder / "events"
    with output.open("wb") as events, (folder / "errors").open("wb") as errors:
        command = [str(NODE), str(FOLLOW), ws, channel, encoding]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=events, stderr=errors) as process:
            try:
                yield Follower(output)
            finally:
                process.kill()


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_the_sdk_resumes_and_loses_nothing(tmp_path: Path, redis_server: RedisServer, encoding: str) -> None:
    url = redis_server.url
    with (
        Windsock(tmp_path, "ingest", redis_url=url) as ingest,
        Windsock(tmp_path, "gateway", redis_url=url, recovery_publications="20") as gateway,
        follower(tmp_path, gateway.ws, "device:js", encoding) as sdk,
    ):

        def post(first: int, last: int) -> None:
            readings = [{"device": "js", "values": {"n": n}} for n in range(first, last + 1)]
            httpx.post(f"{ingest.url}/v1/readings", json=readings, trust_env=False).raise_for_status()

        wait_until(lambda: sdk.subscribed() == [False], "not subscribed")
        post(0, 4)
        wait_until(lambda: len(sdk.numbers()) == 5, "a publication does not arrive")
        gateway.stop(signal.SIGKILL)
        post(5, 204)
        gateway.start()
        post(205, 209)
        wait_until(lambda: len(sdk.numbers()) >= 210, "it does not resume")
        assert sdk.numbers() == list(range(210))
        assert sdk.subscribed() == [False, True]
