from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.channels import Channels
from gateway.hub import Delivery, Hub
from gateway.roster import Roster
from gateway.server_api import fleet
from gateway.server_api.fleet import Fleet
from gateway.server_api.requests import Disconnect, Pattern, Refresh, RefusedError, Subscribe, Unsubscribe
from services.batch import Position
from services.tokens import Grant, Identity


class Mesh:
    """Two gateways that are one: each question is asked twice, as JSON."""

    node = "n"

    def __init__(self) -> None:
        self._takes: dict[str, Callable[[Any], Any]] = {}

    def on(self, kind: str, take: Callable[[Any], Any]) -> None:
        self._takes[kind] = take

    async def ask_all(self, kind: str, body: Any) -> list[Any]:
        return [self._takes[kind](msgspec.json.decode(msgspec.json.encode(body))) for _ in range(2)]


class Member:
    def __init__(self, user: str, client_id: str) -> None:
        self.identity = Identity(user)
        self.client_id = client_id
        self.told: list[Any] = []

    def end(self, code: int, reason: str) -> None:
        self.told.append(code)

    def unsubscribe(self, channel: str, code: int, reason: str) -> None:
        self.told.append((channel, code))

    def subscribe(self, channel: str, since: Position | None, info: bytes, data: bytes) -> None:
        self.told.append((channel, since, info, data))

    def renew(self, expires_at: float | None) -> None:
        self.told.append(expires_at)

    def channels(self) -> list[str]:
        return ["feed:a", "feed:b"]

    def grants(self) -> dict[str, Grant]:
        return {}


class Listener:
    def deliver(self, delivery: Delivery) -> None: ...
    def lost(self, topic: str, position: Position) -> None: ...
    def notice(self, topic: str, text: bytes) -> None: ...
    def passing(self, delivery: Delivery) -> None: ...


class System:
    def __init__(self) -> None:
        self.roster, self.hub = Roster(), Hub(1_000)
        mesh: Any = Mesh()
        self.mesh = mesh
        self.fleet = Fleet(mesh, self.roster, self.hub, Channels(), lambda: 5)
        self.members = [Member("7", "a"), Member("7", "b"), Member("8", "c"), Member("", "d"), Member("", "e")]
        for member in self.members:
            self.roster.add(member)

    def told(self) -> list[Any]:
        """What each was told; twice, for there are two gateways."""
        assert all(one.told[: len(one.told) // 2] * 2 == one.told for one in self.members)
        return [one.told[: len(one.told) // 2] for one in self.members]


async def test_a_user_has_all_his_connections_closed_but_those_that_are_listed() -> None:
    system = System()
    await system.fleet.disconnect(Disconnect(user="7", whitelist=["b"]))
    assert system.told() == [[3503], [], [], [], []]


async def test_a_client_of_another_user_is_not_touched() -> None:
    system = System()
    await system.fleet.disconnect(Disconnect(user="7", client="c"))
    assert system.told() == [[], [], [], [], []]


async def test_somebody_anonymous_is_named_by_the_client() -> None:
    system = System()
    await system.fleet.unsubscribe(Unsubscribe(user="", client="e", channel="feed:x"))
    assert system.told() == [[], [], [], [], [("feed:x", 2000)]]


async def test_without_a_channel_all_subscriptions_end() -> None:
    system = System()
    await system.fleet.unsubscribe(Unsubscribe(user="8"))
    assert system.told()[2] == [("feed:a", 2000), ("feed:b", 2000)]


async def test_info_and_data_arrive_as_they_are() -> None:
    system = System()
    asked = msgspec.json.decode(
        b'{"user":"8","channel":"feed:a","info":{"a": 1.50},"data":"x","recover_since":{"offset":3,"epoch":"E"}}',
        type=Subscribe,
    )
    await system.fleet.subscribe(asked)
    assert system.told()[2] == [("feed:a", Position("E", 3), b'{"a": 1.50}', b'"x"')]


FAR = 4_000_000_000
"""A time in 2096. One taken from the clock would name a test differently in each process that collects it."""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Refresh(user="8", expired=True), 3005),
        (Refresh(user="8", expire_at=1), 3005),
        (Refresh(user="8"), None),
        (Refresh(user="8", expire_at=FAR), FAR),
    ],
)
async def test_a_connection_ends_now_then_or_never(asked: Refresh, told: int | None) -> None:
    system = System()
    await system.fleet.refresh(asked)
    assert system.told()[2] == [pytest.approx(told, abs=60) if told and told > 4000 else told]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("", ["device:a", "feed:a", "feed:ab"]),
        ("*", ["device:a", "feed:a", "feed:ab"]),
        ("feed:*", ["feed:a", "feed:ab"]),
        ("*:a", ["device:a", "feed:a"]),
        ("feed:a", ["feed:a"]),
        ("feed", []),
        ("[", []),
        ("*a" * 100, []),
    ],
)
async def test_channels_are_found_by_a_pattern(pattern: str, names: list[str]) -> None:
    system = System()
    for name in ("feed:ab", "feed:a", "device:a"):
        system.hub.join(name, Listener())
    system.hub.join("feed:a", Listener())
    result: Any = await system.fleet.channels(Pattern(pattern))
    assert list(result["channels"]) == names
    assert result["channels"].get("feed:a", {"num_clients": 4}) == {"num_clients": 4}


async def test_too_many_channels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "MOST_CHANNELS", 2)
    system = System()
    for number in range(3):
        system.hub.join(f"feed:{number}", Listener())
    with pytest.raises(RefusedError, match="narrow") as refused:
        await system.fleet.channels(Pattern())
    assert refused.value.error.code == 106
    assert len(await system.fleet.channels(Pattern("*:1"))) == 1


async def test_what_another_gateway_asks_wrongly_does_no_harm() -> None:
    system = System()
    wrong: list[Any] = [None, [], {"user": 7}, {"user": "7", "client": ""}]
    for nonsense in wrong:
        assert await system.mesh.ask_all("api.disconnect", nonsense) == [None, None]
    assert system.told() == [[], [], [], [], []]
