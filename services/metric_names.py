"""The metrics of all devices: how many there may be, and how many of them one sender may bring."""

from __future__ import annotations

import time
from collections.abc import Sequence

from services.commit import topic_count
from services.errors import Fault
from services.names import Names
from services.reading import Reading
from services.redis import Client
from services.settings import DeviceSettings, StreamSettings

KEY = "windsock:metrics"
NO_ROOM = (
    "is new, and there are as many metrics as there may be (WINDSOCK_METRICS_MAX), or as one key or "
    "address may bring (WINDSOCK_SENDER_METRICS)"
)


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

    async def note(self, readings: Sequence[Reading | None], by: str, *, skip: bool = False) -> list[Fault]:
        """Let the metrics of `readings` in; the faults of those for whose metrics there is no room.

        If there are any, no metric is let in; with `skip` those of the other readings are. `by` is whose they are,
        empty if that is not bounded. Raises Unavailable.
        """
        groups = [() if one is None else one.values for one in readings]
        refused = await self._names.note(groups, by, each_alone=skip)
        return [Fault(index, f"values.{name}", NO_ROOM) for index, name in sorted(refused.items())]


def _metrics(readings: Sequence[Reading | None]) -> dict[str, None]:
    return dict.fromkeys(name for one in readings if one is not None for name in one.values)
