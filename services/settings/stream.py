"""How topics are kept in Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from services.settings.bounds import BILLION, DAY_S, GIBIBYTE, TEN_YEARS_S


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
