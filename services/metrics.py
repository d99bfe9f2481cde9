"""Metrics that several rooms report. Each process has one registry; nothing is registered at import.

Names begin with `windsock_`, use base units, and never carry a device id as a label.
"""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector


def registry() -> CollectorRegistry:
    """A registry with what Python and the operating system tell about the process."""
    fresh = CollectorRegistry()
    ProcessCollector(registry=fresh)
    PlatformCollector(registry=fresh)
    GCCollector(registry=fresh)
    return fresh


class Refusals:
    """What clients were refused, by the error's code, wherever it happened."""

    def __init__(self, into: CollectorRegistry) -> None:
        about = "HTTP requests, WebSocket handshakes and WebSocket messages that were refused, by error code"
        self._refused = Counter("windsock_refused", about, ["what", "code"], registry=into)

    def count(self, what: Literal["request", "handshake", "message"], code: str) -> None:
        """Count one; `code` is an error's, never a client's words."""
        self._refused.labels(what, code).inc()


class WriterReport:
    """What the group-commit writer of this process did."""

    def __init__(self, into: CollectorRegistry) -> None:
        self._stored = Counter("windsock_appended", "Entries acknowledged by Redis", registry=into)
        self._duplicates = Counter("windsock_append_duplicates", "Entries known by their id", registry=into)
        self._failed = Counter("windsock_append_failed", "Entries whose commit was not acknowledged", registry=into)
        self._refused = Counter("windsock_append_refused", "Entries refused by a full buffer", registry=into)
        self._commits = Histogram(
            "windsock_commit_seconds",
            "From sending a commit to its acknowledgement",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
            registry=into,
        )
        self.waiting = Gauge("windsock_append_waiting", "Entries waiting for a commit", registry=into)

    def committed(self, entries: int, duplicates: int, seconds: float) -> None:
        self._stored.inc(entries)
        self._duplicates.inc(duplicates)
        self._commits.observe(seconds)

    def failed(self, entries: int) -> None:
        self._failed.inc(entries)

    def refused(self, entries: int) -> None:
        self._refused.inc(entries)
