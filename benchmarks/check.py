"""`python -m benchmarks.check --redis URL [KEY …]`: does all that is published to a system arrive, once and in order?

A few clients in Python, which speak each dialect as little as they can, look at every message of a slow run. That is
no measurement: it says whether a system and its publisher work here before they are measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.messages import Number, Schedule
from benchmarks.publish import publish
from benchmarks.server import NotServing, serving
from benchmarks.systems import SYSTEMS
from benchmarks.systems.system import HOST, System
from gateway.clients.centrifuge import protocol_pb2 as pb

MESSAGE = re.compile(rb'"at":(\d+),"seq":(\d+),"sent":\d+,')
TOPICS, EACH, RATE = 2, 100, 200.0
WITHIN_S = 10.0
"""Longest wait for a client to be ready, and for its last message."""

Frame = str | bytes


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a client says for one topic and what it answers; `replies` counts the replies in a frame."""

    hello: Callable[[str], Frame | None]
    awaited: int
    replies: Callable[[bytes], int]
    ping: Frame | None = None
    pong: Frame = ""


def _json_hello(channel: str) -> str:
    return '{"id":1,"connect":{}}\n' + json.dumps({"id": 2, "subscribe": {"channel": channel}})


def _protobuf_hello(channel: str) -> bytes:
    commands = (
        pb.Command(id=1, connect=pb.ConnectRequest()),
        pb.Command(id=2, subscribe=pb.SubscribeRequest(channel=channel)),
    )
    texts = [command.SerializeToString() for command in commands]
    return b"".join(bytes((len(text),)) + text for text in texts)


def _protobuf_replies(frame: bytes) -> int:
    return sum(bool(pb.Reply.FromString(text).id) for text in _delimited(frame))


def _delimited(frame: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(frame):
        size = shift = 0
        while True:
            byte, at = frame[at], at + 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        yield frame[at : at + size]
        at += size


DIALECTS = {
    "plain": Dialect(lambda _channel: None, 0, lambda _frame: 0),
    "centrifuge-json": Dialect(_json_hello, 2, lambda frame: frame.count(b'"id":'), "{}", "{}"),
    "centrifuge-protobuf": Dialect(_protobuf_hello, 2, _protobuf_replies, b"\0", b"\0"),
    "socketio": Dialect(
        lambda topic: "42" + json.dumps(["subscribe", topic]), 1, lambda frame: frame.count(b'["subscribed",'), "2", "3"
    ),
}


class Client:
    """One client on one topic."""

    def __init__(self, system: System, at: int) -> None:
        self._dialect = DIALECTS[system.dialect]
        self._system = system
        self._at = at
        self._replies = 0
        self.got: list[Number] = []

    async def open(self, stack: AsyncExitStack, port: int) -> ClientConnection:
        """Connect, subscribe, and wait until that is done."""
        path = _filled(self._system.path, self._at)
        path += "?format=protobuf" if self._system.dialect == "centrifuge-protobuf" else ""
        connection = await stack.enter_async_context(connect(f"ws://{HOST}:{port}{path}", compression=None, proxy=None))
        if self._system.dialect == "socketio":
            await connection.send("40")
        hello = self._dialect.hello(_filled(self._system.channel, self._at))
        if hello is not None:
            await connection.send(hello)
        async with asyncio.timeout(WITHIN_S):
            while self._replies < self._dialect.awaited:
                await self._take(connection)
        return connection

    async def read(self, connection: ClientConnection) -> None:
        """Take messages until all are there or none has come for long."""
        try:
            async with asyncio.timeout(EACH * TOPICS / RATE + WITHIN_S):
                while len(self.got) < EACH:
                    await self._take(connection)
        except TimeoutError:
            pass

    async def _take(self, connection: ClientConnection) -> None:
        frame = await connection.recv()
        if frame == self._dialect.ping:
            await connection.send(self._dialect.pong)
            return
        raw = frame.encode() if isinstance(frame, str) else frame
        self._replies += self._dialect.replies(raw)
        self.got += [Number(int(at), int(seq)) for at, seq in MESSAGE.findall(raw)]


def _filled(pattern: str, at: int) -> str:
    return pattern % at if "%" in pattern else pattern


async def check(system: System, port: int, redis_url: str, clients: int = 2 * TOPICS) -> list[str]:
    """What is wrong with how `system`, which serves on `port`, delivers; nothing if all is well."""
    followers = [Client(system, number % TOPICS) for number in range(clients)]
    async with AsyncExitStack() as stack:
        connections = [await follower.open(stack, port) for follower in followers]
        publisher = await system.publisher(port, redis_url)
        stack.push_async_callback(publisher.close)
        async with asyncio.TaskGroup() as group:
            for follower, connection in zip(followers, connections, strict=True):
                group.create_task(follower.read(connection))
            await publish(publisher, Schedule(TOPICS, RATE, EACH * TOPICS / RATE))
    wrong = []
    for number, follower in enumerate(followers):
        expected = [Number(number % TOPICS, seq) for seq in range(1, EACH + 1)]
        if follower.got != expected:
            wrong.append(f"client {number} got {_ranges(follower.got)} instead of {_ranges(expected)}")
    return wrong


def _ranges(numbers: list[Number]) -> str:
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1].seq - pair[0])]
    return ", ".join(f"{run[0].at}:{run[0].seq}-{run[-1].seq}" for run in runs) or "nothing"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def main(arguments: list[str]) -> int:
    """Check systems one after another; returns how many fail."""
    parser = argparse.ArgumentParser("python -m benchmarks.check", description="Check what the benchmark measures.")
    parser.add_argument("--redis", required=True, help="URL of a Redis that holds nothing else")
    parser.add_argument("systems", nargs="*", metavar="KEY", help=f"{', '.join(SYSTEMS)}; default: all")
    asked = parser.parse_args(arguments)
    failed = 0
    for system in [SYSTEMS[key] for key in asked.systems or SYSTEMS]:
        reason = system.unavailable()
        if reason is not None:
            print(f"{system.key}: left out: {reason}")
            continue
        port = _free_port()
        try:
            with tempfile.TemporaryDirectory() as folder, serving(system, port, asked.redis, Path(folder) / "log"):
                wrong = asyncio.run(check(system, port, asked.redis))
        except NotServing as error:
            wrong = [str(error)]
        failed += bool(wrong)
        print(f"{system.key}: {'; '.join(wrong) or 'all arrived in order'} ({system.versions()})", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
