from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from services import data_dir, embedded, redis, redis_binary
from services.errors import StartError
from services.redis_binary import Binary

PARENT = """
import asyncio, sys
from services import embedded, redis_binary, redis

async def main():
    async with embedded.running(redis_binary.find(), sys.argv[1], "always") as url:
        client = redis.connect(url)
        print((await client.info("server"))["process_id"], flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def eventually(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - other processes send no events
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[redis.Client]:
    client = redis.connect(url)
    try:
        yield client
    finally:
        await client.aclose()


async def pid_of(url: str) -> int:
    async with client_of(url) as client:
        return int((await client.info("server"))["process_id"])


@pytest.fixture(params=["PATH", "package"])
def binary(request: pytest.FixtureRequest) -> Binary:
    """The server on the PATH, and the package's."""
    return redis_binary.find(None if request.param == "PATH" else "")


@pytest.fixture
def newest() -> Binary:
    return redis_binary.find()


@pytest.fixture
def orphan(tmp_path: Path, newest: Binary) -> Iterator[subprocess.Popen[bytes]]:
    """A server that an earlier windsock left on the socket of `tmp_path`."""
    with data_dir.owned(str(tmp_path)):
        pass
    config = embedded.config_text(tmp_path, data_dir.socket_path(tmp_path), tmp_path / "redis.log", "always")
    left = subprocess.Popen([newest.path, "-"], stdin=subprocess.PIPE)
    try:
        assert left.stdin is not None
        left.stdin.write(config.encode())
        left.stdin.close()
        yield left
    finally:
        left.kill()
        left.wait()


def listens(folder: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(folder / data_dir.SOCKET)) == 0


async def test_it_runs_while_the_block_runs(tmp_path: Path, binary: Binary) -> None:
    async with embedded.running(binary, str(tmp_path / "data"), "always") as url, client_of(url) as client:
        await redis.check(client, url)
        pid = await pid_of(url)
        assert alive(pid)
    assert not alive(pid)


async def test_what_it_stored_is_there_at_the_next_start(tmp_path: Path, binary: Binary) -> None:
    async with embedded.running(binary, str(tmp_path), "everysec") as url, client_of(url) as client:
        await client.set("key", "value")
    async with embedded.running(binary, str(tmp_path), "everysec") as url, client_of(url) as client:
        assert await client.get("key") == b"value"


async def test_a_killed_server_is_started_again_with_what_it_had(tmp_path: Path, binary: Binary) -> None:
    async with embedded.running(binary, str(tmp_path), "always") as url, client_of(url) as client:
        await client.set("key", "value")
        killed = await pid_of(url)
        os.kill(killed, signal.SIGKILL)
        await eventually(lambda: not alive(killed))
        async with asyncio.timeout(10):
            while True:
                try:
                    assert await client.get("key") == b"value"
                    break
                except (RedisError, OSError):
                    await asyncio.sleep(0.01)
        assert await pid_of(url) != killed


async def test_the_terminals_ctrl_c_does_not_reach_it(tmp_path: Path, newest: Binary) -> None:
    async with embedded.running(newest, str(tmp_path), "always") as url:
        assert os.getsid(await pid_of(url)) != os.getsid(0)


async def test_only_this_user_may_connect(tmp_path: Path, newest: Binary) -> None:
    async with embedded.running(newest, str(tmp_path), "always"):
        assert (tmp_path / data_dir.SOCKET).stat().st_mode & 0o777 == 0o700


async def test_a_second_one_on_the_same_directory_is_refused(tmp_path: Path, newest: Binary) -> None:
    async with embedded.running(newest, str(tmp_path), "always") as url:
        with pytest.raises(StartError, match="another windsock"):
            async with embedded.running(newest, str(tmp_path), "always"):
                pass
        assert alive(await pid_of(url))


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tell a child that its parent died")
async def test_it_does_not_outlive_a_killed_parent(tmp_path: Path, newest: Binary) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    await eventually(lambda: not alive(child))
    async with embedded.running(newest, str(tmp_path), "always"):
        pass


async def test_a_server_left_behind_is_replaced(
    tmp_path: Path, newest: Binary, orphan: subprocess.Popen[bytes]
) -> None:
    await eventually(lambda: listens(tmp_path))
    async with embedded.running(newest, str(tmp_path), "always") as url:
        assert orphan.wait(10) == 0
        assert await pid_of(url) != orphan.pid


async def test_a_server_left_behind_that_hangs_is_killed(
    tmp_path: Path, newest: Binary, orphan: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "STOP_S", 0.2)
    await eventually(lambda: listens(tmp_path))
    orphan.send_signal(signal.SIGSTOP)
    async with embedded.running(newest, str(tmp_path), "always"):
        assert orphan.wait(10) == -signal.SIGKILL


async def test_a_server_that_hangs_at_the_end_is_killed(
    tmp_path: Path, newest: Binary, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.running(newest, str(tmp_path), "always") as url:
        pid = await pid_of(url)
        monkeypatch.setattr(embedded, "STOP_S", 0.2)
        os.kill(pid, signal.SIGSTOP)
    assert not alive(pid)


async def test_files_it_cannot_read_are_one_line_with_its_own_words(tmp_path: Path, newest: Binary) -> None:
    async with embedded.running(newest, str(tmp_path), "always"):
        pass
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_text("garbage\n")
    with pytest.raises(StartError, match=r"ended at once: .*AOF.*; see .*redis\.log$") as caught:
        async with embedded.running(newest, str(tmp_path), "always"):
            pass
    assert "\n" not in str(caught.value)


async def test_files_of_a_newer_server_are_not_overlooked_by_an_older_one(tmp_path: Path, newest: Binary) -> None:
    async with embedded.running(newest, str(tmp_path), "always"):
        pass
    with pytest.raises(StartError, match=r"was written by Redis 7 or newer"):
        async with embedded.running(Binary(newest.path, (6, 2, 0)), str(tmp_path), "always"):
            pass


async def test_redis_and_valkey_read_each_others_files(tmp_path: Path) -> None:
    redis_server, valkey_server = redis_binary.find(), redis_binary.find("")
    assert redis_server.path != valkey_server.path
    servers = (valkey_server, redis_server, valkey_server, redis_server)
    for start, server in enumerate(servers):
        async with embedded.running(server, str(tmp_path), "always") as url, client_of(url) as client:
            assert await client.xlen("stream") == 2 * start
            for entry in (1, 2):
                await client.xadd("stream", {"d": "x"}, id=f"{start + 1}-{entry}")
            await client.xtrim("stream", minid="0-1")
            await client.hset("state", "offset", str(start))
            await client.bgrewriteaof()
            await eventually_idle(client)


async def eventually_idle(client: redis.Client) -> None:
    while (await client.info("persistence"))["aof_rewrite_in_progress"]:  # noqa: ASYNC110 - it sends no event
        await asyncio.sleep(0.01)


async def test_a_path_too_long_for_a_socket_works(short_folder: Path, newest: Binary) -> None:
    async with embedded.running(newest, str(short_folder / ("x" * 100)), "always") as url:
        assert alive(await pid_of(url))


async def test_a_failure_of_the_block_stops_it_too(tmp_path: Path, newest: Binary) -> None:
    pids: list[int] = []

    async def fail() -> None:
        async with embedded.running(newest, str(tmp_path), "always") as url:
            pids.append(await pid_of(url))
            raise StartError("no")

    with pytest.raises(ExceptionGroup):
        await fail()
    assert not alive(pids[0])
