"""Who wants which place, what is asked of the pollers, and what is shown of it: gateways with pollers by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from redis import Redis
from websockets.sync.client import ClientConnection, connect

from services.places import INTEREST_KEY, LEASE_KEY, LISTENERS_KEY, Place
from services.weather_status import status_key
from tests.processes import Windsock, run
from tests.redis_server import RedisServer
from tests.stand_ins.poller import PollerByHand
from tests.waiting import wait_until

BERLIN = Place("berlin", "Berlin", 52.52, 13.41, country="Germany", pinned=True)
PARIS = Place("paris", "Paris", 48.85, 2.35)
SECRET = "the secret of the tests, which is long enough"
CANDIDATES = [
    {"id": 4250542, "name": "Springfield", "admin1": "Illinois", "city": "Springfield, Illinois, US"},
    {"id": 4409896, "name": "Springfield", "admin1": "Missouri", "city": "Springfield, Missouri, US"},
]
AMBIGUOUS = {"error": {"code": "ambiguous", "message": "several"}, "candidates": CANDIDATES}


@pytest.fixture
def poller(redis_server: RedisServer) -> Iterator[PollerByHand]:
    with PollerByHand(redis_server.url) as poller:
        yield poller


@pytest.fixture
def gateway(tmp_path: Path, redis_server: RedisServer, poller: PollerByHand) -> Iterator[Windsock]:
    settings = {"weather_timeout_s": "20", "interest_s": "6", "token_secret": SECRET, "channels_per_client": "500"}
    with Windsock(tmp_path, "gateway", redis_url=redis_server.url, **settings) as gateway:
        yield gateway


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(redis_server.url) as client:
        yield client


def take(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=30))


def ask(socket: ClientConnection, city: str, **more: Any) -> Any:
    socket.send(json.dumps({"city": city} | more))
    return take(socket)


def subscribed(stack: ExitStack, gateway: Windsock, topic: str) -> None:
    socket = stack.enter_context(connect(f"{gateway.ws}/connection/websocket", proxy=None))
    socket.send(json.dumps({"id": 1, "connect": {}}))
    socket.send(json.dumps({"id": 2, "subscribe": {"channel": topic}}))
    assert "connect" in take(socket)
    assert "subscribe" in take(socket)


def listened(stack: ExitStack, gateway: Windsock, path: str, body: str | None = None) -> None:
    http = stack.enter_context(httpx.Client(trust_env=False, timeout=20))
    answer = stack.enter_context(http.stream("GET" if body is None else "POST", gateway.url + path, content=body))
    assert answer.status_code == 200


UNI = json.dumps({"subs": {"weather:paris": {}}})
WAYS: dict[str, Callable[[ExitStack, Windsock], None]] = {
    "SDK": lambda stack, gateway: subscribed(stack, gateway, "weather:paris"),
    "sse": lambda stack, gateway: listened(stack, gateway, "/sse?topic=weather:paris"),
    "uni_sse": lambda stack, gateway: listened(stack, gateway, f"/connection/uni_sse?cf_connect={UNI}"),
    "uni_http_stream": lambda stack, gateway: listened(stack, gateway, "/connection/uni_http_stream", UNI),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_place_is_wanted_while_somebody_follows_it_by_whatever_way(
    gateway: Windsock, poller: PollerByHand, client: Redis, way: str
) -> None:
    poller.register(PARIS)
    with ExitStack() as stack:
        WAYS[way](stack, gateway)
        wait_until(lambda: client.zscore(INTEREST_KEY, "paris") is not None, "nobody wants it")
        first = client.zscore(INTEREST_KEY, "paris")
        wait_until(lambda: client.zscore(INTEREST_KEY, "paris") != first, "the interest is not renewed")
        names: Any = client.zrange(LISTENERS_KEY, 0, -1)
        assert [name.rpartition(b":")[0] for name in names] == [b"paris gateway"]
        (place,) = places(gateway)
        assert (place["place"], place["wanted_by"]) == ("paris", {"settings": False, "gateways": 1, "poller": False})
    wait_until(lambda: places(gateway) == [], "it stays wanted")
    assert poller.asked == []


def test_a_place_that_nobody_knows_is_asked_for_once_by_its_slug(gateway: Windsock, poller: PollerByHand) -> None:
    with ExitStack() as stack:
        for topic in ("weather:new-york", "weather:new-york", "weather:x"):
            subscribed(stack, gateway, topic)
        wait_until(lambda: poller.asked == ["new york"], "it is not asked for")
        poller.register(PARIS)
        subscribed(stack, gateway, "weather:paris")
        first = gateway.metrics()
        wait_until(lambda: gateway.metrics()['windsock_weather_questions_total{outcome="not_found"}'] == 1, "no answer")
        # The renewals that follow do not ask again.
        wait_until(lambda: len(places(gateway)) == 1, "Paris is not tracked")
        assert first["windsock_weather_not_asked_total"] == 0
    assert poller.asked == ["new york"]


def test_too_many_places_that_nobody_knows_are_not_asked_for(gateway: Windsock, poller: PollerByHand) -> None:
    with connect(f"{gateway.ws}/connection/websocket", proxy=None, max_size=None) as socket:
        socket.send(json.dumps({"id": 1, "connect": {"subs": {f"weather:town-{n}": {} for n in range(250)}}}))
        assert "connect" in take(socket)
        wait_until(lambda: len(poller.asked) >= 200, "not asked", 60.0)
        wait_until(lambda: gateway.metrics()["windsock_weather_not_asked_total"] >= 50, "nothing is left out")
    assert len(poller.asked) == 200


def test_who_may_not_use_a_topic_causes_no_question(gateway: Windsock, poller: PollerByHand, client: Redis) -> None:
    mine = jwt.encode({"sub": "7", "allow": ["weather:munich"]}, SECRET, "HS256")
    with connect(f"{gateway.ws}/connection/websocket", proxy=None) as socket:
        socket.send(json.dumps({"id": 1, "connect": {"token": mine}}))
        assert "connect" in take(socket)
        socket.send(json.dumps({"id": 2, "subscribe": {"channel": "weather:oslo"}}))
        assert take(socket)["error"]["code"] == 103
        socket.send(json.dumps({"id": 3, "rpc": {"method": "weather", "data": {"city": "Oslo"}}}))
        assert take(socket)["error"]["code"] == 103
    assert httpx.get(f"{gateway.url}/sse?topic=weather:oslo&token={mine}", trust_env=False).status_code == 403
    assert httpx.get(f"{gateway.url}/api/places/oslo?token={mine}", trust_env=False).status_code == 403
    # What was asked before has come to the pollers, or never does.
    with connect(f"{gateway.ws}/ws/weather/?token={mine}", proxy=None) as socket:
        assert ask(socket, "Munich")["error"]["code"] == "not_found"
    assert poller.asked == ["Munich"]
    assert client.zscore(INTEREST_KEY, "oslo") is None


def test_an_ambiguous_name_is_answered_with_candidates_one_of_which_can_be_followed(
    gateway: Windsock, poller: PollerByHand
) -> None:
    springfield = Place("springfield-illinois", "Springfield", 39.8, -89.64, geocoder_id=4250542)
    poller.answers["Springfield"] = AMBIGUOUS
    poller.answers["Springfield 4250542"] = poller.answers["Springfield, Illinois, US"] = {
        "place": "springfield-illinois"
    }
    with connect(f"{gateway.ws}/ws/weather/", proxy=None) as socket:
        told = ask(socket, "Springfield")
        assert told == AMBIGUOUS | {"city": "Springfield"}
        poller.register(springfield, "Springfield, Illinois, US")
        poller.observe("springfield-illinois", 7)
        chosen = ask(socket, "Springfield", id=4250542)
        assert (chosen["place"], chosen["temperature"], chosen["asked"]) == ("springfield-illinois", 7, "Springfield")
        assert ask(socket, "Springfield, Illinois, US")["place"] == "springfield-illinois"
        for wrong in (0, -1, 1.5, "4250542", True, 2**60):
            assert ask(socket, "Springfield", id=wrong)["error"]["field"] == "id"
    assert poller.asked[0] == "Springfield"


def test_the_procedure_answers_candidates_too_and_takes_an_id(gateway: Windsock, poller: PollerByHand) -> None:
    poller.answers["Springfield"] = AMBIGUOUS
    poller.register(Place("springfield-illinois", "Springfield", 39.8, -89.64, geocoder_id=4250542))
    poller.observe("springfield-illinois", 7, age_s=40)
    poller.answers["Springfield 4250542"] = {"place": "springfield-illinois"}
    with connect(f"{gateway.ws}/connection/websocket", proxy=None) as socket:
        socket.send(json.dumps({"id": 1, "connect": {}}))
        assert "connect" in take(socket)

        def weather(**data: Any) -> Any:
            socket.send(json.dumps({"id": 2, "rpc": {"method": "weather", "data": data}}))
            return take(socket)

        # Before anybody chose one: a name may be taken by a place that is followed.
        found = weather(city="Springfield", id=4250542)["rpc"]["data"]
        assert (found["place"], found["stale"], 40 <= found["age_s"] < 90) == ("springfield-illinois", False, True)
        assert weather(city="Springfield", id=0)["error"]["code"] == 107
        for wrong in ("", "  ", "x", "x" * 101):
            assert weather(city=wrong)["error"]["code"] == 107
        poller.answers["Springville"] = AMBIGUOUS
        assert weather(city="Springville")["rpc"]["data"] == AMBIGUOUS


@pytest.mark.parametrize(
    ("allow", "told"),
    [
        (["weather:springfield"], []),
        (["weather:s*"], []),
        (["weather:*ield", "weather:spring*"], []),
        (["weather:*"], CANDIDATES),
        (["*"], CANDIDATES),
    ],
)
def test_candidates_are_told_to_those_only_who_may_use_every_place(
    gateway: Windsock, poller: PollerByHand, allow: list[str], told: list[Any]
) -> None:
    poller.answers["Springfield"] = AMBIGUOUS
    mine = jwt.encode({"sub": "7", "allow": allow}, SECRET, "HS256")
    with connect(f"{gateway.ws}/ws/weather/?token={mine}", proxy=None) as socket:
        answer = ask(socket, "Springfield")
        assert (answer["error"]["code"], answer["candidates"]) == ("ambiguous", told)


def places(gateway: Windsock) -> list[Any]:
    return list(httpx.get(f"{gateway.url}/api/places", trust_env=False).json()["places"])


def place(gateway: Windsock, slug: str) -> httpx.Response:
    return httpx.get(f"{gateway.url}/api/places/{slug}", trust_env=False)


def test_places_are_shown_with_their_status_and_one_with_its_values(
    gateway: Windsock, poller: PollerByHand, client: Redis
) -> None:
    poller.register(BERLIN)
    assert places(gateway)[0]["status"] is None
    assert place(gateway, "berlin").json()["latest"] is None
    poller.observe("berlin", 3.4, age_s=120, interval_s=50)
    poller.tell("berlin", "down", interval_s=50)
    (shown,) = places(gateway)
    assert (shown["topic"], shown["wanted_by"]) == (
        "weather:berlin",
        {"settings": True, "gateways": 0, "poller": False},
    )
    assert (shown["status"]["stale"], shown["status"]["reason"], shown["status"]["provider"]) == (True, "down", "test")
    one = place(gateway, "berlin").json()
    assert one["latest"]["latest"]["temperature"]["value"] == 3.4
    assert one["position"].endswith(".1")
    assert {name: one[name] for name in ("topic", "name", "wanted_by")} == {
        "topic": "weather:berlin",
        "name": "Berlin",
        "wanted_by": {"settings": True, "gateways": 0, "poller": False},
    }
    assert 120 <= one["status"]["age_s"] < 180
    client.set(status_key("berlin"), b"{not a status")
    assert place(gateway, "berlin").json()["status"]["stale"] is True
    assert place(gateway, "nowhere").status_code == 404
    assert place(gateway, "no%20place").status_code == 400


def test_the_command_lists_places_with_who_wants_them_and_how_they_are(
    gateway: Windsock, poller: PollerByHand, client: Redis, redis_server: RedisServer
) -> None:
    def listed(*options: str) -> str:
        done = run("weather", "places", *options, redis_url=redis_server.url)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert "none holds the lease" in listed()
    poller.register(BERLIN)
    poller.observe("berlin", 3.4, age_s=241, interval_s=100)
    poller.tell("berlin", "[bold]the service[/bold] says 503", interval_s=100)
    poller.register(PARIS)
    client.set(LEASE_KEY, "host-1/4711 6d0c")
    with ExitStack() as stack:
        subscribed(stack, gateway, "weather:paris")
        wait_until(lambda: len(places(gateway)) == 2, "Paris is not wanted")
        table = listed()
        assert "asked for by host-1/4711\n" in table
        berlin = next(line for line in table.splitlines() if line.lstrip().startswith("berlin"))
        for words in (
            "Berlin, Germany",
            "52.52, 13.41",
            "settings",
            "test",
            "4 min, stale",
            "[bold]the service",
        ):
            assert words in berlin, berlin
        assert re.search(r" in \d+ s ", berlin), berlin
        paris = next(line for line in table.splitlines() if line.lstrip().startswith("paris"))
        assert "1 gateway" in paris
        assert "no poller has told yet" in paris
        told = json.loads(listed("--json"))
    assert (told["poller"], [one["place"] for one in told["places"]]) == ("host-1/4711", ["berlin", "paris"])
    assert told["places"][0]["status"]["stale"] is True
    client.set(LEASE_KEY, b"\xff\xfe x")
    client.set(status_key("berlin"), b"\xff")
    done = run("weather", "places", redis_url=redis_server.url)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    client.delete(INTEREST_KEY)
    client.set(INTEREST_KEY, "not a sorted set")
    done = run("weather", "places", redis_url=redis_server.url)
    assert (done.returncode, done.stderr.count("\n"), "Traceback" in done.stderr) == (1, 1, False)
