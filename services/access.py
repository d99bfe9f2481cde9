"""Which topics a client may use, by patterns: from its token, else from the settings. Pure.

A pattern is a topic's name in which `*` stands for any characters: `device:greenhouse-*`, `weather:*`, `*`. What a
topic or namespace offers to nobody, no pattern opens. A comparison needs patterns for both topics that it is derived
from; none opens it by its own name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from services import logs, topics
from services.addresses import is_this_machine
from services.errors import Forbidden, SettingError, Unauthorized
from services.settings import AccessSettings
from services.tokens import Identity

Permits = Callable[[str], bool]
"""Whether a client may use a topic."""

log = logs.get("access")


class Patterns:
    """Some patterns, any of which may match."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._all = [one.split("*") for one in dict.fromkeys(patterns)]

    def match(self, name: str) -> bool:
        """Whether one of them does."""
        return any(_matches(parts, name) for parts in self._all)

    def permit(self, topic: str) -> bool:
        """Whether they open `topic`, or all that it is derived from."""
        return all(map(self.match, topics.needed(topic)))


def _matches(parts: Sequence[str], name: str) -> bool:
    """Whether `name` consists of the parts with anything in between. Takes the first place for each: that is enough."""
    first, *between = parts
    if not between:
        return name == first
    last = between.pop()
    if not (name.startswith(first) and name.endswith(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for part in between:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end


class Access:
    """The settings' answer."""

    def __init__(self, settings: AccessSettings, host: str) -> None:
        """`host` is the address that is listened on. Raises SettingError."""
        self.anonymous = settings.anonymous == "on" or (settings.anonymous == "auto" and is_this_machine(host))
        self._anonymous = _patterns("WINDSOCK_ANONYMOUS_ALLOW", settings.anonymous_allow)
        self._users = _patterns("WINDSOCK_ALLOW", settings.allow)

    def say(self, host: str, *, keys: bool) -> None:
        """Tell the log who is let in; `keys` is whether any token can be verified."""
        if self.anonymous and not is_this_machine(host):
            log.warning("anybody who reaches this address is let in without a token (WINDSOCK_ANONYMOUS)", host=host)
        elif self.anonymous:
            log.info("clients of this machine are let in without a token (WINDSOCK_ANONYMOUS)", host=host)
        elif keys:
            log.info("clients are let in with a token only (WINDSOCK_ANONYMOUS)")
        else:
            log.warning(
                "nobody is let in: set a key for tokens (WINDSOCK_TOKEN_SECRET), or WINDSOCK_ANONYMOUS=on", host=host
            )

    def of(self, identity: Identity | None) -> Permits:
        """What a client may use; None is one without a token."""
        if identity is None:
            return self._anonymous.permit if self.anonymous else lambda _: False
        return (self._users if identity.allow is None else Patterns(identity.allow)).permit

    def welcomes(self, topic: str | None) -> bool:
        """Whether a client without a token may use `topic`, or simply be here."""
        return self.anonymous and (topic is None or self._anonymous.permit(topic))

    def admit(self, identity: Identity | None, topic: str | None = None) -> None:
        """Raises Unauthorized if a token is needed for `topic` (or to be here), Forbidden if its own is not enough."""
        if identity is None and not self.welcomes(topic):
            raise Unauthorized("a token is needed")
        if topic is not None and not self.of(identity)(topic):
            raise Forbidden(f"this token does not open {topic}")


def _patterns(key: str, given: str) -> Patterns:
    names = given.split()
    for name in names:
        if not re.fullmatch(r"[!-~]{1,255}", name):
            raise SettingError(f"{key}: {name[:64]!r} is not a pattern of visible ASCII characters")
    return Patterns(names)
