"""The official JavaScript SDK as tests use it: under Node, following a channel and doing what it is told."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.waiting import wait_until

NODE = Path(sys.executable).with_name("node")
FOLLOW = Path(__file__).with_name("javascript") / "follow.mjs"


class Follower:
    """What the SDK told so far."""

    def __init__(self, output: Path, orders: IO[bytes]) -> None:
        self._output = output
        self._orders = orders

    def events(self) -> list[dict[str, Any]]:
        """Everything."""
        whole = self._output.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def told(self, name: str) -> list[Any]:
        """What it said by that name."""
        return [event[name] for event in self.events() if name in event]

    def numbers(self) -> list[int]:
        """The value `n` of each reading."""
        return [event["values"]["n"] for event in self.told("data")]

    def subscribed(self) -> list[bool]:
        """For each time that it subscribed, whether it recovered."""
        return [event["recovered"] for event in self.events() if "subscribed" in event]

    def do(self, action: str, **given: Any) -> Any:
        """Let it do something; what came of it."""
        before = len(self.told("did"))
        self._orders.write(json.dumps({action: given}).encode() + b"\n")
        self._orders.flush()
        wait_until(lambda: len(self.told("did")) > before, f"{action} is not answered")
        event = [event for event in self.events() if "did" in event][before]
        return event.get("result", event)


@contextmanager
def follower(
    folder: Path, origin: str, channel: str, encoding: str, transport: str = "websocket", *more: str, **options: Any
) -> Iterator[Follower]:
    """The SDK connected to the HTTP origin `origin`; `more` are the origin of emulation, and tokens.

    `options` are those of the subscription, by their JavaScript names.
    """
    name = secrets.token_hex(4)
    output = folder / f"{name}.events"
    command = [str(NODE), str(FOLLOW), origin, channel, encoding, transport, *more]
    with (
        output.open("wb") as events,
        (folder / f"{name}.errors").open("wb") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=events,
            stderr=errors,
            env=os.environ | {"SUBSCRIPTION": json.dumps(options)},
        ) as process,
    ):
        assert process.stdin is not None
        try:
            yield Follower(output, process.stdin)
        finally:
            process.kill()
