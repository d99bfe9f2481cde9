"""Hubs against a Windsock that answers as the tests say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from services.cli.demo.device import Device, Lapse, NotPossibleError
from services.cli.demo.hub import CATCH_UP_MS, SURELY_KNOWN_MS, Hub
from services.cli.demo.link import Link
from services.cli.demo.sites import Site
from services.cli.demo.sky import DAY_MS, MINUTE_MS
from services.errors import StartError
from tests.waiting import until

URL = "http://windsock.example"
BEGAN = 1_790_000_000_000
PAST = 23 * 12 + 180
"""Readings of a day: every five minutes, and of the last hour every twenty seconds."""
Answer = Callable[[httpx.Request], httpx.Response | None]


class Windsock:
    """Stores what it is sent once; `refuse` may answer instead."""

    def __init__(self, refuse: Answer = lambda request: None) -> None:
        self.refuse = refuse
        self.stored: dict[tuple[str, str], dict[str, Any]] = {}
        self.duplicates = 0
        self.largest = 0
        self.said: list[str] = []
        self.statements: list[dict[str, Any]] = []
        self.commands: list[dict[str, Any]] = []
        self.now_ms = BEGAN

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if (refused := self.refuse(request)) is not None:
            return refused
        if request.url.path == "/api/devices":
            latest: dict[str, int] = {}
            for device, _ in self.stored:
                latest[device] = max(one["ts"] for (name, _), one in self.stored.items() if name == device)
            shown = [{"device": device, "ts": ts} for device, ts in sorted(latest.items())]
            return httpx.Response(200, json={"devices": shown, "next": None})
        if request.url.path.endswith("/commands"):
            await asyncio.sleep(0.01)
            given, self.commands = self.commands, []
            return httpx.Response(200, json={"commands": given})
        if "/commands/" in request.url.path:
            self.statements.append(json.loads(request.content))
            return httpx.Response(200, json={})
        readings = [json.loads(line) for line in request.content.splitlines()]
        keys = [(reading["device"], reading["id"]) for reading in readings]
        known = sum(key in self.stored for key in keys)
        self.duplicates += known
        self.largest = max(self.largest, len(keys))
        self.stored |= dict(zip(keys, readings, strict=True))
        positions = [f"e.{number}" for number in range(len(keys))]
        return httpx.Response(202, json={"accepted": len(keys) - known, "duplicates": known, "positions": positions})

    def link(self) -> Link:
        return Link(URL, key="a key", transport=httpx.MockTransport(self))

    def times(self, device: str = "a") -> list[int]:
        return sorted(reading["ts"] for (name, _), reading in self.stored.items() if name == device)

    def hub(self, link: Link, *devices: Device) -> Hub:
        site = Site("shed", devices or (device("a"),), pause_s=0.001)
        return Hub(site, link, lambda: self.now_ms, self.said.append, wait_initial_s=0.001)


def device(name: str) -> Device:
    def act(args: Any, at_ms: int) -> Any:
        if args == "no":
            raise NotPossibleError("not now")
        return {"did": args, "at": at_ms}

    return Device(name, lambda at_ms: {"x": at_ms % 97}, {}, {}, Lapse(BEGAN), commands={"act": act})


async def run(windsock: Windsock, condition: Callable[[], bool], *, past: bool = True, obey: bool = False) -> None:
    """Run a hub until `condition` holds; what ended it before is raised."""
    async with windsock.link() as link:
        one = device("a")
        hub = windsock.hub(link, one)
        task = asyncio.create_task(hub.obey(one) if obey else hub.run(past=past))
        try:
            await until(lambda: task.done() or condition(), "the hub does not come to it", 10)
        finally:
            if not task.done():
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_the_past_day_comes_first_and_then_what_is_measured() -> None:
    windsock = Windsock()

    def tick() -> bool:
        windsock.now_ms += 100 if len(windsock.stored) >= PAST else 0
        return len(windsock.stored) == PAST + 12

    await run(windsock, tick)
    past, present = windsock.times()[:PAST], windsock.times()[PAST:]
    assert BEGAN - DAY_MS < past[0] <= past[-1] <= BEGAN < present[0]
    assert present == list(range(present[0], present[0] + MINUTE_MS, 5_000))


async def test_without_its_past_a_hub_begins_now() -> None:
    windsock = Windsock()

    def tick() -> bool:
        windsock.now_ms += 100
        return len(windsock.stored) == 3

    await run(windsock, tick, past=False)
    assert BEGAN < windsock.times()[0] <= BEGAN + 5_000


async def test_a_hub_that_begins_again_posts_only_what_is_new() -> None:
    windsock = Windsock()
    await run(windsock, lambda: len(windsock.stored) == PAST)
    windsock.now_ms += 3 * 3_600_000
    await run(windsock, lambda: len(windsock.stored) == PAST + 24 + 180)
    assert windsock.duplicates == 0


async def test_what_was_posted_and_not_answered_is_posted_again() -> None:
    windsock = Windsock()
    lost: list[httpx.Request] = []

    async def lose(request: httpx.Request) -> httpx.Response:
        answer = await windsock(request)
        if request.method == "POST" and len(lost) < 2:
            lost.append(request)
            raise httpx.ReadError("cut off")
        return answer

    async with Link(URL, transport=httpx.MockTransport(lose)) as link:
        task = asyncio.create_task(windsock.hub(link).run(past=True))
        await until(lambda: windsock.duplicates == 2 * PAST, "it does not try again")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert len(windsock.stored) == PAST
    assert windsock.said == [f"{URL} does not answer (cut off); trying again until it works"]


@pytest.mark.parametrize("status", [429, 502, 503])
async def test_a_busy_windsock_is_waited_for_and_that_is_told_once(status: int) -> None:
    left = [httpx.Response(status, json={"detail": "not now"})] * 3
    windsock = Windsock(lambda request: left.pop() if left and request.method == "POST" else None)
    await run(windsock, lambda: len(windsock.stored) == PAST)
    assert windsock.said == [f"{URL} is busy: not now; trying again until it works"]


async def test_what_was_measured_while_the_windsock_was_away_follows_up_to_a_bound() -> None:
    windsock = Windsock()

    def tick() -> bool:
        if len(windsock.stored) == 3:
            windsock.now_ms += 3_600_000
        windsock.now_ms += 100
        return len(windsock.stored) >= 3 + CATCH_UP_MS // 5_000

    await run(windsock, tick, past=False)
    assert windsock.said == ["shed: what is older than 10 minutes is left out"]


async def test_too_much_at_once_is_halved() -> None:
    def refuse(request: httpx.Request) -> httpx.Response | None:
        big = request.method == "POST" and request.content.count(b"\n") > 50
        return httpx.Response(413, json={"detail": "too large"}) if big else None

    windsock = Windsock(refuse)
    await run(windsock, lambda: len(windsock.stored) == PAST)
    assert windsock.largest <= 51
    assert windsock.duplicates == 0


async def test_where_stored_readings_cannot_be_seen_only_what_is_surely_known_is_posted() -> None:
    windsock = Windsock(
        lambda request: httpx.Response(401, json={"detail": "who?"}) if request.url.path == "/api/devices" else None
    )
    await run(windsock, lambda: len(windsock.stored) == SURELY_KNOWN_MS // 20_000)
    assert windsock.times()[0] > BEGAN - SURELY_KNOWN_MS
    assert "--token" in windsock.said[0]


async def test_a_key_that_is_needed_ends_it_with_a_line_that_says_so() -> None:
    windsock = Windsock(lambda request: httpx.Response(401, json={"detail": "who are you?"}))
    with pytest.raises(StartError, match="devices need a key here, and who are you"):
        await run(windsock, lambda: False, past=False, obey=True)


async def test_a_refusal_of_the_site_is_one_line_and_its_end() -> None:
    windsock = Windsock(
        lambda request: httpx.Response(403, json={"detail": "not its device"}) if request.method == "POST" else None
    )
    await run(windsock, lambda: False)
    assert windsock.said == ["shed: its readings are refused, so it stops: not its device"]


async def test_commands_are_acknowledged_carried_out_and_answered() -> None:
    windsock = Windsock()
    windsock.commands = [
        {"id": "1", "name": "act", "args": 7},
        {"id": "2", "name": "act", "args": "no"},
        {"id": "3", "name": "fly", "args": None},
    ]
    await run(windsock, lambda: len(windsock.statements) == 6, obey=True)
    assert [statement["status"] for statement in windsock.statements] == [
        "acknowledged", "done", "acknowledged", "failed", "acknowledged", "failed",
    ]  # fmt: skip
    assert windsock.statements[1]["answer"] == {"did": 7, "at": BEGAN}
    assert [windsock.statements[at]["error"] for at in (3, 5)] == ["not now", "I know no 'fly', only act"]


async def test_a_command_that_nobody_awaits_any_more_is_not_carried_out() -> None:
    asked: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if "/commands/" not in request.url.path:
            return None
        asked.append(request.url.path)
        return httpx.Response(404, json={"detail": "expired"})

    windsock = Windsock(refuse)
    windsock.commands = [{"id": "1", "name": "act", "args": 7}]
    await run(windsock, lambda: len(asked) == 1 and not windsock.commands, obey=True)
    assert asked == ["/v1/devices/a/commands/1"]


async def test_keys_and_tokens_go_where_they_belong() -> None:
    seen: dict[str, str | None] = {}

    def note(request: httpx.Request) -> httpx.Response | None:
        seen[request.url.path] = request.headers.get("x-api-key") or request.headers.get("authorization")
        return None

    windsock = Windsock(note)
    async with Link(URL, key="k", token="t", transport=httpx.MockTransport(windsock)) as link:
        await link.newest([device("a")])
        await link.post([device("a").reading(BEGAN)])
    assert seen == {"/api/devices": "Bearer t", "/v1/readings": "k"}
