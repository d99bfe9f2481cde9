"""Where the broker is, from its URL. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from services.errors import SettingError
from services.redis import shown

PORTS = {"mqtt": 1883, "mqtts": 8883}
ENCODE = "special characters in user and password must be percent-encoded"


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker and who we are there. `shown` is its URL without the password."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None
    shown: str

    @classmethod
    def at(cls, url: str) -> Broker:
        """The broker of `mqtt[s]://[user[:password]@]host[:port]`. Raises SettingError."""
        if not url:
            raise SettingError("WINDSOCK_MQTT_URL is not set; name the broker, as in mqtt://127.0.0.1:1883")
        try:
            parts = urlsplit(url)
        except ValueError:
            raise _wrong(url, ENCODE) from None
        if parts.scheme not in PORTS:
            raise _wrong(url, "it begins with mqtt:// or mqtts://")
        if not parts.hostname:
            raise _wrong(url, "it has no host")
        try:
            port = parts.port
        except ValueError:
            if "@" in parts.path + parts.query + parts.fragment:
                raise _wrong(url, ENCODE) from None  # what looks like the port is a part of the password
            said = parts.netloc.rpartition(":")[2]
            raise _wrong(url, f"its port {said[:16]!r} is not a number from 0 to 65535") from None
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise _wrong(url, "nothing may follow the port; topics are WINDSOCK_MQTT_TOPICS")
        return cls(
            parts.hostname,
            port or PORTS[parts.scheme],
            parts.scheme == "mqtts",
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
            shown(url),
        )


def _wrong(url: str, reason: str) -> SettingError:
    return SettingError(f"WINDSOCK_MQTT_URL={shown(url)!r} is not the URL of a broker: {reason}")
