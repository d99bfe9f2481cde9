from __future__ import annotations

import pytest

from services.cli.tail import Source, position_in, source_of
from services.errors import BadRequest

URL = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("topic", "address"),
    [
        ("device:roof-1", "ws://127.0.0.1:8080/ws/device/roof-1/?since="),
        ("device:a:b~c", "ws://127.0.0.1:8080/ws/device/a%3Ab~c/?since="),
        ("readings", "ws://127.0.0.1:8080/ws/sensor/?since="),
        ("metric:temperature", "ws://127.0.0.1:8080/ws/metric/temperature/?since="),
        ("feed:news", "ws://127.0.0.1:8080/ws/feed/news/"),
        ("weather:berlin", "ws://127.0.0.1:8080/ws/weather/"),
    ],
)
def test_each_topic_has_its_socket(topic: str, address: str) -> None:
    assert source_of(topic).address(URL, "") == address


def test_a_city_is_asked_for_by_message() -> None:
    assert source_of("weather:new-york").opening == b'{"city":"new-york"}'


def test_a_socket_that_resumes_is_told_the_position() -> None:
    assert source_of("readings").address("https://example.org/base/", "abc.7") == (
        "wss://example.org/base/ws/sensor/?since=abc.7"
    )


@pytest.mark.parametrize("topic", ["command:a", "nonsense", "device:", "weather:São Paulo"])
def test_a_topic_that_is_not_pushed_is_refused(topic: str) -> None:
    with pytest.raises(BadRequest, match=r"^topic: "):
        source_of(topic)


@pytest.mark.parametrize("url", ["ws://x", "127.0.0.1:8080", "http:///x"])
def test_what_is_no_http_address_is_refused(url: str) -> None:
    with pytest.raises(BadRequest, match=r"^--url: "):
        Source("/ws/echo/").address(url, "")


def test_the_position_is_read_from_a_message_and_from_nothing_else() -> None:
    assert position_in('{"device":"a","position":"abc.7"}') == "abc.7"
    assert position_in('{"position":7}') is None
    assert position_in("[]") is None
    assert position_in("text") is None
