"""Settings: one frozen dataclass per room. A field `outbox_bytes` is the variable `WINDSOCK_OUTBOX_BYTES`.

Its type carries the bounds, and its description is the row in `docs/settings.md` (a test compares the two).
`services.environment` reads them.
"""

from __future__ import annotations

import ipaddress
import string
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from services.errors import SettingError

DAY_S = 86_400
TEN_YEARS_S = 3_650 * DAY_S
GIBIBYTE = 2**30
BILLION = 10**9
SLOWEST_PER_S = 0.0001
"""Once in some three hours; what is slower cannot be told from never."""


@dataclass(frozen=True, slots=True)
class CommonSettings:
    """What every service reads."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes any free one.")] = 8080
    redis_url: Annotated[
        str,
        Meta(
            description="`redis://`, `rediss://` or `unix://` URL. Empty: `windsock up` starts a private server; "
            "the single services use `redis://127.0.0.1:6379/0`."
        ),
    ] = ""
    data_dir: Annotated[str, Meta(min_length=1, description="Where the private Redis server keeps its files.")] = (
        "./data"
    )
    redis_fsync: Annotated[
        Literal["always", "everysec"],
        Meta(
            description="`appendfsync` of the private server: `always` keeps every acknowledged reading through a "
            "power cut, `everysec` may lose the last second of them."
        ),
    ] = "always"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least severe log line that is written.")
    ] = "info"
    http_connections: Annotated[
        int, Meta(ge=1, le=BILLION, description="Most open HTTP connections, beside WebSockets; above it 503.")
    ] = 2_000
    trusted_proxies: Annotated[
        str,
        Meta(
            description="Addresses or networks (CIDR) of proxies, by spaces, whose `X-Forwarded-For` tells a client's "
            "address; `*` for any."
        ),
    ] = ""
    head_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="Seconds that the head of an HTTP request may take; then 408.")
    ] = 10.0
    head_bytes: Annotated[
        int, Meta(ge=1_024, le=GIBIBYTE, description="Largest head of an HTTP request; above it 431.")
    ] = 65_536
    shutdown_s: Annotated[
        int, Meta(ge=1, le=300, description="Seconds that open requests get to finish on SIGTERM or Ctrl-C.")
    ] = 5

    def __post_init__(self) -> None:
        for name in self.trusted_proxies.split():
            try:
                if name != "*":
                    ipaddress.ip_network(name)
            except ValueError as error:
                raise SettingError(f"WINDSOCK_TRUSTED_PROXIES: {error}; write it as in 10.0.0.0/8") from None


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How topics are kept. Every service that appends must use the same."""

    retention_s: Annotated[
        int, Meta(ge=1, le=TEN_YEARS_S, description="Seconds that a device's, feed's or place's publications are kept.")
    ] = 86_400
    retention_publications: Annotated[
        int,
        Meta(ge=10, le=BILLION, description="How many publications of a device, feed or place are kept (at least)."),
    ] = 10_000
    group_retention_s: Annotated[
        int, Meta(ge=1, le=TEN_YEARS_S, description="Seconds that publications of `readings` and `metric:*` are kept.")
    ] = 3_600
    group_retention_publications: Annotated[
        int,
        Meta(
            ge=10,
            le=BILLION,
            description="How many publications of `readings` and of each `metric:*` are kept (at least).",
        ),
    ] = 10_000
    device_metrics: Annotated[
        int,
        Meta(
            ge=1,
            le=BILLION,
            description="Most metrics of a device whose latest values are kept; the oldest are forgotten.",
        ),
    ] = 500
    retention_bytes: Annotated[
        int, Meta(ge=65_536, le=GIBIBYTE, description="Bytes of any topic's publications that are kept (at least).")
    ] = 67_108_864
    topic_ttl_s: Annotated[
        int,
        Meta(
            ge=60,
            le=TEN_YEARS_S,
            description="Seconds that a silent topic's offset, epoch and latest values outlive it.",
        ),
    ] = 30 * 86_400
    group_topics: Annotated[
        bool, Meta(description="Whether readings also go to `readings` and `metric:*` (off: `device:*` only).")
    ] = True
    dedupe_s: Annotated[
        int,
        Meta(
            ge=1,
            le=TEN_YEARS_S,
            description="Seconds for which a reading's `id`, and a request's `Idempotency-Key`, is remembered: a "
            "retry stores nothing.",
        ),
    ] = 3_600
    append_timeout_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="Longest wait for Redis to acknowledge a commit; then 503.")
    ] = 5.0
    append_buffer_items: Annotated[
        int, Meta(ge=1, le=BILLION, description="Readings that may wait for a commit in one process; above it 503.")
    ] = 50_000
    append_buffer_bytes: Annotated[
        int,
        Meta(ge=1_048_576, le=GIBIBYTE, description="Bytes of readings that may wait for a commit; above it 503."),
    ] = 67_108_864
    commit_topics: Annotated[
        int,
        Meta(
            ge=100,
            le=50_000,
            description="Most topics that one request's readings, and so one commit, may go to; above it 413.",
        ),
    ] = 6_000
    commit_items: Annotated[
        int, Meta(ge=1, le=5_000, description="Most readings that one commit takes (at least one request's).")
    ] = 2_000


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Limits of the intake."""

    body_bytes: Annotated[int, Meta(ge=64, le=GIBIBYTE, description="Largest request body; above it 413.")] = 1_048_576
    decompressed_bytes: Annotated[
        int,
        Meta(ge=64, le=GIBIBYTE, description="Largest body once it is decompressed; above it 413."),
    ] = 8_388_608
    body_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="Seconds that a request body may take to arrive; then 408.")
    ] = 30.0
    batch_readings: Annotated[
        int,
        Meta(
            ge=1,
            le=BILLION,
            description="Most readings in one request; above it 413. Its lines (InfluxDB) may have 12 times as many "
            "tags and fields together.",
        ),
    ] = 5_000
    reading_metrics: Annotated[
        int, Meta(ge=1, le=BILLION, description="Most values (and tags) in one reading; above it 422.")
    ] = 64
    ts_ahead_s: Annotated[
        int, Meta(ge=0, le=TEN_YEARS_S, description="How far ahead of our clock a reading's `ts` may be.")
    ] = 86_400
    command_wait_s: Annotated[
        float,
        Meta(
            gt=0, le=50, description="Longest that a device may wait for a command in one request (a proxy cuts at 60)."
        ),
    ] = 50.0
    command_waiters: Annotated[
        int, Meta(ge=1, le=BILLION, description="Most devices that may wait for a command at once; above it 503.")
    ] = 1_000
    command_waiters_per_address: Annotated[
        int,
        Meta(
            ge=1,
            le=BILLION,
            description="Most of them without a key from one address (not from this machine's own); above it 503.",
        ),
    ] = 100
    command_answer_bytes: Annotated[
        int, Meta(ge=64, le=262_144, description="Largest answer of a device to a command; above it 413.")
    ] = 65_536
    device_sockets: Annotated[
        int,
        Meta(ge=1, le=BILLION, description="Most WebSockets of devices (`/ws/ingest`) on one process; above it 503."),
    ] = 2_000
    device_sockets_per_address: Annotated[
        int,
        Meta(
            ge=1,
            le=BILLION,
            description="Most of them from one address (not from this machine's own); above it 503.",
        ),
    ] = 1_000
    device_socket_messages: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="Most messages of one of them that are not answered yet; at it the socket is not read.",
        ),
    ] = 64
    device_socket_idle_s: Annotated[
        float,
        Meta(
            ge=1,
            le=DAY_S,
            description="Seconds after which one that says nothing, and waits for no commands, is closed with 3000.",
        ),
    ] = 600.0


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """What the bridge takes from an MQTT broker."""

    mqtt_url: Annotated[
        str,
        Meta(
            description="The broker: `mqtt://` or `mqtts://`, with user and password if it needs them, as in "
            "`mqtts://user:password@broker.example`."
        ),
    ] = ""
    mqtt_topics: Annotated[
        str,
        Meta(
            description="Templates of the topics to take, by spaces, each with `=` and how payloads are read (`json`, "
            "`text`, `lines`, `senml`, `influx`) if not as `json`; docs/devices.md tells how."
        ),
    ] = "windsock/{device} windsock/{device}/{metric}"
    mqtt_group: Annotated[
        str,
        Meta(
            pattern=r"^[^/+#\s]*$",
            description="Name of the group of bridges that share the topics (`$share/<group>/…`). Empty: one takes "
            "all.",
        ),
    ] = ""
    mqtt_client_id: Annotated[
        str,
        Meta(
            max_length=128,
            description="The bridge's client id, under which the broker keeps its session. Empty: `windsock`, and with "
            "a group `windsock-<host name>`.",
        ),
    ] = ""
    mqtt_qos: Annotated[int, Meta(ge=0, le=1, description="Highest quality of service that is asked for.")] = 1
    mqtt_session_s: Annotated[
        int,
        Meta(
            ge=0,
            le=TEN_YEARS_S,
            description="Seconds for which the broker keeps messages of QoS 1 for a bridge that is away.",
        ),
    ] = DAY_S
    mqtt_in_flight: Annotated[
        int,
        Meta(
            ge=1,
            le=65_535,
            description="Most messages that the broker sends before earlier ones are stored; of QoS 0, more are "
            "dropped.",
        ),
    ] = 1_000
    mqtt_message_bytes: Annotated[
        int,
        Meta(
            ge=1_024, le=GIBIBYTE // 4, description="Largest message with its topic; the broker sends no larger ones."
        ),
    ] = 262_144
    mqtt_keepalive_s: Annotated[
        int, Meta(ge=5, le=65_535, description="Seconds of silence after which bridge and broker look for each other.")
    ] = 30
    mqtt_ca_file: Annotated[
        str, Meta(description="PEM file of who certifies the broker. Empty: those that the system trusts.")
    ] = ""
    mqtt_key: Annotated[str, Meta(description="Key with which the bridge stores readings, where devices need one.")] = (
        ""
    )
    mqtt_ids: Annotated[
        bool,
        Meta(
            description="Whether a reading with a time of its own and without an `id` gets one from topic and payload, "
            "so that a message which comes again stores nothing."
        ),
    ] = True


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """Who may post, and how much. Every service reads them."""

    auth: Annotated[
        Literal["auto", "open", "required", "with-secret"],
        Meta(
            description="Whether devices need keys: `open`: no, but one that is sent is held to; `required`: yes; "
            "`with-secret`: once a key for tokens is set (`WINDSOCK_TOKEN_SECRET` and the like); `auto`: except where "
            "`WINDSOCK_HOST` is this machine alone (127.0.0.1, localhost)."
        ),
    ] = "auto"
    keys_max: Annotated[int, Meta(ge=1, le=100_000, description="Most device keys; above it 409.")] = 10_000
    key_devices: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Most devices that one key may post for, unless the key says so itself; above it 403. A device "
            "that is silent for `WINDSOCK_TOPIC_TTL_S` is forgotten.",
        ),
    ] = 1_000
    key_readings_per_s: Annotated[
        float,
        Meta(
            ge=SLOWEST_PER_S,
            le=BILLION,
            description="Readings a second that may come with one key (bursts of twice that), unless the key says so "
            "itself; above it 429. Each ingest service counts for itself.",
        ),
    ] = 1_000.0
    address_readings_per_s: Annotated[
        float,
        Meta(
            ge=SLOWEST_PER_S,
            le=BILLION,
            description="Readings a second that may come without a key from one address (not from this machine's own; "
            "bursts of twice that); above it 429. Behind a proxy set `WINDSOCK_TRUSTED_PROXIES`.",
        ),
    ] = 10_000.0
    metrics_max: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Most distinct metrics of all devices together; readings with new ones above it get 422. One "
            "that is not used for `WINDSOCK_TOPIC_TTL_S` is forgotten.",
        ),
    ] = 10_000
    sender_metrics: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Most of them that one key may bring, or without a key one address (not this machine's own); "
            "readings with more new ones get 422.",
        ),
    ] = 2_000
    requests_in_flight: Annotated[
        int,
        Meta(ge=1, le=BILLION, description="Most posts of readings that one process works on at once; above it 503."),
    ] = 2_000


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How InfluxDB's line protocol is understood."""

    line_device: Annotated[
        str,
        Meta(
            description="Tags that name a line's device, by spaces; the first that is there counts. Without any of "
            "them it is the measurement."
        ),
    ] = "device device_id host"
    line_metric: Annotated[str, Meta(description="How a metric is called, from `{measurement}` and `{field}`.")] = (
        "{measurement}.{field}"
    )

    def __post_init__(self) -> None:
        try:
            parts = [part[1:] for part in string.Formatter().parse(self.line_metric) if part[1] is not None]
        except ValueError as error:
            raise SettingError(f"WINDSOCK_LINE_METRIC={self.line_metric!r}: {error}") from None
        known = [("field", "", None), ("measurement", "", None)]
        if known[0] not in parts or any(part not in known for part in parts):
            raise SettingError(
                f"WINDSOCK_LINE_METRIC={self.line_metric!r}: it must have {{field}}, and may have {{measurement}}"
            )


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Limits of the gateway."""

    outbox_bytes: Annotated[
        int,
        Meta(
            ge=1_024,
            le=GIBIBYTE,
            description="Bytes that may wait for one client; above it the client is closed with 3008.",
        ),
    ] = 1_048_576
    message_bytes: Annotated[
        int,
        Meta(
            ge=64,
            le=GIBIBYTE,
            description="Largest message that a client may send; above it close 1009 (over HTTP 413).",
        ),
    ] = 65_536
    inbox_bytes: Annotated[
        int,
        Meta(
            ge=1_024,
            le=GIBIBYTE,
            description="Bytes of commands that may wait for one SDK which posts them (`/emulation`); above it close "
            "3013.",
        ),
    ] = 262_144
    connections: Annotated[
        int, Meta(ge=1, le=BILLION, description="Most WebSockets and streams on one gateway; above it 503.")
    ] = 16_000
    connections_per_address: Annotated[
        int,
        Meta(
            ge=1,
            le=BILLION,
            description="Most WebSockets and event streams from one address (not from this machine's own); above it "
            "503. Behind a proxy set `WINDSOCK_TRUSTED_PROXIES`, or all clients share the proxy's address.",
        ),
    ] = 2_000
    connects_per_s: Annotated[
        int,
        Meta(
            ge=1,
            le=BILLION,
            description="New WebSockets and event streams a second (bursts of twice that), so that returning clients "
            "do not hinder those who are here; above it 503.",
        ),
    ] = 2_000
    origins: Annotated[
        str,
        Meta(
            description="Origins whose pages may open sockets and streams, such as `https://example.org`, by spaces; "
            "`null` for files, `*` for any; others get 403. Empty: pages of the host that they connect to; where only "
            "this machine can, of this machine. Programs send no origin."
        ),
    ] = ""
    namespaces: Annotated[
        str,
        Meta(description="TOML file with namespaces of channels beside the topics; docs/clients.md tells how."),
    ] = ""
    client_messages_per_s: Annotated[
        int,
        Meta(
            ge=1,
            le=BILLION,
            description="Messages a second that one client may send (bursts of twice that); above it close 3013.",
        ),
    ] = 200
    hub_buffer_bytes: Annotated[
        int,
        Meta(
            ge=1_024,
            le=GIBIBYTE,
            description="Bytes of live publications held per topic while its history is read; above, read again.",
        ),
    ] = 4_194_304
    history_page: Annotated[
        int, Meta(ge=1, le=10_000, description="Most publications in one history answer, or read at once.")
    ] = 1_000
    devices_page: Annotated[int, Meta(ge=1, le=10_000, description="Most devices in one answer.")] = 500
    canary_s: Annotated[
        float,
        Meta(gt=0, le=DAY_S, description="Seconds between the messages that a gateway sends itself through Redis."),
    ] = 1.0
    canary_timeout_s: Annotated[
        float,
        Meta(
            gt=0,
            le=DAY_S,
            description="Seconds without any word from Redis after which a gateway reconnects and is unready.",
        ),
    ] = 4.0
    subscribe_timeout_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="Longest wait of a new client for its topic; then 503.")
    ] = 5.0
    hello_s: Annotated[
        float,
        Meta(
            gt=0,
            le=DAY_S,
            description="Seconds that an SDK has for its connect command, and a plain socket for the token that it "
            "needs; then close 3502.",
        ),
    ] = 10.0
    ping_s: Annotated[int, Meta(ge=1, le=3600, description="Seconds between pings to an SDK.")] = 25
    pong_s: Annotated[
        float,
        Meta(
            gt=0,
            le=DAY_S,
            description="Seconds that an SDK has to answer a ping, at most those between pings; then close 3012.",
        ),
    ] = 8.0
    channels_per_client: Annotated[
        int, Meta(ge=1, le=BILLION, description="Most subscriptions of one SDK connection; above it error 106.")
    ] = 128
    recovery_publications: Annotated[
        int,
        Meta(ge=1, le=10_000, description="Most publications recovered in one subscribe reply; more follow as pushes."),
    ] = 300
    snapshot_publications: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Most publications read for one snapshot, or for history in the order of `ts`; what is "
            "older is left out, and that is told.",
        ),
    ] = 20_000
    drain_s: Annotated[
        float,
        Meta(
            ge=0, le=DAY_S, description="Longest time over which a stopping gateway spreads the closing of its clients."
        ),
    ] = 5.0
    status_s: Annotated[
        float,
        Meta(
            gt=0,
            le=DAY_S,
            description="Seconds between status messages (sockets opened with `?status=1`) and between heartbeats of "
            "`/sse`.",
        ),
    ] = 5.0
    weather_timeout_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="Longest wait for the poller's answer about a new city.")
    ] = 15.0
    interest_s: Annotated[
        int,
        Meta(ge=3, le=TEN_YEARS_S, description="Seconds that a place which nobody listens to any more stays tracked."),
    ] = 300
    cities_per_client: Annotated[
        int, Meta(ge=1, le=BILLION, description="Most cities one `/ws/weather/` client may follow.")
    ] = 50
    commands: Annotated[
        int, Meta(ge=1, le=BILLION, description="Most commands whose answers a gateway awaits; above it error 111.")
    ] = 1_000
    commands_per_client: Annotated[
        int,
        Meta(
            ge=1,
            le=BILLION,
            description="Most calls of `command` and `weather` that one SDK connection awaits; above it error 106.",
        ),
    ] = 8
    commands_per_device: Annotated[
        int, Meta(ge=1, le=100, description="Most commands that may wait for one device; above it error 111.")
    ] = 20

    def __post_init__(self) -> None:
        if self.canary_timeout_s <= self.canary_s:
            raise SettingError(
                f"WINDSOCK_CANARY_TIMEOUT_S={self.canary_timeout_s:g} must be more than "
                f"WINDSOCK_CANARY_S={self.canary_s:g}"
            )


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """How SDKs' tokens are verified."""

    token_secret: Annotated[
        str, Meta(description="Secret of tokens that are signed with HS256, HS384 or HS512. Without any key, none.")
    ] = ""
    token_previous_secret: Annotated[
        str, Meta(description="The secret before it, which is good as well while tokens are renewed.")
    ] = ""
    token_public_key: Annotated[
        str, Meta(description="PEM file with the public key of tokens that are signed with RS*, ES* or EdDSA.")
    ] = ""
    token_jwks_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://(\[[0-9A-Fa-f:.]+\]|[^/?#\s\[\]]+)[^\s]*)?$",
            description="Address of a JWKS document with the public keys; it replaces the other keys.",
        ),
    ] = ""
    token_audience: Annotated[str, Meta(description="The `aud` that tokens must name. Empty: any.")] = ""
    token_issuer: Annotated[str, Meta(description="The `iss` that tokens must name. Empty: any.")] = ""


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may use which topics."""

    anonymous: Annotated[
        Literal["auto", "on", "off"],
        Meta(
            description="Whether clients without a token are let in. `auto`: only where `WINDSOCK_HOST` is this "
            "machine alone (127.0.0.1, localhost)."
        ),
    ] = "auto"
    anonymous_allow: Annotated[
        str,
        Meta(description="Topics that clients without a token may use, as patterns such as `weather:*`, by spaces."),
    ] = "*"
    allow: Annotated[
        str,
        Meta(description="Topics that clients may use whose token has no claim `allow`, as patterns, by spaces."),
    ] = "*"


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Who may use the server API."""

    api_key: Annotated[
        str,
        Meta(
            description="Key of the server API (docs/server-api.md) for backends, and of `/v1/keys`. Empty: both are "
            "off."
        ),
    ] = ""
    api_previous_key: Annotated[
        str, Meta(description="The key before it, which is good as well while backends change theirs.")
    ] = ""

    def __post_init__(self) -> None:
        if self.api_previous_key and not self.api_key:
            raise SettingError("WINDSOCK_API_PREVIOUS_KEY is set without WINDSOCK_API_KEY; set both, or neither")


CALLS = r"^[0-9]{1,9}/[0-9]{1,9}/[0-9]{1,9}$"


@dataclass(frozen=True, slots=True)
class WeatherSettings:
    """What the poller asks, whom and how often."""

    places: Annotated[
        str,
        Meta(
            description="Places that are always tracked: `Name=lat,lon` or a name to geocode, separated by `;` "
            "(`;` alone: none). `@` and names of weather services behind one say whom to ask for it, in this order."
        ),
    ] = "Berlin=52.52,13.41;London=51.51,-0.13;New York=40.71,-74.01"
    places_max: Annotated[int, Meta(ge=1, le=1_000, description="Most places tracked at once.")] = 100
    weather_providers: Annotated[
        str,
        Meta(
            description="Weather services to ask, in this order, by commas: `open-meteo`, `met-norway`, `nws`, "
            "`openweathermap`; the next is asked where one fails."
        ),
    ] = "open-meteo"
    weather_contact: Annotated[
        str,
        Meta(
            max_length=200,
            pattern=r"^[!-~]*$",
            description="Mail or web address that weather services may turn to; `met-norway` and `nws` demand one.",
        ),
    ] = ""
    weather_interval_s: Annotated[
        float,
        Meta(ge=0, le=DAY_S, description="Seconds between two requests for a place. 0: as often as the data change."),
    ] = 0.0
    weather_history_h: Annotated[
        int, Meta(ge=0, le=48, description="Hours of the past that a place which is new is given.")
    ] = 24
    weather_lease_s: Annotated[
        float,
        Meta(ge=1, le=300, description="Seconds after which the place of a poller that died is taken by another."),
    ] = 5.0
    weather_failures: Annotated[
        int,
        Meta(ge=1, le=1_000, description="Failures in a row after which a weather service is left alone for a while."),
    ] = 5
    weather_jitter_s: Annotated[
        float, Meta(ge=0, le=DAY_S, description="Up to so many seconds are added to the interval, at random.")
    ] = 60.0
    weather_retry_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="First wait after a failed request; it doubles, with jitter.")
    ] = 5.0
    weather_retry_max_s: Annotated[float, Meta(gt=0, le=DAY_S, description="Longest wait after failed requests.")] = (
        900.0
    )
    weather_request_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="Longest a request to a weather service may take.")
    ] = 10.0
    weather_body_bytes: Annotated[
        int, Meta(ge=1_024, le=GIBIBYTE, description="Largest answer read from a weather service.")
    ] = 2_097_152
    open_meteo_url: Annotated[
        str, Meta(pattern=r"^https?://", description="Base URL of the Open-Meteo forecast service.")
    ] = "https://api.open-meteo.com"
    geocoding_url: Annotated[
        str, Meta(pattern=r"^https?://", description="Base URL of the Open-Meteo geocoding service.")
    ] = "https://geocoding-api.open-meteo.com"
    met_norway_url: Annotated[str, Meta(pattern=r"^https?://", description="Base URL of MET Norway's API.")] = (
        "https://api.met.no"
    )
    nws_url: Annotated[str, Meta(pattern=r"^https?://", description="Base URL of the US National Weather Service.")] = (
        "https://api.weather.gov"
    )
    openweathermap_url: Annotated[str, Meta(pattern=r"^https?://", description="Base URL of OpenWeatherMap.")] = (
        "https://api.openweathermap.org"
    )
    open_meteo_key: Annotated[
        str, Meta(description="Key of Open-Meteo's paid service (its URLs begin with `https://customer-`).")
    ] = ""
    openweathermap_key: Annotated[str, Meta(description="Key of OpenWeatherMap, which demands one.")] = ""
    open_meteo_calls: Annotated[
        str,
        Meta(
            pattern=CALLS,
            description="Calls a minute, an hour and a day to Open-Meteo's forecasts (each place counts); 0: no bound.",
        ),
    ] = "600/5000/10000"
    geocoding_calls: Annotated[str, Meta(pattern=CALLS, description="The same to its geocoder.")] = "600/5000/10000"
    met_norway_calls: Annotated[str, Meta(pattern=CALLS, description="The same to MET Norway.")] = "600/20000/0"
    nws_calls: Annotated[str, Meta(pattern=CALLS, description="The same to the US National Weather Service.")] = (
        "300/5000/0"
    )
    openweathermap_calls: Annotated[str, Meta(pattern=CALLS, description="The same to OpenWeatherMap.")] = "60/0/1000"

    def __post_init__(self) -> None:
        if self.weather_retry_max_s < self.weather_retry_s:
            raise SettingError(
                f"WINDSOCK_WEATHER_RETRY_MAX_S={self.weather_retry_max_s:g} must not be less than "
                f"WINDSOCK_WEATHER_RETRY_S={self.weather_retry_s:g}"
            )


GROUPS = (
    CommonSettings,
    StreamSettings,
    IngestSettings,
    DeviceSettings,
    LineSettings,
    MqttSettings,
    GatewaySettings,
    TokenSettings,
    AccessSettings,
    ApiSettings,
    WeatherSettings,
)
