"""Everything works on ASGI servers that are not ours, only slower."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from tests.processes import environment, free_port
from tests.redis_server import RedisServer
from tests.sdk import Recorder, connected
from tests.waiting import until, wait_until

HYPERCORN = ("hypercorn", "--graceful-timeout", "1", "--bind", "127.0.0.1:{port}")
UVICORN = ("uvicorn", "--ws", "websockets", "--timeout-graceful-shutdown", "1", "--port", "{port}")


@contextmanager
def serving(server: tuple[str, ...], redis_url: str, log: Path, anonymous: str = "on") -> Iterator[int]:
    port = free_port()
    words = [word.format(port=port) for word in (*server, "services.asgi:everything")]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            env=environment(redis_url=redis_url, anonymous=anonymous, auth="open"),
            stdout=out,
            stderr=out,
        )
    try:
        wait_until(lambda: is_ready(port), f"{server[0]} is not ready")
        yield port
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("server", [HYPERCORN, UVICORN], ids=["hypercorn", "uvicorn"])
@pytest.mark.parametrize("protobuf", [False, True], ids=["JSON", "Protobuf"])
async def test_posts_reach_every_kind_of_client(
    server: tuple[str, ...], protobuf: bool, common_redis: RedisServer, tmp_path: Path
) -> None:
    device = f"{server[0]}-{protobuf}"
    with serving(server, common_redis.url, tmp_path / "log") as port:
        base = f"127.0.0.1:{port}"
        recorder = Recorder()
        async with (
            httpx.AsyncClient(base_url=f"http://{base}", trust_env=False) as http,
            connected(f"ws://{base}", protobuf=protobuf) as client,
            connect(f"ws://{base}/ws/device/{device}/", proxy=None) as plain,
            http.stream("GET", f"/sse?topic=device:{device}", timeout=20) as events,
        ):
            await client.new_subscription(f"device:{device}", recorder).subscribe()
            await until(lambda: bool(recorder.subscribed), "the SDK is not subscribed")
            for n in range(50):
                posted = await http.post("/v1/readings", json={"device": device, "values": {"n": n}})
                assert posted.status_code == 202
            refused = await http.post("/v1/readings", content=b"[1")
            assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")
            await until(lambda: len(recorder.publications) >= 50, "publications are missing")
            assert recorder.numbers == list(range(50))
            assert [json.loads(await plain.recv())["values"]["n"] for _ in range(50)] == list(range(50))
            seen: list[int] = []
            async for line in events.aiter_lines():
                if line.startswith("data:") and '"values"' in line:
                    seen.append(json.loads(line[5:])["data"]["values"]["n"])
                    if len(seen) == 50:
                        break
            assert seen == list(range(50))
            history = (await http.get("/api/history", params={"topic": f"device:{device}"})).json()
            assert len(history["publications"]) == 50


@pytest.mark.parametrize("server", [HYPERCORN, UVICORN], ids=["hypercorn", "uvicorn"])
async def test_a_device_sends_over_a_socket(server: tuple[str, ...], common_redis: RedisServer, tmp_path: Path) -> None:
    with serving(server, common_redis.url, tmp_path / "log") as port:
        async with connect(f"ws://127.0.0.1:{port}/ws/ingest?device={server[0]}", proxy=None) as socket:
            for n in range(200):
                await socket.send(json.dumps({"device": server[0], "values": {"n": n}}))
            assert [json.loads(await socket.recv())["ack"] for _ in range(200)] == list(range(1, 201))
            await socket.send("{")
            assert json.loads(await socket.recv())["error"]["code"] == "malformed"
            await socket.send('"' + "x" * 70_000 + '"')
            with pytest.raises(ConnectionClosedError, match="1009"):
                await socket.recv()


def test_without_a_setting_clients_need_tokens(common_redis: RedisServer, tmp_path: Path) -> None:
    with serving(UVICORN, common_redis.url, tmp_path / "log", anonymous="auto") as port:
        assert httpx.get(f"http://127.0.0.1:{port}/api/devices", trust_env=False).status_code == 401


def test_what_is_wrong_on_start_is_said(common_redis: RedisServer, tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = [word.format(port=free_port()) for word in (*UVICORN, "services.asgi:gateway")]
    ran = subprocess.run(
        [sys.executable, "-m", *words],
        env=environment(redis_url=common_redis.url, ping_s="never"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    log.write_text(ran.stderr)
    assert ran.returncode != 0
    assert "WINDSOCK_PING_S='never'" in ran.stderr
    assert "Traceback" not in ran.stderr
