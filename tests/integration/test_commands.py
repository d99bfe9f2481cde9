"""Commands in a real Redis."""

from __future__ import annotations

import time

import orjson
import pytest

from services.commands import Command, Commands, Outcome, command_key, waiting_key
from services.errors import Conflict, NotFound, Overloaded
from services.redis import Client
from tests.waiting import until_found


def new(device: str = "d", args: bytes = b"null", within_s: float = 10.0) -> Command:
    return Command.new(device, "open", args, time.time_ns() // 1_000_000, within_s)


async def send(commands: Commands, command: Command, within_s: float = 10.0, most: int = 100) -> Command:
    await commands.send(command, "gateway", within_s, most)
    return command


async def until_expired(commands: Commands, command: Command) -> None:
    async def gone() -> bool:
        return command.text() not in await commands.pending(command.device)

    await until_found(gone, "it does not expire")


@pytest.fixture
def commands(client: Client) -> Commands:
    return Commands(client)


async def test_what_is_pending_comes_oldest_first_however_long_it_waits(commands: Commands) -> None:
    sent = [await send(commands, new(), within_s) for within_s in (30.0, 10.0, 20.0)]
    assert await commands.pending("d") == [command.text() for command in sent]
    assert await commands.pending("other") == []


async def test_a_text_is_one_line_of_what_was_sent(commands: Commands) -> None:
    command = await send(commands, new(args=b'{"a":\n[1, "\\n"]}'))
    (text,) = await commands.pending("d")
    assert b"\n" not in text
    assert orjson.loads(text) == {
        "id": command.id,
        "name": "open",
        "args": {"a": [1, "\n"]},
        "ts": command.ts,
        "expires": command.expires,
    }


async def test_what_is_acknowledged_is_pending_no_more(commands: Commands) -> None:
    one, two = await send(commands, new()), await send(commands, new())
    await commands.take("d", one.id, "acknowledged")
    assert await commands.pending("d") == [two.text()]
    assert await commands.outcome("d", one.id) == Outcome("acknowledged")
    assert await commands.outcome("d", two.id) == Outcome(None)


async def test_an_answer_is_told_to_who_waits(commands: Commands, client: Client) -> None:
    command = await send(commands, new())
    async with client.pubsub() as listener:
        await listener.subscribe("gateway")
        await commands.take("d", command.id, "acknowledged")
        await commands.take("d", command.id, "done", b"7")
        await commands.take("d", command.id, "done", b"7")
        told = [await listener.get_message(ignore_subscribe_messages=False, timeout=5) for _ in range(2)]
        assert await listener.get_message(timeout=0.1) is None
    assert told[1] is not None
    assert orjson.loads(told[1]["data"]) == {"kind": "command", "body": {"command": command.id}}
    assert await commands.outcome("d", command.id) == Outcome("done", b"7")


async def test_only_the_first_answer_is_taken(commands: Commands) -> None:
    command = await send(commands, new())
    await commands.take("d", command.id, "failed", b'"no"')
    await commands.take("d", command.id, "failed", b'"no"')
    await commands.take("d", command.id, "acknowledged")
    for said, answer in (("failed", b'"why"'), ("done", b'"no"')):
        with pytest.raises(Conflict):
            await commands.take("d", command.id, said, answer)  # type: ignore[arg-type]
    assert await commands.withdraw("d", command.id) == Outcome("failed", b'"no"')
    await commands.take("d", command.id, "failed", b'"no"')


async def test_a_command_of_another_device_is_unknown(commands: Commands) -> None:
    command = await send(commands, new())
    with pytest.raises(NotFound):
        await commands.take("other", command.id, "acknowledged")


async def test_what_has_expired_is_neither_given_nor_answered_but_what_was_said_is_known(commands: Commands) -> None:
    # In this order: once the last has expired, both have.
    heard, silent = await send(commands, new(), 0.5), await send(commands, new(), 0.5)
    await commands.take("d", heard.id, "acknowledged")
    await until_expired(commands, silent)
    for command in (silent, heard):
        with pytest.raises(NotFound):
            await commands.take("d", command.id, "done", b"1")
    assert await commands.withdraw("d", heard.id) == Outcome("acknowledged")
    assert await commands.withdraw("d", silent.id) == Outcome(None)


async def test_what_is_taken_back_leaves_nothing(commands: Commands, client: Client) -> None:
    one = await send(commands, new())
    assert await commands.withdraw("d", one.id) == Outcome(None)
    assert await commands.pending("d") == []
    with pytest.raises(NotFound):
        await commands.take("d", one.id, "acknowledged")
    assert await client.keys() == []


async def test_no_more_than_the_bound_wait_and_the_expired_do_not_count(commands: Commands) -> None:
    brief = await send(commands, new(), 0.2, most=2)
    await send(commands, new(), most=2)
    with pytest.raises(Overloaded):
        await send(commands, new(), most=2)
    await until_expired(commands, brief)
    await send(commands, new(), most=2)
    assert len(await commands.pending("d")) == 2


async def test_everything_about_a_command_expires(commands: Commands, client: Client) -> None:
    command = await send(commands, new(), 10.0)
    await send(commands, new(), 0.2)
    assert 9_000 < await client.pttl(waiting_key("d")) <= 10_000
    assert 69_000 < await client.pttl(command_key("d", command.id)) <= 70_000
    await commands.take("d", command.id, "done", b"1")
    assert 59_000 < await client.pttl(command_key("d", command.id)) <= 70_000
