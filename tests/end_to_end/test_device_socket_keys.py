"""`/ws/ingest` where devices need keys."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from centrifuge import CentrifugeError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.typing import Subprotocol

from tests.processes import Windsock
from tests.sdk import connected

ADMIN = "the key of who administers"


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    folder = tmp_path_factory.mktemp("socket-keys")
    with Windsock(folder, auth="required", api_key=ADMIN, log_level="debug") as running:
        yield running
        assert "Traceback" not in running.log


def administer(windsock: Windsock, method: str, path: str, **body: Any) -> httpx.Response:
    url, headers = f"{windsock.url}/v1/keys{path}", {"X-API-Key": ADMIN}
    return httpx.request(method, url, json=body or None, headers=headers, trust_env=False).raise_for_status()


def made(windsock: Windsock, *devices: str) -> str:
    """A new key, for all devices unless some are named."""
    return str(administer(windsock, "POST", "", name="test", **({"devices": devices} if devices else {})).json()["key"])


def revoke(windsock: Windsock, key: str) -> None:
    administer(windsock, "DELETE", f"/{key.split('_')[1]}")


def device(windsock: Windsock, key: str | None = None, query: str = "", **options: Any) -> connect:
    if key is not None:
        options["additional_headers"] = {"Authorization": f"Bearer {key}"}
    return connect(f"{windsock.ws}/ws/ingest{query}", proxy=None, **options)


async def take(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 20))


async def post(socket: ClientConnection, name: str) -> Any:
    await socket.send(json.dumps({"device": name, "values": {"n": 1}}))
    return await take(socket)


async def until_closed(socket: ClientConnection, name: str) -> Any:
    """Post until the socket closes; what was answered, if anything but acknowledgements was."""
    refused: list[Any] = []
    with suppress(ConnectionClosed):
        async with asyncio.timeout(10):
            while True:
                answer = await post(socket, name)
                if "error" in answer:
                    refused.append(answer)
                else:
                    assert not refused
    return refused


async def refusal(socket: connect) -> tuple[int, str]:
    """Status and code with which a handshake is refused."""
    with pytest.raises(InvalidStatus) as refused:
        await socket
    response = refused.value.response
    return response.status_code, json.loads(bytes(response.body or b""))["code"]


async def command(windsock: Windsock, name: str, timeout: float = 20) -> Any:
    async with connected(windsock.ws) as client:
        return (await client.rpc("command", {"device": name, "name": "open", "timeout": timeout}, timeout=40)).data


async def test_a_key_is_taken_wherever_a_handshake_can_carry_it(windsock: Windsock) -> None:
    key = made(windsock)
    basic = base64.b64encode(f"anybody:{key}".encode()).decode()
    headers = [
        {"Authorization": f"Bearer {key}"},
        {"Authorization": f"Token {key}"},
        {"Authorization": f"Basic {basic}"},
        {"X-API-Key": key},
        {"Authorization": "Bearer a.token.of-a-page", "X-API-Key": key},
    ]
    ways: list[connect] = [device(windsock, additional_headers=one) for one in headers]
    ways.append(device(windsock, query=f"?token={key}"))
    ways.append(device(windsock, "a.token.of-a-page", query=f"?token={key}"))
    ways.append(device(windsock, subprotocols=[Subprotocol("windsock"), Subprotocol(f"bearer.{key}")]))
    for way in ways:
        async with way as socket:
            assert (await post(socket, "any"))["ack"] == 1
    assert key.split("_")[2] not in windsock.log


@pytest.mark.parametrize("key", [None, "wsk_no", "a token", f"wsk_{'0' * 12}_{'a' * 43}"])
@pytest.mark.parametrize("query", ["", "?device=lamp"])
async def test_without_a_good_key_nobody_connects(windsock: Windsock, key: str | None, query: str) -> None:
    assert await refusal(device(windsock, key, query)) == (401, "unauthorized")


async def test_commands_are_for_the_key_of_their_device(windsock: Windsock) -> None:
    key = made(windsock, "barn-*")
    assert await refusal(device(windsock, key, "?device=door")) == (403, "forbidden")
    async with device(windsock, key, "?device=barn-1") as socket:
        assert (await post(socket, "barn-2"))["ack"] == 1


@pytest.mark.usefixtures("forgiving_the_sdk")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_key_of_one_device_brings_its_commands_without_being_asked(windsock: Windsock) -> None:
    async with device(windsock, made(windsock, "lamp")) as socket:
        call = asyncio.create_task(command(windsock, "lamp"))
        sent = (await take(socket))["command"]
        await socket.send(json.dumps({"command": sent["id"], "status": "done", "answer": "on"}))
        assert (await take(socket))["status"] == "done"
        assert (await call)["answer"] == "on"


async def test_a_key_of_several_devices_says_whose_commands_it_wants(windsock: Windsock) -> None:
    async with device(windsock, made(windsock, "lamp", "door")) as socket:
        await socket.send(json.dumps({"command": "x", "status": "done"}))
        assert "?device=" in json.dumps(await take(socket))


async def test_a_socket_is_of_one_device(windsock: Windsock) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await device(windsock, made(windsock), "?device=lamp&device=door")
    told = json.loads(bytes(refused.value.response.body or b""))
    assert (told["status"], told["field"]) == (400, "device")
    assert "more than once" in told["reason"]


async def test_once_its_key_is_revoked_a_silent_socket_closes(windsock: Windsock) -> None:
    key, other = made(windsock), made(windsock)
    async with (
        device(windsock, key) as silent,
        device(windsock, key, "?device=lamp") as waiting,
        device(windsock, other) as stays,
    ):
        revoke(windsock, key)
        async with asyncio.timeout(10):  # well below the time after which a socket is looked at in any case
            await asyncio.gather(silent.wait_closed(), waiting.wait_closed())
        assert (silent.close_code, waiting.close_code) == (3500, 3500)
        assert (await post(stays, "any"))["ack"] == 1


async def test_a_reading_of_another_device_is_refused_and_the_socket_stays_open(windsock: Windsock) -> None:
    async with device(windsock, made(windsock, "mine")) as socket:
        refused = await post(socket, "other")
        assert (refused["error"]["code"], refused["error"]["field"]) == ("forbidden", "device")
        assert refused["error"]["retryable"] is False
        assert (await post(socket, "mine"))["ack"] == 2


async def test_once_its_key_is_revoked_a_socket_takes_no_reading_and_closes(windsock: Windsock) -> None:
    key = made(windsock)
    async with device(windsock, key) as socket:
        revoke(windsock, key)
        refused = await until_closed(socket, "revoked")
        assert {one["error"]["code"] for one in refused} <= {"unauthorized"}
        assert socket.close_code == 3500


@pytest.mark.usefixtures("forgiving_the_sdk")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_once_its_key_is_revoked_a_socket_gets_no_command_and_closes(windsock: Windsock) -> None:
    key = made(windsock, "gate")
    async with device(windsock, key) as socket, device(windsock, key) as posting:
        revoke(windsock, key)
        await until_closed(posting, "gate")
        call = asyncio.create_task(command(windsock, "gate", 2))
        # Not even one message comes before the end.
        with pytest.raises(ConnectionClosedError, match="3500"):
            await take(socket)
        with pytest.raises(CentrifugeError):
            await call
