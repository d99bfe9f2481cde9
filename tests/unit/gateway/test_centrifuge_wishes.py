from __future__ import annotations

import pytest

from gateway.channels import Channel, Channels, Options
from gateway.clients.centrifuge.wishes import Window, Wishes, asked

TOPIC = Channels().find("readings")
ROOM = Channel("chat:room", Options(), built_in=False)


@pytest.mark.parametrize(
    ("data", "wishes"),
    [
        (b"", None),
        (b"null", None),
        (b"{}", None),
        (b'{"delivery":"every"}', Wishes("every")),
        (b'{"delivery":"latest"}', Wishes("latest")),
        (b'{"delivery":"sample"}', Wishes("sample", 1.0)),
        (b'{"delivery":"sample","rate":0.5}', Wishes("sample", 0.5)),
        (b'{"window":"90s"}', Wishes(window=Window(90, 500))),
        (b'{"window":"7d","points":2,"delivery":"latest"}', Wishes("latest", window=Window(604_800, 2))),
    ],
)
def test_what_may_be_asked_for(data: bytes, wishes: Wishes | None) -> None:
    assert asked(TOPIC, data) == wishes


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"delivry":"latest"}', "delivry"),
        (b'{"delivery":"newest"}', "delivery"),
        (b'{"delivery":null}', "delivery"),
        (b'{"rate":2}', "rate"),
        (b'{"delivery":"latest","rate":2}', "rate"),
        (b'{"delivery":"sample","rate":0}', "rate"),
        (b'{"delivery":"sample","rate":51}', "rate"),
        (b'{"delivery":"sample","rate":true}', "rate"),
        (b'{"points":5}', "points"),
        (b'{"window":"15m","points":1}', "points"),
        (b'{"window":"15m","points":5001}', "points"),
        (b'{"window":"15"}', "window"),
        (b'{"window":"0s"}', "window"),
        (b'{"window":"8d"}', "window"),
        (b'{"window":15}', "window"),
        (b"[1]", "object"),
        (b"{", "truncated"),
        (b'{"delivery":"\xff"}', "UTF-8|utf-8"),
    ],
)
def test_anything_else_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        asked(TOPIC, data)


@pytest.mark.parametrize("topic", ["feed:x", "command:x"])
def test_only_readings_have_windows(topic: str) -> None:
    channel = Channels().find(topic)
    with pytest.raises(ValueError, match="window"):
        asked(channel, b'{"window":"15m"}')
    assert asked(channel, b'{"delivery":"latest"}') == Wishes("latest")


@pytest.mark.parametrize("data", [b"7", b'"x"', b"[]", b"{", b'{"color":"red"}', b'{"points":7}'])
def test_in_namespaces_what_is_the_applications_own_is_left_alone(data: bytes) -> None:
    assert asked(ROOM, data) is None


def test_in_namespaces_the_delivery_counts() -> None:
    assert asked(ROOM, b'{"delivery":"sample","rate":2,"color":"red"}') == Wishes("sample", 2.0)
    for data in (b'{"delivery":"newest"}', b'{"window":"15m"}', b'{"rate":2}'):
        with pytest.raises(ValueError, match=r"delivery|window|rate"):
            asked(ROOM, data)


def test_the_confirmation_says_what_was_asked_for() -> None:
    assert Wishes("sample", 2.0).confirmed() == {"delivery": "sample", "rate": 2}
    assert Wishes("sample", 0.5).confirmed() == {"delivery": "sample", "rate": 0.5}
    assert Wishes("latest").confirmed() == {"delivery": "latest"}
    assert (Wishes("sample", 0.5).interval_s, Wishes("latest").interval_s) == (2.0, 0.0)
