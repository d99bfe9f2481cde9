"""The metrics of all devices: how many there may be, and how many of them one sender may bring."""

from __future__ import annotations

import time
from collections.abc import Sequence

from services.commit import topic_count
from services.errors import Fault, TooManyMetrics
from services.names import Names
from services.reading import Reading
from services.redis import Client
from services.settings import DeviceSettings, StreamSettings

KEY = "windsock:metrics"


class MetricNames:
    """Those of a Windsock, known in Redis to all processes."""

    def __init__(self, redis: Client, devices: DeviceSettings, streams: StreamSettings) -> None:
        self._names = Names(
            redis, KEY, devices.metrics_max, streams.topic_ttl_s, time.monotonic, devices.sender_metrics
        )
        self._streams = streams

    def known(self, now: float) -> set[str]:
        """Those that need not be noted; for looking only. `now` is `time.monotonic`'s."""
        return self._names.known(now)

    def check_topics(self, readings: Sequence[Reading | None]) -> None:
        """Raises TooLarge for what the writer will refuse as a whole: its names must not be noted anywhere."""
        devices = {one.device for one in readings if one is not None}
        metrics = _metrics(readings) if self._streams.group_topics else ()
        topic_count(len(devices), len(metrics), self._streams.commit_topics)

    async def note(self, readings: Sequence[Reading | None], by: str) -> None:
        """Let the metrics of `readings` in, all or none; `by` is whose they are, empty if that is not bounded.

        Raises TooManyMetrics and Unavailable.
        """
        new = await self._names.note(_metrics(readings), by)
        if new is not None:
            index = next(i for i, one in enumerate(readings) if one is not None and new in one.values)
            reason = (
                "is new, and there are as many metrics as there may be (WINDSOCK_METRICS_MAX), or as one key or "
                "address may bring (WINDSOCK_SENDER_METRICS)"
            )
            raise TooManyMetrics([Fault(index, f"values.{new}", reason)])


def _metrics(readings: Sequence[Reading | None]) -> dict[str, None]:
    return dict.fromkeys(name for one in readings if one is not None for name in one.values)
