from __future__ import annotations

import pytest

from services.cli.tail import Source, look_into, source_of
from services.errors import BadRequest

URL = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("topic", "address"),
    [
        ("device:roof-1", "ws://127.0.0.1:8080/ws/device/roof-1/?status=1&since="),
        ("device:a:b~c", "ws://127.0.0.1:8080/ws/device/a%3Ab~c/?status=1&since="),
        ("readings", "ws://127.0.0.1:8080/ws/sensor/?status=1&since="),
        ("metric:temperature", "ws://127.0.0.1:8080/ws/metric/temperature/?status=1&since="),
        ("feed:news", "ws://127.0.0.1:8080/ws/feed/news/"),
        ("weather:berlin", "ws://127.0.0.1:8080/ws/weather/"),
        ("compare:a:b:berlin", "ws://127.0.0.1:8080/ws/compare/a%3Ab/berlin/?metric=temperature"),
        ("compare:a:berlin/humidity", "ws://127.0.0.1:8080/ws/compare/a/berlin/?metric=humidity"),
    ],
)
def test_each_topic_has_its_socket(topic: str, address: str) -> None:
    assert source_of(topic).address(URL, "") == address


def test_a_city_is_asked_for_by_message() -> None:
    assert source_of("weather:new-york").opening == b'{"city":"new-york"}'


def test_a_socket_that_resumes_is_told_the_position() -> None:
    assert source_of("readings").address("https://example.org/base/", "abc.7") == (
        "wss://example.org/base/ws/sensor/?status=1&since=abc.7"
    )


@pytest.mark.parametrize("topic", ["command:a", "nonsense", "device:", "weather:São Paulo"])
def test_a_topic_that_is_not_pushed_is_refused(topic: str) -> None:
    with pytest.raises(BadRequest, match=r"^topic: "):
        source_of(topic)


@pytest.mark.parametrize(
    "url", ["ws://x", "127.0.0.1:8080", "http:///x", "http://[::1", "http://h:99999", "http://a..b"]
)
def test_what_is_no_http_address_is_refused(url: str) -> None:
    with pytest.raises(BadRequest, match=r"^--url: "):
        Source("/ws/echo/").address(url, "")


def test_the_position_is_read_from_a_message_and_from_nothing_else() -> None:
    assert look_into('{"device":"a","position":"abc.7"}') == ("abc.7", True)
    assert look_into('{"position":7}') == (None, True)
    assert look_into("[]") == (None, True)
    assert look_into("text") == (None, True)


def test_the_status_of_the_connection_is_not_shown() -> None:
    assert look_into('{"status":"live","position":"abc.7"}') == ("abc.7", False)
    assert look_into('{"status":"on","device":"a","position":"abc.8"}') == ("abc.8", True)
