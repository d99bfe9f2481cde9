from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec
import orjson
import pytest
from prometheus_client import CollectorRegistry

from gateway.commands import Commander, CommandRequest
from gateway.mesh import Mesh
from services.commands import MESSAGE, Command, Commands, Outcome
from services.commit import Entry
from services.errors import DeviceFailed, Forbidden, NoAnswer, Overloaded, Unavailable
from services.settings import GatewaySettings
from services.writer import Writer
from tests.waiting import until


class FakeMesh:
    channel = "gateway"

    def __init__(self) -> None:
        self.takes: dict[str, Callable[[Any], None]] = {}
        self.heard: list[Callable[[], None]] = []

    def on(self, kind: str, take: Callable[[Any], None]) -> None:
        self.takes[kind] = take

    def on_heard(self, look: Callable[[], None]) -> None:
        self.heard.append(look)


class FakeWriter:
    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.failure: Unavailable | None = None

    async def append(self, entries: Sequence[Entry]) -> None:
        if self.failure is not None:
            raise self.failure
        self.entries += entries


class FakeCommands:
    """What Redis would hold: the commands that were sent, and what is said of each."""

    def __init__(self) -> None:
        self.sent: list[Command] = []
        self.withdrawn: list[str] = []
        self.said = Outcome(None)
        self.failure: Unavailable | None = None

    async def send(self, command: Command, reply: str, within_s: float, most: int) -> None:
        self._fail()
        self.sent.append(command)

    async def outcome(self, device: str, command: str) -> Outcome:
        self._fail()
        return self.said

    async def withdraw(self, device: str, command: str) -> Outcome:
        self.withdrawn.append(command)
        self._fail()
        return self.said

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class Desk:
    def __init__(self, **settings: int) -> None:
        self.mesh, self.writer, self.commands = FakeMesh(), FakeWriter(), FakeCommands()
        self.commander = Commander(
            cast(Mesh, self.mesh),
            cast(Writer, self.writer),
            cast(Commands, self.commands),
            GatewaySettings(**settings),  # type: ignore[arg-type]  # whole numbers only
            CollectorRegistry(),
        )

    async def call(self, timeout_s: float = 0.1, *, allowed: bool = True) -> dict[str, Any]:
        asked = CommandRequest("valve", "open", msgspec.Raw(b"[1]"), timeout_s)
        result = await self.commander.call(asked, lambda topic: allowed and topic == "command:valve")
        return dict(orjson.loads(orjson.dumps(result)))

    async def begun(self, timeout_s: float = 20) -> asyncio.Task[dict[str, Any]]:
        call = asyncio.create_task(self.call(timeout_s))
        await until(lambda: bool(self.writer.entries), "nothing is published")
        return call

    def tell(self, command: str) -> None:
        self.mesh.takes[MESSAGE]({"command": command})


async def test_a_command_is_published_and_its_answer_returned() -> None:
    desk = Desk()
    call = await desk.begun()
    (command,) = desk.commands.sent
    (entry,) = desk.writer.entries
    assert (entry.topic, entry.payload) == ("command:valve", command.text())
    desk.commands.said = Outcome("done", b'{"n":1}')
    desk.tell(command.id)
    assert await call == {"command": command.id, "delivered": True, "answer": {"n": 1}}
    assert desk.commands.withdrawn == []


async def test_an_answer_whose_message_was_lost_is_found_once_redis_is_heard_again() -> None:
    desk = Desk()
    call = await desk.begun()
    desk.mesh.heard[0]()
    desk.commands.said = Outcome("failed", b'"stuck"')
    desk.mesh.heard[0]()
    with pytest.raises(DeviceFailed, match=r"^stuck$"):
        await call


async def test_a_redis_that_fails_meanwhile_is_asked_again() -> None:
    desk = Desk()
    call = await desk.begun()
    desk.commands.failure = Unavailable("away")
    desk.tell(desk.commands.sent[0].id)
    await asyncio.sleep(0)
    desk.commands.failure = None
    desk.commands.said = Outcome("done", b"7")
    desk.tell(desk.commands.sent[0].id)
    assert (await call)["answer"] == 7


@pytest.mark.parametrize(
    ("said", "message"), [(Outcome(None), "not delivered: "), (Outcome("acknowledged"), "delivered, but no answer")]
)
async def test_at_the_end_it_is_taken_back_and_what_was_said_is_told(said: Outcome, message: str) -> None:
    desk = Desk()
    desk.commands.said = said
    with pytest.raises(NoAnswer, match=f"^{message}.* within 0.1 s$"):
        await desk.call()
    assert desk.commands.withdrawn == [desk.commands.sent[0].id]


async def test_an_answer_at_the_last_moment_counts() -> None:
    desk = Desk()
    desk.commands.said = Outcome("done", b"1")
    assert (await desk.call())["answer"] == 1


async def test_nothing_is_claimed_where_redis_does_not_tell() -> None:
    desk = Desk()
    call = await desk.begun(0.1)
    desk.commands.failure = Unavailable("away")
    with pytest.raises(NoAnswer, match="not known"):
        await call


async def test_a_command_that_cannot_be_published_is_taken_back() -> None:
    desk = Desk()
    desk.writer.failure = Unavailable("full")
    with pytest.raises(Unavailable):
        await desk.call()
    assert desk.commands.withdrawn == [desk.commands.sent[0].id]


async def test_who_may_not_publish_on_the_topic_sends_nothing() -> None:
    desk = Desk()
    with pytest.raises(Forbidden):
        await desk.call(allowed=False)
    assert desk.commands.sent == []


async def test_no_more_than_the_bound_are_awaited() -> None:
    desk = Desk(commands=1)
    call = await desk.begun()
    with pytest.raises(Overloaded):
        await desk.call()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    with pytest.raises(NoAnswer):
        await desk.call()


async def test_news_of_what_is_not_awaited_do_no_harm() -> None:
    desk = Desk()
    bodies: list[Any] = [None, 7, [], {}, {"command": []}, {"command": "x"}]
    for body in bodies:
        desk.mesh.takes[MESSAGE](body)
