from __future__ import annotations

import pytest

from ingest.mqtt.payloads import NAMES
from ingest.mqtt.templates import Place, Template, parse_all
from services.errors import SettingError


def template(text: str) -> Template:
    return Template.parse(text, NAMES)


@pytest.mark.parametrize(
    ("text", "filter_", "topic", "place"),
    [
        ("{site}/{device}/{metric}", "+/+/+", "berlin/7/light", Place("7", "light", {"site": "berlin"})),
        ("v1/devices/{device}/telemetry", "v1/devices/+/telemetry", "v1/devices/a/telemetry", Place("a")),
        ("{device}/{device}/{metric}", "+/+/+", "berlin/7/light", Place("berlin:7", "light")),
        ("x/{device}/{metric}/{metric}", "x/+/+/+", "x/a/relay/power", Place("a", "relay.power")),
        ("+/{device}/#", "+/+/#", "x/a", Place("a")),
        ("+/{device}/#", "+/+/#", "x/a/b/c", Place("a")),
        ("readings", "readings", "readings", Place()),
    ],
)
def test_a_template_is_a_filter_and_reads_topics(text: str, filter_: str, topic: str, place: Place) -> None:
    assert template(text).filter == filter_
    assert template(text).place(topic) == place


@pytest.mark.parametrize("topic", ["x", "x/a/b", "y/a", ""])
def test_a_topic_of_another_shape_is_none_of_its(topic: str) -> None:
    assert template("x/{device}").place(topic) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no topic"),
        ("x/{Device}", "level '{Device}'"),
        ("x/dev-{device}", "level 'dev-{device}'"),
        ("x/#/y", "level '#'"),
        ("x/a+", "level 'a+'"),
        ("$share/g/{device}", "WINDSOCK_MQTT_GROUP"),
        ("{device}=text", "{metric}"),
        ("{device}/{metric}=lines", "lines"),
        ("{device}=xml", "'xml'"),
    ],
)
def test_what_is_no_template_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(SettingError, match="WINDSOCK_MQTT_TOPICS") as refused:
        parse_all(text, NAMES)
    assert reason in str(refused.value)


def test_the_payload_stands_behind_the_topic() -> None:
    one, two = parse_all("a/{device}/{metric}=text  b/{device}", NAMES)
    assert (one.payload, two.payload) == ("text", "json")
