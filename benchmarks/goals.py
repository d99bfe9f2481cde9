"""What Windsock promises of its speed, as figures of the results. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.results import Results, Row
from benchmarks.scenarios import kernel
from benchmarks.systems import centrifugo, channels, socketio, windsock
from benchmarks.systems.intake import WindsockIngest

JSON = windsock.JSON.name
PROTOBUF = windsock.PROTOBUF.name
DAPHNE = channels.DAPHNE.name
SOCKETIO = socketio.SOCKETIO.name
CENTRIFUGO = centrifugo.JSON.name
WINDSOCK = WindsockIngest().name
KERNEL = kernel.NAME
PROMPT_MS = 50.0


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure with the bound that it must keep."""

    text: str
    at_most: bool
    bound: float
    figure: Callable[[Results], float | None]
    """None where the run has not measured it."""

    def measured(self, results: Results) -> float | None:
        return self.figure(results)

    def met(self, measured: float) -> bool:
        return measured <= self.bound if self.at_most else measured >= self.bound

    def bound_text(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:,g}"


def _rows(results: Results, scenario: str, system: str, **wanted: float) -> Iterator[Row]:
    for row in results.of(scenario, system):
        if all(row.figures.get(name) == value for name, value in wanted.items()):
            yield row


def _figure(scenario: str, figure: str, system: str = JSON, **wanted: float) -> Callable[[Results], float | None]:
    def look(results: Results) -> float | None:
        return next((row.figures[figure] for row in _rows(results, scenario, system, **wanted)), None)

    return look


def _intake(said: str, **wanted: float) -> Iterator[Goal]:
    def look(figure: str, readings_per_post: float, devices: float) -> Callable[[Results], float | None]:
        return _figure("intake", figure, WINDSOCK, readings_per_post=readings_per_post, devices=devices, **wanted)

    yield Goal(f"single POST/s, {said}", False, 20_000, look("posts_per_s", 1, 500))
    yield Goal(f"readings/s in arrays over 500 devices, {said}", False, 60_000, look("readings_per_s", 500, 500))
    yield Goal(f"readings/s in arrays over 50 devices, {said}", False, 100_000, look("readings_per_s", 500, 50))
    yield Goal(f"Redis µs/reading, arrays over 500 devices, {said}", True, 9, look("redis_us_reading", 500, 500))


def _ratio(
    above: Callable[[Results], float | None], below: Callable[[Results], float | None]
) -> Callable[[Results], float | None]:
    def look(results: Results) -> float | None:
        over, under = above(results), below(results)
        return over / under if over is not None and under else None

    return look


def _at_saturation(system: str, figure: str = "cpu_us") -> Callable[[Results], float | None]:
    """At the rate at which the system delivers most, as far as its 99th percentile stays below `PROMPT_MS`.

    A system that has no such rate is looked at where it delivers most.
    """

    def look(results: Results) -> float | None:
        rows = list(results.of("rates", system))
        prompt = [row for row in rows if row.figures["p99_ms"] < PROMPT_MS and not row.figures["lost"]]
        best = max(prompt or rows, key=lambda row: row.figures["delivered_per_s"], default=None)
        return best.figures[figure] if best else None

    return look


def _to_kernel(scenario: str, **wanted: float) -> Callable[[Results], float | None]:
    """Beside a server in C: the bounds in µs are those of a machine on which its `send()` took 3.2 µs."""
    return _ratio(_figure(scenario, "cpu_us", JSON, **wanted), _figure(scenario, "cpu_us", KERNEL, **wanted))


def _dearer(peer: str) -> Callable[[Results], float | None]:
    return _ratio(_at_saturation(peer), _at_saturation(JSON))


GOALS = (
    Goal("CPU µs/delivery, 900 clients, 1,000 msg/s", True, 1.5, _figure("rates", "cpu_us", messages_per_s=1_000)),
    Goal("deliveries/s with p99 < 50 ms", False, 500_000, _at_saturation(JSON, "delivered_per_s")),
    Goal("CPU µs/delivery, 900 clients, 20 msg/s", True, 8, _figure("rates", "cpu_us", messages_per_s=20)),
    Goal("the same ÷ the kernel's own part", True, 2.5, _to_kernel("rates", messages_per_s=20)),
    Goal("CPU µs/delivery, 1,000 topics × 10, 5,000 msg/s", True, 5, _figure("topics", "cpu_us", per_client=1)),
    Goal("the same ÷ the kernel's own part", True, 1.6, _to_kernel("topics", per_client=1)),
    Goal(
        "a delivery to a client with 20 subscriptions ÷ to one with one",
        True,
        1.0,
        _ratio(_figure("topics", "cpu_us", per_client=20), _figure("topics", "cpu_us", per_client=1)),
    ),
    Goal(
        "Protobuf ÷ JSON, 1,000 msg/s",
        True,
        1.3,
        _ratio(
            _figure("rates", "cpu_us", PROTOBUF, messages_per_s=1_000),
            _figure("rates", "cpu_us", messages_per_s=1_000),
        ),
    ),
    Goal(
        "Channels on daphne ÷ Windsock, at saturation", False, 100, _ratio(_at_saturation(DAPHNE), _at_saturation(JSON))
    ),
    Goal(
        "python-socketio ÷ Windsock, at saturation", False, 25, _ratio(_at_saturation(SOCKETIO), _at_saturation(JSON))
    ),
    Goal("Centrifugo ÷ Windsock, at saturation", False, 1, _dearer(CENTRIFUGO)),
    *_intake("fsync always", fsyncs=1),
    *_intake("fsync everysec", fsyncs=0),
    Goal("POST to client, p50 ms", True, 3, _figure("end to end", "p50_ms", WINDSOCK)),
    Goal("KB per idle connection", True, 25, _figure("connections", "kb_per_client")),
    Goal("connects/s with subscribe", False, 1_500, _figure("connections", "connects_per_s")),
    Goal("reconnects that were not recovered", True, 0, _figure("connections", "not_recovered")),
)
