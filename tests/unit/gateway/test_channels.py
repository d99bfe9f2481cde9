from __future__ import annotations

from pathlib import Path

import pytest

from gateway.channels import BadChannelError, Channels, UnknownChannelError
from services.errors import SettingError

FILE = """
[namespaces.chat]
presence = true
history_size = 10
history_ttl_s = 60
allow_subscribe_for_client = true
allow_publish_for_subscriber = true
allow_user_limited_channels = true

[default]
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true

[personal]
namespace = "chat"
"""


@pytest.fixture
def channels(tmp_path: Path) -> Channels:
    return written(tmp_path, FILE)


def written(folder: Path, text: str) -> Channels:
    file = folder / "namespaces.toml"
    file.write_text(text)
    return Channels(str(file))


@pytest.mark.parametrize(
    "name", ["readings", "device:a", "metric:t", "weather:berlin", "feed:x", "command:a", "compare:a:berlin"]
)
def test_topics_are_channels(channels: Channels, name: str) -> None:
    assert channels.find(name).built_in
    assert Channels().find(name).built_in


@pytest.mark.parametrize("name", ["chat:room", "chat:#7", "news", "$chat:secret", "chat:a:b"])
def test_namespaces_of_the_file_have_channels(channels: Channels, name: str) -> None:
    assert not channels.find(name).built_in


@pytest.mark.parametrize("name", ["other:x", "$other:x", "$device:a", ":x"])
def test_other_namespaces_are_unknown(channels: Channels, name: str) -> None:
    with pytest.raises(UnknownChannelError):
        channels.find(name)


@pytest.mark.parametrize(
    "name", ["", "chat:\u00fc", "chat:a b", "chat:{a}", "chat:" + "x" * 251, "device:a b", "device:"]
)
def test_other_names_are_bad(channels: Channels, name: str) -> None:
    with pytest.raises(BadChannelError):
        channels.find(name)


def test_a_comparison_may_be_followed_and_nothing_else(channels: Channels) -> None:
    compared = channels.find("compare:a:berlin")
    assert (compared.derived, compared.kept, compared.readable) == (True, False, True)
    assert compared.grants("subscribe", "", subscribed=False)
    for action in ("publish", "presence", "history"):
        assert not compared.grants(action, "7", subscribed=True)
    assert not channels.find("device:a").derived
    assert [channels.find(name).kept for name in ("device:a", "chat:room", "news")] == [True, True, False]


def test_a_namespace_may_not_be_called_like_a_topic(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="'compare' is a built-in topic's name"):
        written(tmp_path, "[namespaces.compare]")


def test_without_a_default_a_channel_without_a_namespace_is_unknown() -> None:
    with pytest.raises(UnknownChannelError):
        Channels().find("news")


def test_options_say_who_may_do_what(channels: Channels) -> None:
    room, news = channels.find("chat:room"), channels.find("news")
    assert room.grants("subscribe", "7", subscribed=False)
    assert not room.grants("subscribe", "", subscribed=False)
    assert news.grants("subscribe", "", subscribed=False)
    assert not room.grants("publish", "7", subscribed=False)
    assert room.grants("publish", "7", subscribed=True)
    assert not room.grants("publish", "", subscribed=True)
    assert not news.grants("publish", "7", subscribed=True)


def test_a_private_channel_wants_a_token(channels: Channels) -> None:
    assert not channels.find("$chat:room").grants("subscribe", "7", subscribed=False)


def test_nothing_of_a_private_or_user_limited_channel_is_told_to_others(tmp_path: Path) -> None:
    every = "\n".join(f"allow_{action}_for_client = true" for action in ("subscribe", "publish", "presence", "history"))
    channels = written(tmp_path, f"[namespaces.chat]\nallow_user_limited_channels = true\n{every}")
    for action in ("publish", "presence", "history"):
        assert not channels.find("$chat:a").grants(action, "7", subscribed=False)
        assert channels.find("$chat:a").grants(action, "7", subscribed=True)
    for action in ("subscribe", "presence", "history"):
        assert not channels.find("chat:#7").grants(action, "8", subscribed=False)
        assert channels.find("chat:#7").grants(action, "7", subscribed=False)
    assert channels.find("chat:#7").grants("publish", "8", subscribed=False)


def test_a_user_limited_channel_is_for_its_users(channels: Channels) -> None:
    pair = channels.find("chat:talk#7,8")
    assert [pair.grants("subscribe", user, subscribed=False) for user in ("7", "8", "9", "")] == [
        True,
        True,
        False,
        False,
    ]


def test_each_user_has_a_personal_channel(channels: Channels) -> None:
    channel = channels.personal("7")
    assert channel is not None
    assert (channel.name, channel.users) == ("chat:#7", frozenset({"7"}))
    for nobody in ("", "7#8", "7,8", "a b"):
        assert channels.personal(nobody) is None
    assert not channels.find("chat:#7").grants("subscribe", "8", subscribed=False)
    assert Channels().personal("7") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[namespaces.chat]\npresense = true", "presense"),
        ("[namespaces.chat]\nhistory_size = -1", "history_size"),
        ("[namespaces.device]", "built-in"),
        ('[namespaces."a b"]', "letters"),
        ('[personal]\nnamespace = "x"', "not defined"),
        ("[personal]", "not defined"),
        ("nonsense", "WINDSOCK_NAMESPACES"),
    ],
)
def test_what_is_wrong_in_the_file_is_told(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SettingError, match=reason):
        written(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="No such file"):
        Channels(str(tmp_path / "none"))
