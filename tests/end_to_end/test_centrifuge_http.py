"""The Centrifuge protocol over HTTP by hand, where an SDK would not do it."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.waiting import wait_until

SECRET = "a secret of the tests that is long enough"
HELLO = '{"id":1,"connect":{}}'


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    limits = {
        "outbox_bytes": "65536",
        "hello_s": "1",
        "message_bytes": "4096",
        "client_messages_per_s": "20",
        "channels_per_client": "3",
        "token_secret": SECRET,
    }
    with Windsock(tmp_path_factory.mktemp("http"), **limits) as running:
        yield running


def post(windsock: Windsock, device: str, *numbers: int) -> str:
    readings = [{"device": device, "values": {"n": n}} for n in numbers]
    answer = httpx.post(f"{windsock.url}/v1/readings", json=readings, trust_env=False)
    return str(answer.raise_for_status().json()["positions"][0])


class Stream:
    """The messages of a response, whether they are lines or events."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()
        self.headers = answer.headers

    def next(self) -> Any:
        """The next message; None at the end."""
        for line in self._lines:
            if line.removeprefix("data: "):
                return json.loads(line.removeprefix("data: "))
        return None

    def rest(self) -> list[Any]:
        """All until the end."""
        return list(iter(self.next, None))


@contextmanager
def listening(windsock: Windsock, path: str, said: str, **headers: str) -> Iterator[Stream]:
    with httpx.Client(trust_env=False, timeout=20, headers=headers) as http:
        url = f"{windsock.url}/connection/{path}"
        if path.endswith("sse"):
            request = http.build_request("GET", url, params={"cf_connect": said})
        else:
            request = http.build_request("POST", url, content=said)
        answer = http.send(request, stream=True)
        try:
            assert answer.status_code == 200, answer.read()
            yield Stream(answer)
        finally:
            answer.close()


def tell(windsock: Windsock, connect: dict[str, Any], *commands: str) -> int:
    """Post commands to the session of a connect result."""
    body = {"session": connect["session"], "node": connect["node"], "data": "\n".join(commands)}
    return httpx.post(f"{windsock.url}/emulation", json=body, trust_env=False).status_code


@pytest.mark.parametrize("path", ["http_stream", "sse"])
def test_commands_are_answered_in_order_with_one_message_each(windsock: Windsock, path: str) -> None:
    with listening(windsock, path, f'{HELLO}\n{{"id":2,"subscribe":{{"channel":"device:{path}"}}}}') as stream:
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        connect = stream.next()["connect"]
        assert connect["pong"] is True
        assert stream.next()["id"] == 2
        assert tell(windsock, connect, '{"id":3,"ping":{}}', '{"id":4,"unsubscribe":{"channel":"x"}}') == 204
        assert tell(windsock, connect, '{"id":5,"presence":{"channel":"x:y"}}') == 204
        assert [stream.next()["id"] for _ in range(3)] == [3, 4, 5]
        post(windsock, path, 1, 2)
        assert [stream.next()["push"]["pub"]["data"]["values"]["n"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    ("path", "said", "code"),
    [
        ("http_stream", '{"id":1,"subscribe":{"channel":"readings"}}', 3501),
        ("http_stream", f"{HELLO}\n{HELLO}", 3501),
        ("sse", f'{HELLO}\n{{"send":{{"data":1}}}}', 3508),
        ("sse", '{"id":1,"connect":{"token":"x.y.z"}}', 3500),
        ("http_stream", "\n".join([HELLO, *['{"id":2,"ping":{}}'] * 60]), 3013),
        ("uni_sse", '{"token":"x.y.z"}', 3500),
        ("uni_http_stream", '{"subs":{"nobody:a":{}}}', 3501),
        ("uni_http_stream", '{"subs":{"device:a":{},"device:b":{},"device:c":{},"device:d":{}}}', 3505),
        ("uni_sse", json.dumps({"token": jwt.encode({"sub": "7", "exp": 1}, SECRET, "HS256")}), 3005),
    ],
)
def test_the_reason_of_an_end_is_its_last_message(windsock: Windsock, path: str, said: str, code: int) -> None:
    before = windsock.metrics().get(f'windsock_sockets_closed_total{{code="{code}"}}', 0)
    with listening(windsock, path, said) as stream:
        last = stream.rest()[-1]
    assert (last if path.startswith("uni") else last["push"])["disconnect"]["code"] == code
    assert windsock.metrics()[f'windsock_sockets_closed_total{{code="{code}"}}'] == before + 1


def test_a_session_that_breaks_the_protocol_later_is_ended(windsock: Windsock) -> None:
    with listening(windsock, "http_stream", HELLO) as stream:
        connect = stream.next()["connect"]
        assert tell(windsock, connect, "nonsense") == 204
        assert stream.next() == {"push": {"disconnect": {"code": 3501, "reason": "bad request"}}}
        assert stream.next() is None
        assert tell(windsock, connect, "{}") == 404


@pytest.mark.parametrize("path", ["uni_sse", "uni_http_stream"])
def test_who_only_listens_gets_bare_pushes_from_where_it_left_off(windsock: Windsock, path: str) -> None:
    device = f"uni-{path}"
    epoch = post(windsock, device, *range(1, 6)).split(".")[0]
    stand = {"recover": True, "epoch": epoch, "offset": 3}
    asked = json.dumps({"subs": {f"device:{device}": stand, "command:x": {}}}, indent=1)
    with listening(windsock, path, asked) as stream:
        connect = stream.next()["connect"]
        assert "pong" not in connect
        (channel,) = connect["subs"]
        recovered = connect["subs"][channel]["publications"]
        post(windsock, device, 6)
        pushed = stream.next()
        assert pushed["channel"] == channel
        numbers = [one["data"]["values"]["n"] for one in [*recovered, pushed["pub"]]]
        assert numbers == [4, 5, 6]


def test_nobody_need_say_anything_to_listen(windsock: Windsock) -> None:
    with listening(windsock, "uni_sse", "") as stream:
        assert "connect" in stream.next()


BINARY = {"Content-Type": "application/octet-stream"}


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("connection/http_stream", b"", {}, 400),
        ("connection/http_stream", b"nonsense", {}, 400),
        ("connection/http_stream", b"\xff\xfe", {}, 400),
        ("connection/http_stream", HELLO.encode(), BINARY, 400),
        ("connection/http_stream", b"x" * 5_000, {}, 413),
        ("connection/uni_http_stream", b"[]", {}, 400),
        ("connection/uni_sse", b"[" * 4_000, {}, 400),
        ("emulation", b"", {}, 400),
        ("emulation", b"[]", {}, 400),
        ("emulation", b'{"x":' + b"[" * 9_000, {}, 400),
        ("emulation", b'{"session":1,"node":"x","data":"{}"}', {}, 400),
        ("emulation", b"\xff", BINARY, 400),
        ("emulation", b"", BINARY, 404),
        ("emulation", b'{"session":"x","node":"x","data":"{}"}', {}, 404),
        ("emulation", json.dumps({"session": "x", "node": "x" * 1_000, "data": "{}"}).encode(), {}, 404),
        ("emulation", json.dumps({"session": "x", "node": "x", "data": "x" * 5_000}).encode(), {}, 413),
        ("emulation", b"x" * 50_000, {}, 413),
    ],
)
def test_wrong_requests_are_problems(
    windsock: Windsock, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = httpx.post(f"{windsock.url}/{path}", content=body, headers=headers, trust_env=False)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_so_is_a_query_that_is_too_long(windsock: Windsock) -> None:
    answer = httpx.get(f"{windsock.url}/connection/sse", params={"cf_connect": "x" * 5_000}, trust_env=False)
    assert answer.status_code == 413


def test_no_body_is_a_fault_of_the_server(windsock: Windsock) -> None:
    chance = random.Random(7)
    samples = [HELLO.encode(), b'{"session":"x","node":"x","data":"{}"}', b"\x0a\x01x\x12\x01x\x1a\x01x"]
    paths = ["emulation", "connection/http_stream", "connection/uni_http_stream"]
    with httpx.Client(trust_env=False, base_url=windsock.url) as http:
        for _ in range(300):
            body = bytearray(chance.choice(samples))
            for _ in range(chance.randint(1, 4)):
                body[chance.randrange(len(body))] = chance.randrange(256)
            headers = chance.choice([{}, BINARY])
            with http.stream("POST", "/" + chance.choice(paths), content=bytes(body), headers=headers) as answer:
                assert answer.status_code < 500, body
    assert "Traceback" not in windsock.log


def test_a_request_that_never_comes_is_given_up(windsock: Windsock) -> None:
    host, port = windsock.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as lazy:
        lazy.sendall(b"POST /connection/http_stream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert lazy.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_never_reads_is_ended_and_the_books_balance(windsock: Windsock) -> None:
    host, port = windsock.url.removeprefix("http://").split(":")
    wait_until(lambda: windsock.metrics()["windsock_connections"] == 0, "others are here")
    hello = f'{HELLO}\n{{"id":2,"subscribe":{{"channel":"device:loud"}}}}'
    with socket.socket() as lazy, listening(windsock, "http_stream", hello) as other:
        assert [other.next()["id"] for _ in range(2)] == [1, 2]
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect((host, int(port)))
        head = f"POST /connection/http_stream HTTP/1.1\r\nHost: x\r\nContent-Length: {len(hello)}\r\n\r\n"
        lazy.sendall(head.encode() + hello.encode())
        assert b" 200 " in lazy.recv(100)

        def slow() -> bool:
            readings = [{"device": "loud", "values": {"n": n, "filling": "x" * 250}} for n in range(200)]
            httpx.post(f"{windsock.url}/v1/readings", json=readings, trust_env=False).raise_for_status()
            assert [other.next()["push"]["pub"]["data"]["values"]["n"] for n in range(200)] == list(range(200))
            return windsock.metrics()["windsock_slow_clients_total"] == 1

        wait_until(slow, "the client that never reads is not ended")
        wait_until(lambda: windsock.metrics()["windsock_connections"] == 1, "its seat does not come back")
    wait_until(lambda: windsock.metrics()["windsock_connections"] == 0, "the other's seat does not come back")
    metrics = windsock.metrics()
    assert metrics['windsock_sockets_closed_total{code="3008"}'] == 1
    matched, sent, refused = (metrics[f"windsock_publications_{what}_total"] for what in ("matched", "sent", "refused"))
    assert matched == sent + refused
    assert refused > 0
    assert "Traceback" not in windsock.log


def test_who_only_listens_is_pinged_and_let_go_when_the_gateway_stops(tmp_path: Path) -> None:
    with Windsock(tmp_path, ping_s="1") as windsock, listening(windsock, "uni_http_stream", "") as stream:
        assert "connect" in stream.next()
        assert [stream.next() for _ in range(3)] == [{}, {}, {}]
        assert windsock.stop() == 0
        assert stream.rest()[-1] == {"disconnect": {"code": 3001, "reason": "shutdown"}}
        assert "Traceback" not in windsock.log


def test_a_token_that_is_not_renewed_ends_the_stream_of_who_only_listens(windsock: Windsock) -> None:
    token = jwt.encode({"sub": "7", "exp": time.time() + 100}, SECRET, "HS256")
    with listening(windsock, "uni_sse", json.dumps({"token": token})) as stream:
        connect = stream.next()["connect"]
        assert connect["expires"] is True
        assert 90 < connect["ttl"] <= 100


def test_pages_of_other_origins_are_refused_where_there_is_a_list(tmp_path: Path) -> None:
    with Windsock(tmp_path, origins="https://page.example") as windsock:
        for path in ("connection/http_stream", "emulation", "connection/uni_sse"):
            url, headers = f"{windsock.url}/{path}", {"Origin": "https://other.example"}
            answer = httpx.post(url, content=HELLO, headers=headers, trust_env=False)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_commands_posted_to_another_gateway_keep_their_order(tmp_path: Path, redis_server: RedisServer) -> None:
    with (
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as one,
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as other,
        listening(one, "http_stream", HELLO) as stream,
    ):
        connect = stream.next()["connect"]
        for number in range(2, 60):
            assert tell(other, connect, f'{{"id":{number},"ping":{{}}}}') == 204
        assert [stream.next()["id"] for _ in range(2, 60)] == list(range(2, 60))
        assert tell(other, connect | {"session": "x"}, "{}") == 404
        assert tell(other, connect | {"node": "x"}, "{}") == 404


def test_who_leaves_gives_back_its_seat_and_is_present_no_more(tmp_path: Path) -> None:
    namespaces = tmp_path / "namespaces.toml"
    namespaces.write_text(
        "[namespaces.chat]\npresence = true\nallow_subscribe_for_client = true\nallow_subscribe_for_anonymous = true\n"
        "allow_presence_for_client = true\nallow_presence_for_anonymous = true\n"
    )
    with Windsock(tmp_path, namespaces=str(namespaces)) as windsock, listening(windsock, "sse", HELLO) as stream:
        connect = stream.next()["connect"]

        def present() -> int:
            assert tell(windsock, connect, '{"id":2,"presence_stats":{"channel":"chat:a"}}') == 204
            return int(stream.next()["presence_stats"]["num_clients"])

        with listening(windsock, "uni_http_stream", '{"subs":{"chat:a":{}}}') as other:
            assert "chat:a" in other.next()["connect"]["subs"]
            assert present() == 1
            assert windsock.metrics()["windsock_connections"] == 2
        wait_until(lambda: present() == 0, "it is still present")
        assert windsock.metrics()["windsock_connections"] == 1
