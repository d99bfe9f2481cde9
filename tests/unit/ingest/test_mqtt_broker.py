from __future__ import annotations

import pytest

from ingest.mqtt.broker import Broker
from services.errors import SettingError


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("mqtt://h", ("h", 1883, False, None, None)),
        ("mqtts://h", ("h", 8883, True, None, None)),
        ("mqtt://u:p%40ss@[::1]:99/", ("::1", 99, False, "u", "p@ss")),
        ("mqtts://u@h:1", ("h", 1, True, "u", None)),
    ],
)
def test_a_url_names_the_broker_and_who_we_are(url: str, found: tuple[object, ...]) -> None:
    broker = Broker.at(url)
    assert (broker.host, broker.port, broker.tls, broker.user, broker.password) == found


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is not set"),
        ("h:1883", "begins with mqtt"),
        ("http://h", "begins with mqtt"),
        ("mqtt://", "no host"),
        ("mqtt://h:x", "port 'x' is not a number from 0 to 65535"),
        ("mqtt://u:p@h:99999", "port '99999' is not a number from 0 to 65535"),
        ("mqtt://u:p/ss@h:1", "percent-encoded"),
        ("mqtt://u:a@b:c/d@h:1", "percent-encoded"),
        ("mqtt://u:[p@h", "percent-encoded"),
        ("mqtt://h/topic", "WINDSOCK_MQTT_TOPICS"),
    ],
)
def test_what_names_no_broker_is_refused_with_a_reason(url: str, reason: str) -> None:
    with pytest.raises(SettingError, match=reason):
        Broker.at(url)


def test_the_password_is_never_shown() -> None:
    assert "secret" not in Broker.at("mqtt://u:secret@h").shown
    with pytest.raises(SettingError) as refused:
        Broker.at("mqtt://u:secret@h/x")
    assert "secret" not in str(refused.value)
