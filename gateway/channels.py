"""Which channels SDKs may use, and how: the built-in topics, and namespaces that an operator defines. Pure.

A channel's namespace is what stands before its first `:`. The topics' own (`device`, `metric`, `weather`, `feed`,
`command`, `compare`, and `readings`) are built in; others come from the TOML file of `WINDSOCK_NAMESPACES`:

    [namespaces.chat]
    presence = true
    history_size = 100
    history_ttl_s = 300
    force_recovery = true
    allow_subscribe_for_client = true
    allow_publish_for_subscriber = true

    [default]              # channels without a colon
    allow_subscribe_for_client = true

    [personal]             # each user is subscribed to `#<user>` of this namespace by the server
    namespace = "personal"

Names and meanings of the options are Centrifugo's (centrifugal.dev, 'Channels and namespaces').
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from services import topics
from services.errors import BadRequest, SettingError

CHANNEL_CHARACTERS = 255
# Braces would break out of the keys' hash tags.
_NAME = re.compile(r"[!-z|~]{1,255}")
_NAMESPACE = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Options(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a namespace's channels offer, and to whom. All are off unless switched on."""

    presence: bool = False
    join_leave: bool = False
    force_push_join_leave: bool = False
    history_size: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    history_ttl_s: Annotated[int, Meta(ge=0, le=3_650 * 86_400)] = 0
    force_positioning: bool = False
    force_recovery: bool = False
    allow_positioning: bool = False
    allow_recovery: bool = False
    allow_tags_filter: bool = False
    allow_user_limited_channels: bool = False
    allow_subscribe_for_client: bool = False
    allow_subscribe_for_anonymous: bool = False
    allow_publish_for_client: bool = False
    allow_publish_for_subscriber: bool = False
    allow_publish_for_anonymous: bool = False
    allow_presence_for_client: bool = False
    allow_presence_for_subscriber: bool = False
    allow_presence_for_anonymous: bool = False
    allow_history_for_client: bool = False
    allow_history_for_subscriber: bool = False
    allow_history_for_anonymous: bool = False

    @property
    def has_history(self) -> bool:
        """Whether publications are kept for subscribers."""
        return self.history_size > 0 and self.history_ttl_s > 0


class _Personal(Struct, frozen=True, forbid_unknown_fields=True):
    namespace: str = ""


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    namespaces: dict[str, Options] = {}
    default: Options | None = None
    personal: _Personal | None = None


_TOPIC = Options(
    force_recovery=True,
    allow_subscribe_for_client=True,
    allow_subscribe_for_anonymous=True,
    allow_history_for_client=True,
    allow_history_for_anonymous=True,
)
_GROUP = msgspec.structs.replace(_TOPIC, allow_tags_filter=True)
_FEED = msgspec.structs.replace(_GROUP, allow_publish_for_client=True, allow_publish_for_anonymous=True)
_BUILT_IN: dict[str, Options] = {
    topics.DEVICE: _TOPIC,
    topics.WEATHER: _TOPIC,
    topics.METRIC: _GROUP,
    topics.FEED: _FEED,
    topics.COMMAND: Options(),
    topics.COMPARE: Options(allow_subscribe_for_client=True, allow_subscribe_for_anonymous=True),
}


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that exists: what it offers, and for which users alone it is, if for any."""

    name: str
    options: Options
    built_in: bool
    users: frozenset[str] | None = None
    private: bool = False
    """Whether only a token opens it, and nothing can be done there before."""

    @property
    def readable(self) -> bool:
        """Whether anybody may subscribe to it: commands are for their devices alone."""
        return not (self.built_in and self.name.startswith(topics.COMMAND))

    @property
    def derived(self) -> bool:
        """Whether it is made of other topics: nobody has it without them."""
        return self.built_in and topics.is_derived(self.name)

    @property
    def kept(self) -> bool:
        """Whether its publications are stored, at least for a while."""
        return self.options.has_history if not self.built_in else not self.derived

    def grants(self, action: str, user: str, *, subscribed: bool) -> bool:
        """Whether its options let a user (empty: anonymous) `subscribe`, `publish`, see `presence` or `history`."""
        options = self.options
        if action != "publish" and self.users is not None and user not in self.users:
            return False
        if self.private and not subscribed:
            return False
        for_client = getattr(options, f"allow_{action}_for_client")
        for_subscriber = subscribed and getattr(options, f"allow_{action}_for_subscriber", False)
        if action == "subscribe" and self.users is not None:
            return bool(user)
        for_anonymous = bool(user) or getattr(options, f"allow_{action}_for_anonymous")
        return (for_client or for_subscriber) and for_anonymous


class UnknownChannelError(Exception):
    """No namespace has such a channel."""


class BadChannelError(Exception):
    """The name is not a channel's."""


class Channels:
    """Every channel that there may be."""

    def __init__(self, file: str = "") -> None:
        """`file` is the path of the TOML file, or empty. Raises SettingError."""
        said = _read(file) if file else _File()
        self._namespaces = said.namespaces
        self._default = said.default
        self._personal = said.personal
        for name in said.namespaces:
            if not _NAMESPACE.fullmatch(name):
                raise SettingError(f"WINDSOCK_NAMESPACES: {name[:64]!r} is not a name of letters, digits, _ and -")
            if name + ":" in _BUILT_IN or name == topics.READINGS:
                raise SettingError(f"WINDSOCK_NAMESPACES: {name!r} is a built-in topic's name; choose another")
        if said.personal is not None:
            namespace = said.personal.namespace
            if (self._namespaces.get(namespace) if namespace else self._default) is None:
                raise SettingError(f"WINDSOCK_NAMESPACES: personal.namespace {namespace!r} is not defined")

    def find(self, name: str) -> Channel:
        """The channel of that name. Raises UnknownChannelError, or BadChannelError."""
        if len(name) > CHANNEL_CHARACTERS or not _NAME.fullmatch(name):
            raise BadChannelError(name)
        if name == topics.READINGS:
            return Channel(name, _GROUP, built_in=True)
        namespace, colon, _ = name.removeprefix("$").partition(":")
        built_in = _BUILT_IN.get(namespace + colon)
        if built_in is not None and not name.startswith("$"):
            try:
                topics.parse(name)
            except BadRequest:
                raise BadChannelError(name) from None
            return Channel(name, built_in, built_in=True)
        options = self._namespaces.get(namespace) if colon else self._default
        if options is None:
            raise UnknownChannelError(name)
        users = None
        is_personal = self._personal is not None and self._personal.namespace == (namespace if colon else "")
        if "#" in name and (options.allow_user_limited_channels or is_personal):
            users = frozenset(name.rpartition("#")[2].split(","))
        return Channel(name, options, built_in=False, users=users, private=name.startswith("$"))

    def personal(self, user: str) -> Channel | None:
        """The channel to which the server subscribes `user`; None if there is none, or its name would be another's."""
        if self._personal is None or not user or "#" in user or "," in user:
            return None
        namespace = self._personal.namespace
        name = f"{namespace}:#{user}" if namespace else f"#{user}"
        options = self._namespaces.get(namespace) if namespace else self._default
        if options is None or not _NAME.fullmatch(name):
            return None
        return Channel(name, options, built_in=False, users=frozenset((user,)))


def _read(file: str) -> _File:
    try:
        text = Path(file).read_text("utf-8")
        return msgspec.convert(tomllib.loads(text), _File)
    except OSError as error:
        raise SettingError(f"WINDSOCK_NAMESPACES={file!r}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise SettingError(f"WINDSOCK_NAMESPACES={file!r}: {error}") from None
