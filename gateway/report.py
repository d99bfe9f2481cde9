"""The gateway's metrics: plain integers on the hot path, read when `/metrics` is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.broker import Broker
from gateway.clients.door import Door
from gateway.live_comparisons import LiveComparisons


class GatewayReport(Collector):
    """Reads the counters of hub, bus and door."""

    def __init__(self, broker: Broker, door: Door, comparisons: LiveComparisons) -> None:
        self._broker = broker
        self._door = door
        self._comparisons = comparisons

    def collect(self) -> Iterable[Metric]:
        hub, bus, door = self._broker.hub, self._broker.bus, self._door
        books = door.counters
        gauges = {
            "windsock_connections": ("Open WebSockets and event streams", door.seats.taken),
            "windsock_topics": ("Topics with a local subscriber", len(hub)),
            "windsock_comparisons": ("Comparisons that are derived for local subscribers", len(self._comparisons)),
            "windsock_bus_connected": ("1 while Redis pub/sub is heard", int(bus.connected)),
        }
        counters = {
            "windsock_publications": ("Publications that came through the hub", hub.published),
            "windsock_publications_matched": ("Publications that were for clients", books.matched),
            "windsock_publications_sent": ("Publications handed to clients", books.sent),
            "windsock_publications_conflated": (
                "Publications left out in favour of newer ones, for clients that asked for that",
                books.conflated,
            ),
            "windsock_publications_refused": ("Publications that slow or closed clients did not get", books.refused),
            "windsock_publications_filtered": ("Publications that clients' filters left out", books.filtered),
            "windsock_sent_bytes": ("Bytes handed to clients", books.bytes),
            "windsock_slow_clients": ("Clients ended because they did not read", books.slow),
            "windsock_gaps": ("Gaps seen in pub/sub and read from the stream", hub.gaps),
            "windsock_losses": ("Times that subscribers were told of a loss", hub.losses),
            "windsock_hub_overflows": ("Times that held publications were dropped to be read again", hub.overflows),
            "windsock_bus_connections": ("Connections made to Redis pub/sub", bus.connections),
        }
        closed = CounterMetricFamily(
            "windsock_sockets_closed", "WebSockets and SDKs' streams that ended, by code", labels=["code"]
        )
        for code, count in door.counters.closed.items():
            closed.add_metric([code], count)
        refused = CounterMetricFamily(
            "windsock_connections_refused",
            "WebSockets and event streams that were refused, by reason",
            labels=["reason"],
        )
        for reason in ("seats", "address", "pace"):
            refused.add_metric([reason], door.seats.refused[reason])
        yield closed
        yield refused
        for name, (about, value) in gauges.items():
            yield GaugeMetricFamily(name, about, value)
        for name, (about, value) in counters.items():
            yield CounterMetricFamily(name, about, value)
