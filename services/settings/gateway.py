"""Gateways: connections, subscriptions, what is read for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from services.errors import SettingError
from services.settings.bounds import BILLION, DAY_S, GIBIBYTE, TEN_YEARS_S


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
