from __future__ import annotations

import pytest

from services import topics
from services.errors import BadRequest


@pytest.mark.parametrize(
    "topic",
    [
        "readings",
        "device:a",
        "device:urn:dev:mac~1",
        "metric:temperature",
        "metric:_x",
        "weather:sao-paulo",
        "feed:7",
        "compare:a:berlin",
        "compare:urn:dev:mac~1:sao-paulo/humidity",
    ],
)
def test_a_well_formed_topic_is_returned(topic: str) -> None:
    assert topics.parse(topic) == topic


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "reading",
        "readings:",
        "device:",
        "device:a b",
        "device:-a",
        "device:a\n",
        "device:é",
        "device:" + "a" * 129,
        "metric:9",
        "metric:ts",
        "metric:device",
        "feed:a:b",
        "feed:{a}",
        "Device:a",
        "compare:",
        "compare:a",
        "compare::berlin",
        "compare:a:",
        "compare:a:berlin/",
        "compare:a:berlin/9",
        "compare:a:berlin/ts",
        "compare:a:berlin/t/t",
        "compare:a/t:berlin",
    ],
)
def test_anything_else_is_refused(topic: str) -> None:
    with pytest.raises(BadRequest) as caught:
        topics.parse(topic)
    assert caught.value.fault.field == "topic"


def test_the_last_colon_divides_what_is_compared() -> None:
    assert topics.compared("compare:a:berlin") == ("a", "berlin", "temperature")
    found = topics.compared("compare:urn:dev:1:new-york/humidity")
    assert found == ("urn:dev:1", "new-york", "humidity")
    assert found.sources == ("device:urn:dev:1", "weather:new-york")


def test_a_comparison_needs_what_is_beneath_it_and_any_other_topic_itself() -> None:
    assert topics.needed("compare:a:b:berlin/t") == ("device:a:b", "weather:berlin")
    assert topics.needed("device:a") == ("device:a",)


@pytest.mark.parametrize("topic", ["compare:a:berlin", "command:a", "nonsense"])
def test_what_has_no_history_is_refused(topic: str) -> None:
    assert topics.stored("device:a") == "device:a"
    with pytest.raises(BadRequest, match=r"^topic: "):
        topics.stored(topic)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("São Paulo", "sao-paulo"), ("  St. John's ", "st-john-s"), ("東京", ""), ("a" * 100, "a" * 64)],
)
def test_a_slug_is_a_topic_name_or_empty(name: str, slug: str) -> None:
    assert topics.slug(name) == slug
    assert not slug or topics.parse(topics.WEATHER + slug)


def test_all_keys_of_a_topic_live_in_one_slot() -> None:
    tag = "{device:a}"
    keys = (topics.stream_key, topics.state_key, topics.channel)
    assert all(tag in key("device:a") for key in keys)
    assert tag in topics.id_key("device:a", "1")


def test_only_readings_and_metrics_are_group_topics() -> None:
    assert topics.is_group("readings")
    assert topics.is_group("metric:t")
    assert not topics.is_group("device:a")
    assert not topics.is_group("weather:berlin")
