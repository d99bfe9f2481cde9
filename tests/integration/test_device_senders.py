"""Who posts and what they may: keys in a real Redis, as one ingest service sees them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from ingest.key_ring import ASKED_AT_ONCE, WRONG_PER_S, KeyRing
from ingest.senders import Sender, Senders
from services import device_keys
from services.background import background
from services.device_keys import DeviceKey, Scope
from services.errors import (
    Forbidden,
    OutOfScope,
    TooLarge,
    TooManyDevices,
    TooManyMetrics,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from services.key_store import KeyStore
from services.metric_names import MetricNames
from services.reading import Reading
from services.redis import Client, connect
from services.settings import DeviceSettings, StreamSettings
from tests.redis_server import RedisServer
from tests.waiting import until, until_found

ELSEWHERE = "192.0.2.1"
SETTINGS = {"key_readings_per_s": 1_000.0, "metrics_max": 10, "address_readings_per_s": 5.0}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def reading(device: str, *metrics: str) -> Reading:
    return Reading(device, dict.fromkeys(metrics or ("t",), 1.0), 1)


class Service:
    def __init__(self, client: Client, *, needs_key: bool, **settings: Any) -> None:
        limits = DeviceSettings(**(SETTINGS | settings))
        self.client = client
        self.store = KeyStore(client, limits.keys_max, now_ms)
        self.registry = CollectorRegistry()
        self.ring = KeyRing(self.store, client, limits, 3_600, self.registry)
        metrics = MetricNames(client, limits, StreamSettings(commit_topics=100))
        self.senders = Senders(self.ring, metrics, limits, needs_key=needs_key)

    async def make(self, scope: Scope | None = None, **given: Any) -> tuple[DeviceKey, str]:
        key, text = device_keys.made(scope or Scope(), now_ms(), name="n", **given)
        await self.store.add(key)
        return key, text

    async def take(self, sender: Sender, *readings: Reading | None) -> None:
        if not self.senders.admits(sender, readings):
            assert not await self.senders.admit(sender, readings)

    async def sift(self, text: str | None, *readings: Reading | None) -> list[tuple[int | None, str | None]]:
        """Post what is good of `readings`: index and field of what is not."""
        sender = await self.senders.identified(text, ELSEWHERE)
        if self.senders.admits(sender, readings):
            return []
        return [(fault.index, fault.field) for fault in await self.senders.admit(sender, readings, skip=True)]

    async def post(self, text: str | None, *readings: Reading | None, address: str = ELSEWHERE) -> None:
        await self.take(await self.senders.identified(text, address), *readings)

    def asked(self, result: str) -> float:
        return self.registry.get_sample_value("windsock_key_lookups_total", {"result": result}) or 0.0


@asynccontextmanager
async def serving(client: Client, *, needs_key: bool = True, **settings: Any) -> AsyncIterator[Service]:
    service = Service(client, needs_key=needs_key, **settings)
    async with background(service.ring.watch):
        yield service


async def known(service: Service, text: str) -> Sender:
    """Who has the key, once that is known without asking."""

    async def look() -> Sender | None:
        await service.senders.identified(text, ELSEWHERE)
        return service.senders.known(text, ELSEWHERE)

    found = await until_found(look, "the key does not get known")
    assert found is not None
    return found


async def until_refused(ask: Callable[[], Awaitable[object]]) -> None:
    async def refused() -> bool:
        try:
            await ask()
        except Unauthorized:
            return True
        return False

    await until_found(refused, "it is never refused", 10)


async def test_who_needs_a_key_and_has_none_is_told(client: Client) -> None:
    async with serving(client) as service:
        for text in (None, "some token of another product"):
            with pytest.raises(Unauthorized, match="device key"):
                service.senders.known(text, ELSEWHERE)


async def test_where_none_is_needed_everybody_may_everything(client: Client) -> None:
    async with serving(client, needs_key=False) as service:
        for text in (None, "some token of another product"):
            assert service.senders.known(text, "127.0.0.1") is not None
        await service.post(None, reading("a"), reading("b", "x"))


@pytest.mark.parametrize("needs_key", [True, False])
async def test_a_wrong_key_is_refused_and_redis_is_asked_once(client: Client, needs_key: bool) -> None:
    async with serving(client, needs_key=needs_key) as service:
        _, text = await service.make()
        wrong = text[:-1] + ("a" if text[-1] != "a" else "b")
        await known(service, text)
        for bad in (wrong, "wsk_" + "0" * 12 + "_" + "0" * 32):
            for _ in range(20):
                with pytest.raises(Unauthorized):
                    await service.senders.identified(bad, ELSEWHERE)
        with pytest.raises(Unauthorized):
            await service.senders.identified("wsk_", ELSEWHERE)
        assert service.asked("wrong") == 2


async def test_an_address_that_tries_many_keys_is_slowed_down_and_others_are_not(client: Client) -> None:
    async with serving(client) as service:
        _, good = await service.make()
        refused: list[type[Exception]] = []
        for number in range(60):
            try:
                await service.senders.identified(f"wsk_{number:012}_{'0' * 32}", ELSEWHERE)
            except (Unauthorized, TooManyRequests) as error:
                refused.append(type(error))
        assert refused.count(TooManyRequests) >= 20
        assert service.asked("wrong") <= 40
        await service.senders.identified(good, "192.0.2.2")


async def test_wrong_secrets_of_a_key_that_there_is_are_slowed_down_where_they_come_from(client: Client) -> None:
    async with serving(client) as service:
        _, good = await service.make()
        refused: list[type[Exception]] = []
        for number in range(60):
            try:
                await service.senders.identified(f"{good[:-4]}{number:04}", ELSEWHERE)
            except (Unauthorized, TooManyRequests) as error:
                refused.append(type(error))
        assert refused.count(TooManyRequests) >= 20
        assert service.asked("wrong") <= 40
        await service.post(good, reading("a"), address="192.0.2.2")


def wrong_keys(count: int) -> list[str]:
    return [f"wsk_{number:012}_{'0' * 32}" for number in range(count)]


async def test_many_wrong_keys_at_once_lock_an_address_out_for_no_longer_than_a_moment(client: Client) -> None:
    async with serving(client) as service:
        _, good = await service.make()
        attempts = [
            service.senders.identified(text, f"2001:db8::{n % 50 + 1:x}") for n, text in enumerate(wrong_keys(500))
        ]
        refused = await asyncio.gather(*attempts, return_exceptions=True)
        assert {type(one) for one in refused} == {Unauthorized, TooManyRequests}
        assert service.asked("wrong") <= 4 * WRONG_PER_S
        assert {one.retry_after_s for one in refused if isinstance(one, TooManyRequests)} == {1}
        await asyncio.sleep(1)
        await service.senders.identified(good, "2001:db8::99")


async def test_good_keys_that_come_from_one_address_at_once_all_come_in(client: Client) -> None:
    async with serving(client) as service:
        texts = [(await service.make())[1] for _ in range(100)]
        await asyncio.gather(*(service.senders.identified(text, ELSEWHERE) for text in texts))
        assert service.asked("good") == 100


async def test_a_wrong_key_that_comes_many_times_at_once_is_asked_about_by_few(client: Client) -> None:
    async with serving(client) as service:
        _, good = await service.make()
        await known(service, good)
        (wrong,) = wrong_keys(1)
        attempts = (service.senders.identified(wrong, ELSEWHERE) for _ in range(200))
        refused = await asyncio.gather(*attempts, return_exceptions=True)
        assert {type(one) for one in refused} == {Unauthorized}
        assert service.asked("wrong") <= ASKED_AT_ONCE


async def test_a_known_key_is_not_asked_about_again(client: Client) -> None:
    async with serving(client) as service:
        _, text = await service.make()
        sender = await known(service, text)
        await service.take(sender, reading("a"))
        asked = service.asked("good")
        for _ in range(100):
            assert service.senders.admits(sender, [reading("a")])
            assert service.senders.known(text, ELSEWHERE) is not None
        assert service.asked("good") == asked


async def test_a_revoked_key_lets_nothing_in_within_two_seconds_on_an_open_connection_either(client: Client) -> None:
    async with serving(client) as service:
        key, text = await service.make()
        sender = await known(service, text)
        await service.take(sender, reading("a"))
        await service.store.revoke(key.id)
        await until_refused(lambda: service.take(sender, reading("a")))
        with pytest.raises(Unauthorized):
            await service.senders.identified(text, ELSEWHERE)


async def test_a_key_that_was_refused_is_good_once_it_is_made(client: Client) -> None:
    async with serving(client) as service:
        key, text = device_keys.made(Scope(), now_ms(), name="n")
        with pytest.raises(Unauthorized):
            await service.senders.identified(text, ELSEWHERE)
        await service.store.add(key)

        async def good() -> bool:
            try:
                return bool(await service.senders.identified(text, ELSEWHERE))
            except Unauthorized:
                return False

        await until_found(good, "it stays refused")


async def test_a_key_ends_when_it_expires(client: Client) -> None:
    async with serving(client) as service:
        _, text = await service.make(expires=now_ms() + 1_500)
        sender = await known(service, text)
        await service.take(sender, reading("a"))
        await until_refused(lambda: service.take(sender, reading("a")))


async def test_two_secrets_are_good_at_once_and_share_their_limits(client: Client) -> None:
    async with serving(client) as service:
        key, old = await service.make(Scope(readings_per_s=1.0))
        _, new = await service.store.rotate(key.id, 1_000)
        await service.post(old, reading("a"), reading("a"))
        with pytest.raises(TooManyRequests):
            await service.post(new, reading("a"))
        await until_refused(lambda: service.senders.identified(old, ELSEWHERE))
        await service.senders.identified(new, ELSEWHERE)


async def test_a_key_is_held_to_its_devices_and_metrics_even_where_none_is_needed(client: Client) -> None:
    async with serving(client, needs_key=False) as service:
        _, text = await service.make(Scope(("greenhouse-*", "barn"), ("t", "h*")))
        await service.post(text, reading("greenhouse-7", "t", "h2"), None, reading("barn", "t"))
        with pytest.raises(OutOfScope) as refused:
            await service.post(text, reading("barn"), None, reading("attic"))
        assert (refused.value.status, refused.value.faults[0].index, refused.value.faults[0].field) == (
            403,
            2,
            "device",
        )
        assert "attic" in refused.value.faults[0].reason
        with pytest.raises(OutOfScope) as refused:
            await service.post(text, reading("barn", "t", "x"))
        assert refused.value.faults[0].field == "values.x"


async def test_a_device_is_spoken_for_by_a_key_that_opens_it(client: Client) -> None:
    async with serving(client, needs_key=False) as service:
        _, text = await service.make(Scope(("greenhouse-*",)))
        assert (await service.senders.of_device(text, ELSEWHERE, "greenhouse-7")).counted_as == ""
        with pytest.raises(Forbidden, match="barn"):
            await service.senders.of_device(text, ELSEWHERE, "barn")
        assert (await service.senders.of_device(None, ELSEWHERE, "barn")).counted_as == ELSEWHERE
        assert (await service.senders.of_device(None, "127.0.0.1", "barn")).counted_as == ""


async def test_a_key_has_a_bounded_number_of_devices_which_services_share(client: Client) -> None:
    async with serving(client) as one, serving(client) as other:
        _, text = await one.make(Scope(("d*",), devices_max=2))
        await one.post(text, reading("d1"), reading("d1"))
        await other.post(text, reading("d2"))
        with pytest.raises(TooManyDevices) as refused:
            await one.post(text, reading("d1"), reading("d3"))
        assert (refused.value.status, refused.value.faults[0].index) == (403, 1)
        await one.post(text, reading("d1"), reading("d2"))


async def test_all_devices_together_have_a_bounded_number_of_metrics_which_services_share(client: Client) -> None:
    async with serving(client, needs_key=False) as one, serving(client, needs_key=False) as other:
        for number in range(5):
            await one.post(None, reading("a", f"m{number}"), address="127.0.0.1")
            await other.post(None, reading("b", f"n{number}"), address="127.0.0.1")
        with pytest.raises(TooManyMetrics) as refused:
            await one.post(None, reading("a", "m1"), reading("a", "n1", "new"), address="127.0.0.1")
        assert (refused.value.status, refused.value.faults[0].field) == (422, "values.new")
        assert refused.value.faults[0].index == 1
        await one.post(None, reading("a", "n4"), address="127.0.0.1")


async def test_no_sender_takes_all_the_room_for_metrics(client: Client) -> None:
    async with serving(client, needs_key=False, metrics_max=100, sender_metrics=3) as service:
        _, text = await service.make()
        for key, prefix, address in ((text, "k", ELSEWHERE), (None, "a", ELSEWHERE), (None, "b", "192.0.2.2")):
            await service.post(key, reading("a", *(f"{prefix}{number}" for number in range(3))), address=address)
            with pytest.raises(TooManyMetrics, match="WINDSOCK_SENDER_METRICS") as refused:
                await service.post(key, reading("a", f"{prefix}2", f"{prefix}3"), address=address)
            assert refused.value.faults[0].field == f"values.{prefix}3"
        await service.post(text, reading("a", "a0", "b1", "k2"))
        await service.post(None, reading("a", *(f"l{number}" for number in range(10))), address="127.0.0.1")


def told(refused: pytest.ExceptionInfo[Any]) -> list[tuple[int | None, str | None]]:
    return [(fault.index, fault.field) for fault in refused.value.faults]


async def test_without_skip_each_reading_that_may_not_be_stored_is_named_and_none_leaves_a_name(client: Client) -> None:
    async with serving(client, metrics_max=100, sender_metrics=2) as service:
        _, text = await service.make(Scope(("d*",), ("m*",), devices_max=2))
        with pytest.raises(OutOfScope) as refused:
            await service.post(
                text, reading("a", "m1"), reading("d1", "m1", "x"), reading("d1", "m1"), reading("b", "m1")
            )
        assert told(refused) == [(0, "device"), (1, "values.x"), (3, "device")]
        with pytest.raises(TooManyDevices) as refused:
            await service.post(text, *(reading(f"d{number}", "m1") for number in (1, 2, 3, 4, 3, 1)))
        assert told(refused) == [(2, "device"), (3, "device"), (4, "device")]
        assert not await client.keys("*metrics*")
        with pytest.raises(TooManyMetrics) as too_many:
            await service.post(text, *(reading("d1", f"m{number}") for number in (1, 2, 3, 4, 1)))
        assert told(too_many) == [(2, "values.m3"), (3, "values.m4")]
        assert not await client.keys("*metrics*")


async def test_with_skip_only_what_may_not_be_stored_is_left_out(client: Client) -> None:
    async with serving(client, metrics_max=100, sender_metrics=3) as service:
        _, text = await service.make(Scope(("d*",), ("m*",), devices_max=2))
        readings = [
            reading("d1", "m1"),
            reading("a", "m2"),
            None,
            reading("d1", "m1", "x"),
            reading("d2", "m2"),
            reading("d3", "m3"),
            reading("d1", "m3", "m4"),  # there is room for one of the two: neither is let in
            reading("d2", "m5"),
            reading("d1", "m6"),
        ]
        left_out = [(1, "device"), (3, "values.x"), (5, "device"), (6, "values.m4"), (8, "values.m6")]
        assert sorted(await service.sift(text, *readings)) == left_out
        left_out[3] = (6, "values.m3")  # by now there is no room for either
        assert sorted(await service.sift(text, *readings)) == left_out
        assert service.senders.admits(await service.senders.identified(text, ELSEWHERE), [readings[0], readings[7]])
        names = await client.zrange("windsock:metrics", 0, -1)
        assert names == [b"m1", b"m2", b"m5"]


async def test_with_skip_a_request_of_which_nothing_is_left_is_refused_by_the_first_reason(client: Client) -> None:
    async with serving(client, metrics_max=1) as service:
        _, text = await service.make(Scope(("d*",), devices_max=1))
        await service.post(text, reading("d1", "m"))
        for readings, error, places in (
            ([reading("d1", "n"), reading("a", "m")], OutOfScope, [1, 0]),
            ([reading("d1", "n"), None, reading("d2", "m")], TooManyDevices, [2, 0]),
            ([None, reading("d1", "n")], TooManyMetrics, [1]),
        ):
            with pytest.raises(error) as refused:
                await service.sift(text, *readings)
            assert (type(refused.value), [index for index, _ in told(refused)]) == (error, places)


async def test_what_is_left_out_costs_nothing_of_a_limit_of_readings(client: Client) -> None:
    async with serving(client) as service:
        _, text = await service.make(Scope(("d",), readings_per_s=1.0))
        assert len(await service.sift(text, reading("d"), *[reading("a")] * 50)) == 50
        await service.post(text, reading("d"))
        with pytest.raises(TooManyRequests):
            await service.sift(text, reading("d"), reading("a"))


async def test_what_is_too_much_for_one_commit_leaves_no_names_behind(client: Client) -> None:
    async with serving(client, needs_key=False, metrics_max=100, sender_metrics=100) as service:
        _, text = await service.make(Scope(("d*",), devices_max=2))
        with pytest.raises(TooLarge):
            await service.post(text, reading("d1"), reading("d2", *(f"m{number}" for number in range(98))))
        assert not await client.keys("*metrics*")
        await service.post(text, reading("d3"), reading("d4", *(f"n{number}" for number in range(90))))


async def test_readings_without_a_key_are_limited_by_address_but_not_this_machines(client: Client) -> None:
    async with serving(client, needs_key=False) as service:
        many = [reading("a")] * 12
        await service.post(None, *many)
        with pytest.raises(TooManyRequests) as refused:
            await service.post(None, reading("a"))
        headers = refused.value.headers()
        assert headers == {
            "Retry-After": "1",
            "RateLimit-Policy": '"address";q=5;w=1',
            "RateLimit": '"address";r=0;t=1',
        }
        await service.post(None, reading("a"), address="192.0.2.2")
        for _ in range(5):
            await service.post(None, *many, address="127.0.0.1")
        _, text = await service.make()
        await service.post(text, *many)


async def test_while_redis_is_away_nobody_comes_in_on_what_was_known(redis_server: RedisServer) -> None:
    async with connect(redis_server.url) as client, serving(client) as service:
        _, text = await service.make()
        sender = await known(service, text)
        await service.take(sender, reading("a"))
        redis_server.kill()
        await until(lambda: service.senders.known(text, ELSEWHERE) is None, "it stays known")
        with pytest.raises(Unavailable):
            await service.take(sender, reading("a"))
        with pytest.raises(Unavailable):
            await service.senders.identified(text, ELSEWHERE)
        redis_server.start()
        await service.post(text, reading("a"))
