"""What the bridge did, in numbers and in log lines that do not flood."""

from __future__ import annotations

import time
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge

from services import logs
from services.pace import Pace

LINES_PER_S = 2.0
"""Most lines about messages that are not stored, in bursts of twice that."""

log = logs.get("mqtt")

Result = Literal["stored", "refused", "dropped"]


class BridgeReport:
    """Counts messages. A message that is not stored is told in the log, as far as lines may be written."""

    def __init__(self, into: CollectorRegistry) -> None:
        self._messages = Counter(
            "windsock_mqtt_messages", "Messages of the broker, by what became of them", ["result"], registry=into
        )
        for result in ("stored", "refused", "dropped"):
            self._messages.labels(result)
        self.connected = Gauge("windsock_mqtt_connected", "1 while the bridge is subscribed", registry=into)
        self.connections = Counter("windsock_mqtt_connections", "Connections made to the broker", registry=into)
        self._pace = Pace(LINES_PER_S, time.monotonic())
        self._unsaid = 0

    def count(self, result: Result, messages: int = 1) -> None:
        """Count messages."""
        self._messages.labels(result).inc(messages)

    def lost(self, what: str, **more: str) -> None:
        """Tell of a message, or a part of one, that is not stored."""
        if not self._pace.allows(time.monotonic()):
            self._unsaid += 1
            return
        unsaid, self._unsaid = self._unsaid, 0
        log.warning(what, **more, **({"not_told": unsaid} if unsaid else {}))
