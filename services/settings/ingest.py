"""Intake: limits of requests, what senders and devices may do, how lines are read."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from services.errors import SettingError
from services.settings.bounds import BILLION, DAY_S, GIBIBYTE, SLOWEST_PER_S, TEN_YEARS_S


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
