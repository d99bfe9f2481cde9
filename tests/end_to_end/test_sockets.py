"""Each plain socket as a client with nothing but WebSockets sees it, on the whole system."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.processes import Windsock
from tests.raw_socket import CONTINUED, PING, TEXT, close_code, frame, handshaking, message, upgraded
from tests.redis_server import RedisServer
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    with Windsock(tmp_path_factory.mktemp("sockets"), outbox_bytes="65536", status_s="0.5") as running:
        yield running


def post(windsock: Windsock, *readings: dict[str, Any]) -> dict[str, Any]:
    answer = httpx.post(f"{windsock.url}/v1/readings", json=list(readings), trust_env=False)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def open_socket(windsock: Windsock, path: str) -> ClientConnection:
    return connect(windsock.ws + path, proxy=None)


def take(connection: ClientConnection) -> Any:
    return json.loads(connection.recv(timeout=10))


def test_a_reading_sent_over_the_sensor_socket_is_stored_and_goes_to_all(windsock: Windsock) -> None:
    with open_socket(windsock, "/ws/sensor/") as one, open_socket(windsock, "/ws/sensor") as other:
        one.send('{"device":"desk","ts":5,"values":{"light":3}}')
        expected = {"device": "desk", "ts": 5, "values": {"light": 3}}
        assert take(one) == take(other) == expected
    stored = httpx.get(f"{windsock.url}/api/devices/desk", trust_env=False).json()
    assert stored["latest"] == {"light": {"value": 3, "ts": 5}}


def test_an_invalid_reading_gets_an_error_and_the_socket_stays_open(windsock: Windsock) -> None:
    with open_socket(windsock, "/ws/sensor/") as connection:
        for wrong in ("nope", "{}", '{"device":"a","values":{}}', b"\xff"):
            connection.send(wrong)
            assert "error" in take(connection)
        connection.send('{"device":"desk","ts":6,"values":{"light":4}}')
        assert take(connection)["ts"] == 6


def test_the_temperature_socket_begins_with_the_latest_value_of_each_device(windsock: Windsock) -> None:
    post(windsock, {"device": "t1", "ts": 2000, "values": {"temperature": 21.4, "humidity": 40}})
    post(windsock, {"device": "t1", "ts": 1000, "values": {"temperature": 5}})
    post(windsock, {"device": "t1", "ts": 3000, "values": {"humidity": 41}})
    with open_socket(windsock, "/ws/temperature/") as connection:
        assert take(connection) == {"temperature": 21.4, "device": "t1", "ts": 2000}
        post(windsock, {"device": "t2", "ts": 4000, "values": {"temperature": 7}})
        assert take(connection) == {"temperature": 7, "device": "t2", "ts": 4000}
    with open_socket(windsock, "/ws/metric/humidity/") as connection:
        assert take(connection) == {"humidity": 41, "device": "t1", "ts": 3000}


def test_a_device_socket_resumes_without_loss_or_repetition(windsock: Windsock) -> None:
    positions = post(windsock, *({"device": "r", "values": {"n": n}} for n in range(5)))["positions"]
    with open_socket(windsock, f"/ws/device/r/?since={positions[1]}") as connection:
        post(windsock, {"device": "r", "values": {"n": 5}})
        messages = [take(connection) for _ in range(4)]
        assert [message["values"]["n"] for message in messages] == [2, 3, 4, 5]
        assert [message["position"] for message in messages[:3]] == positions[2:]


def test_a_position_of_another_epoch_is_told_and_the_socket_goes_on(windsock: Windsock) -> None:
    post(windsock, {"device": "e", "values": {"n": 0}})
    with open_socket(windsock, "/ws/device/e/?since=abcdefgh.7") as connection:
        message = take(connection)
        assert message["error"]["code"] == "position_lost"
        assert message["recovered"] is False
        post(windsock, {"device": "e", "values": {"n": 1}})
        assert take(connection)["values"] == {"n": 1}


def test_what_is_no_position_or_no_topic_is_refused_before_the_handshake(windsock: Windsock) -> None:
    for path in ("/ws/device/r/?since=nonsense", "/ws/device/a%20b/", "/ws/feed/x/?since=abc.1"):
        with pytest.raises(InvalidStatus) as refused:
            open_socket(windsock, path)
        assert refused.value.response.status_code == 400
        assert "reason" in json.loads(bytes(refused.value.response.body or b""))


@pytest.mark.parametrize("path", ["/ws/nothing/", "/elsewhere", "/v1/readings"])
def test_a_path_without_a_socket_is_not_found(windsock: Windsock, path: str) -> None:
    with pytest.raises(InvalidStatus, match="404"):
        open_socket(windsock, path)


def test_what_one_sends_to_a_feed_all_get(windsock: Windsock) -> None:
    with open_socket(windsock, "/ws/feed/room/") as one, open_socket(windsock, "/ws/feed/room/") as other:
        for message in ({"text": "hi"}, [1, None], "plain", 7):
            one.send(json.dumps(message))
            assert take(one) == take(other) == message
        one.send("{")
        assert take(one)["error"]["code"] == "malformed"


@pytest.mark.parametrize("path", ["/ws/echo/", "/ws/my-websocket/"])
def test_the_echo_socket_answers_each_message(windsock: Windsock, path: str) -> None:
    with open_socket(windsock, path) as connection:
        connection.send("hello")
        assert connection.recv(timeout=10) == "hello"


def test_a_message_that_is_too_large_closes_with_1009(windsock: Windsock) -> None:
    with open_socket(windsock, "/ws/echo/") as connection:
        connection.send("x" * 70_000)
        with pytest.raises(Exception, match="1009"):
            connection.recv(timeout=10)


def test_a_feed_keeps_what_is_sent_as_it_is(windsock: Windsock) -> None:
    with open_socket(windsock, "/ws/feed/exact/") as connection:
        connection.send('{\n "big": 12345678901234567890123,\r\n "big": 1.10 }')
        received = str(connection.recv(timeout=10))
        assert received.split() == ["{", '"big":', "12345678901234567890123,", '"big":', "1.10", "}"]
        connection.send("1\n2")
        assert take(connection)["error"]["code"] == "malformed"


def test_a_client_that_asks_for_the_status_gets_it_beside_the_readings(windsock: Windsock) -> None:
    with open_socket(windsock, "/ws/device/s/?status=1") as connection:
        assert take(connection) == {"status": "live", "position": ".0"}
        post(windsock, {"device": "s", "values": {"n": 0}})
        told = [take(connection) for _ in range(3)]
    assert [one["values"] for one in told if "device" in one] == [{"n": 0}]
    assert [one for one in told if "device" not in one] == [{"status": "live"}] * 2


def test_a_client_that_talks_too_fast_is_closed_with_3013(windsock: Windsock) -> None:
    def chatter(connection: ClientConnection) -> None:
        for _ in range(1_000):
            connection.send("x")
            connection.recv(timeout=10)

    with open_socket(windsock, "/ws/echo/") as connection, pytest.raises(ConnectionClosedError, match="3013"):
        chatter(connection)


def test_messages_that_are_no_text_are_answered_or_refused_not_dropped(windsock: Windsock) -> None:
    with open_socket(windsock, "/ws/echo/") as connection:
        connection.send(b"bytes")
        assert connection.recv(timeout=10) == "bytes"
        connection.send(b"\xff")
        assert take(connection)["error"]["code"] == "bad_request"
    with open_socket(windsock, "/ws/device/r/") as connection:
        connection.send("hello?")
        assert take(connection)["error"]["code"] == "bad_request"


def test_no_more_clients_than_there_are_seats(tmp_path: Path) -> None:
    with Windsock(tmp_path, connections="2") as windsock:
        with open_socket(windsock, "/ws/echo/"), open_socket(windsock, "/ws/echo/"):
            with pytest.raises(InvalidStatus) as refused:
                open_socket(windsock, "/ws/echo/")
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["retry-after"] == "5"
        wait_until(lambda: _opens(windsock), "the seats do not come back")


def _opens(windsock: Windsock) -> bool:
    try:
        with open_socket(windsock, "/ws/echo/"):
            return True
    except InvalidStatus:
        return False


def test_the_latest_values_of_many_devices_and_what_comes_meanwhile_lose_nothing(windsock: Windsock) -> None:
    devices = [f"many-{n}" for n in range(1_000)]
    post(windsock, *({"device": device, "ts": 1, "values": {"many": 0}} for device in devices))
    with open_socket(windsock, "/ws/metric/many/") as connection:
        post(windsock, *({"device": device, "ts": 2, "values": {"many": 1}} for device in devices))
        messages: list[Any] = []
        while len(messages) < 2_000 and len({m["device"] for m in messages if m["many"] == 1}) < 1_000:
            messages.append(take(connection))
    for device in devices:
        assert [m["many"] for m in messages if m["device"] == device][-1] == 1


def test_pages_of_other_origins_are_refused_where_there_is_a_list(tmp_path: Path) -> None:
    with Windsock(tmp_path, origins="https://example.org") as windsock:
        for path in ("/ws/echo/", "/connection/websocket"):
            with connect(windsock.ws + path, proxy=None, origin=Origin("https://example.org")):
                pass
            with pytest.raises(InvalidStatus, match="403"):
                connect(windsock.ws + path, proxy=None, origin=Origin("https://evil.example"))


def test_a_failure_after_the_handshake_is_told_and_the_client_may_come_back(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with Windsock(tmp_path, "gateway", redis_url=redis_server.url) as windsock, open_socket(windsock, "/ws/device/f/"):
        redis_server.send(signal.SIGSTOP)
        with open_socket(windsock, "/ws/device/f/?since=.1") as connection:
            assert take(connection)["error"]["code"] == "unavailable"
            with pytest.raises(ConnectionClosedError, match="1013"):
                connection.recv(timeout=10)
        redis_server.send(signal.SIGCONT)
        assert "Traceback" not in windsock.log


def test_a_topic_that_is_switched_off_is_not_found(tmp_path: Path) -> None:
    with Windsock(tmp_path, group_topics="false") as windsock:
        for path in ("/ws/sensor/", "/ws/temperature/"):
            with pytest.raises(InvalidStatus, match="404"):
                open_socket(windsock, path)


def seats(windsock: Windsock) -> float:
    return windsock.metrics()["windsock_connections"]


def test_a_client_that_never_reads_is_closed_and_the_others_go_on(windsock: Windsock) -> None:
    with upgraded(windsock.url, "/ws/feed/loud/"), open_socket(windsock, "/ws/feed/loud/") as other:
        sent = 0

        def closed() -> bool:
            nonlocal sent
            sent += 1
            other.send(json.dumps({"n": sent, "filling": "x" * 50_000}))
            assert take(other)["n"] == sent
            return windsock.metrics()["windsock_slow_clients_total"] == 1

        wait_until(closed, "the client that never reads is not closed")
        wait_until(lambda: seats(windsock) == 1, "its seat does not come back")


def test_a_client_that_floods_with_pings_is_closed(windsock: Windsock) -> None:
    with upgraded(windsock.url, "/ws/echo/") as rude:
        rude.sendall(frame(PING, b"x" * 125) * 2_000)
        assert close_code(rude) == 3013


def test_a_message_in_endless_fragments_is_refused(windsock: Windsock) -> None:
    with upgraded(windsock.url, "/ws/echo/") as rude:
        rude.sendall(frame(TEXT, b"x", final=False) + frame(CONTINUED, b"", final=False) * 2_000)
        assert close_code(rude) == 1009


def test_text_that_is_not_utf_8_is_refused_without_a_traceback(windsock: Windsock) -> None:
    with upgraded(windsock.url, "/ws/echo/") as rude:
        rude.sendall(frame(TEXT, b"\xff\xfe"))
        assert close_code(rude) == 1007
    assert "Traceback" not in windsock.log


def test_a_reading_that_is_stored_already_is_answered(windsock: Windsock) -> None:
    reading = json.dumps({"device": "twice", "id": "a-1", "values": {"n": 1}})
    with open_socket(windsock, "/ws/sensor/") as connection:
        connection.send(reading)
        assert take(connection)["id"] == "a-1"
        connection.send(reading)
        told = take(connection)["duplicate"]
        assert told["id"] == "a-1"
        assert told["position"].endswith(".1")


def test_a_socket_that_resumes_and_tells_its_status_opens_with_its_position(windsock: Windsock) -> None:
    with open_socket(windsock, "/ws/device/quiet/?since=&status=1") as connection:
        assert take(connection) == {"status": "live", "position": ".0"}
    post(windsock, {"device": "quiet", "values": {"n": 1}})
    with open_socket(windsock, "/ws/device/quiet/?since=.0") as connection:
        assert take(connection)["values"] == {"n": 1}


def test_a_client_that_reads_slowly_gets_a_history_of_many_times_its_bound(windsock: Windsock) -> None:
    for first in range(0, 5_000, 1_000):
        post(
            windsock,
            *({"device": "long", "values": {"n": n, "filling": "x" * 200}} for n in range(first, first + 1_000)),
        )
    slow_before = windsock.metrics()["windsock_slow_clients_total"]
    with upgraded(windsock.url, "/ws/device/long/?since=.0") as slow:
        wait_until(lambda: windsock.metrics()["windsock_publications_matched_total"] > 0, "nothing is sent")
        numbers = [json.loads(message(slow))["values"]["n"] for _ in range(5_000)]
    assert numbers == list(range(5_000))
    assert windsock.metrics()["windsock_slow_clients_total"] == slow_before


def test_a_stopping_gateway_sends_its_clients_away(tmp_path: Path) -> None:
    with Windsock(tmp_path) as windsock, open_socket(windsock, "/ws/sensor/") as connection:
        assert windsock.stop(signal.SIGTERM) == 0
        with pytest.raises(ConnectionClosedError, match="3001"):
            connection.recv(timeout=10)


def test_who_talks_before_the_handshake_is_done_is_cut_off_without_a_traceback(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with Windsock(tmp_path, "gateway", redis_url=redis_server.url, subscribe_timeout_s="0.5") as windsock:
        redis_server.send(signal.SIGSTOP)
        for words in (frame(PING, b"x") * 50, frame(TEXT, b"\xff"), frame(TEXT, b"x")):
            with handshaking(windsock.url, "/ws/device/x/") as rude:
                rude.sendall(words)
                with contextlib.suppress(ConnectionResetError):
                    # What came in one piece with the handshake is not looked at.
                    assert rude.recv(100)[:12] in (b"", b"HTTP/1.1 503")
        redis_server.send(signal.SIGCONT)
        assert "Traceback" not in windsock.log
