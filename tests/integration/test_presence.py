"""Who is in a channel, on a real Redis."""

from __future__ import annotations

from gateway import presence
from gateway.presence import Presence
from services import topics
from services.redis import Client


async def test_two_gateways_see_each_others_clients(client: Client) -> None:
    one, other = Presence(client), Presence(client)
    await one.add("chat:a", "c1", b'{"user":"7"}')
    await other.add("chat:a", "c2", b'{"user":"8"}')
    everybody = {"c1": b'{"user":"7"}', "c2": b'{"user":"8"}'}
    assert await one.all("chat:a") == await other.all("chat:a") == everybody
    await one.remove("chat:a", "c1")
    assert list(await other.all("chat:a")) == ["c2"]
    assert await one.all("chat:b") == {}


async def test_clients_that_nobody_renews_are_gone(client: Client) -> None:
    one = Presence(client)
    for name in ("c1", "c2"):
        await one.add("chat:a", name, b"{}")
    # As if the gateway of the first had died a minute ago.
    await client.zadd(topics.presence_times_key("chat:a"), {"c1": 1})
    assert list(await one.all("chat:a")) == ["c2"]
    assert 0 < await client.ttl(topics.presence_key("chat:a")) <= 2 * presence.KEPT_S


async def test_those_who_are_here_are_written_again(client: Client) -> None:
    one = Presence(client)
    await one.add("chat:a", "c1", b"{}")
    await client.flushall()
    await one._write(list(one._here))
    assert list(await one.all("chat:a")) == ["c1"]
