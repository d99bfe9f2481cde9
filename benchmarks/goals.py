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
PLAIN = windsock.PLAIN.name
DAPHNE = channels.DAPHNE.name
SOCKETIO = socketio.SOCKETIO.name
CENTRIFUGO = centrifugo.JSON.name
INGEST = WindsockIngest().name
PROMPT_MS = 50.0

Figure = Callable[[Results], float | None]
"""A figure of a run; None where the run has not measured it."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure with the bound that it must keep."""

    text: str
    at_most: bool
    bound: float
    figure: Figure
    explains: bool = False
    """Whether it is no goal, but explains the one before it."""

    def met(self, measured: float) -> bool:
        return measured <= self.bound if self.at_most else measured >= self.bound

    def bound_text(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:,g}"


def _of(scenario: str, figure: str, system: str = JSON, **wanted: float) -> Figure:
    """A figure of the row whose other figures are as `wanted`."""

    def look(results: Results) -> float | None:
        for row in results.of(scenario, system):
            if figure in row.figures and all(row.figures.get(name) == value for name, value in wanted.items()):
                return row.figures[figure]
        return None

    return look


def _ratio(above: Figure, below: Figure) -> Figure:
    def look(results: Results) -> float | None:
        over, under = above(results), below(results)
        return over / under if over is not None and under else None

    return look


def _at_rate(rate: float, system: str = JSON) -> Figure:
    return _of("rates", "cpu_us", system, clients=900, messages_per_s=rate)


def _over_topics(per_client: float, system: str = JSON) -> Figure:
    return _of("topics", "cpu_us", system, topics=1_000, per_client=per_client)


def _idle(figure: str, system: str = JSON) -> Figure:
    return _of("connections", figure, system, clients=10_000)


def _prompt(row: Row) -> bool:
    """Whether all was delivered, and in time."""
    return row.figures["p99_ms"] < PROMPT_MS and not row.figures["lost"]


def _most_in_time(results: Results) -> float | None:
    """The most deliveries a second with which everything arrived, and in time."""
    return max((row.figures["delivered_per_s"] for row in results.of("rates", JSON) if _prompt(row)), default=None)


def _at_saturation(system: str) -> Figure:
    """CPU at the rate at which the system delivers most in time; of one that never does, where it delivers most."""

    def look(results: Results) -> float | None:
        rows = list(results.of("rates", system))
        rows = [row for row in rows if _prompt(row)] or rows
        best = max(rows, key=lambda row: row.figures["delivered_per_s"], default=None)
        return best.figures["cpu_us"] if best else None

    return look


def _dearer(peer: str) -> Figure:
    return _ratio(_at_saturation(peer), _at_saturation(JSON))


def _wrong_in_storm(results: Results) -> float | None:
    """Publications that were lost, or came twice, while all clients came back."""
    storms = [row.figures for row in results.of("connections", JSON) if "not_recovered" in row.figures]
    return sum(abs(storm["lost"]) + storm["repeated"] for storm in storms) if storms else None


def _intake(said: str, fsyncs: float) -> Iterator[Goal]:
    def of(figure: str, readings_per_post: float, devices: float) -> Figure:
        return _of("intake", figure, INGEST, readings_per_post=readings_per_post, devices=devices, fsyncs=fsyncs)

    yield Goal(f"single POST/s, {said}", False, 20_000, of("posts_per_s", 1, 500))
    yield Goal(f"readings/s in arrays over 500 devices, {said}", False, 60_000, of("readings_per_s", 500, 500))
    yield Goal(f"readings/s in arrays over 50 devices, {said}", False, 100_000, of("readings_per_s", 500, 50))
    yield Goal(f"Redis µs/reading, arrays over 500 devices, {said}", True, 9, of("redis_us_reading", 500, 500))


def _part_of_kernel(ours: Figure, kernels: Figure, most: float) -> Goal:
    """The bounds in µs are those of a machine on which `send()` took 3.2 µs: what it takes here belongs beside them."""
    return Goal("the same ÷ what send() alone takes here", True, most, _ratio(ours, kernels), explains=True)


GOALS = (
    Goal("CPU µs/delivery, 900 clients, 1,000 msg/s", True, 1.5, _at_rate(1_000)),
    Goal("deliveries/s with p99 < 50 ms", False, 500_000, _most_in_time),
    Goal("CPU µs/delivery, 900 clients, 20 msg/s", True, 8, _at_rate(20)),
    _part_of_kernel(_at_rate(20), _at_rate(20, kernel.NAME), 2.5),
    Goal("CPU µs/delivery, 1,000 topics × 10, 5,000 msg/s", True, 5, _over_topics(1)),
    _part_of_kernel(_over_topics(1), _over_topics(1, kernel.NAME), 1.6),
    Goal("with 20 subscriptions a client ÷ with one", True, 1.0, _ratio(_over_topics(20), _over_topics(1))),
    Goal("Protobuf ÷ JSON, 1,000 msg/s", True, 1.3, _ratio(_at_rate(1_000, PROTOBUF), _at_rate(1_000))),
    Goal("Channels on daphne ÷ Windsock, at saturation", False, 100, _dearer(DAPHNE)),
    Goal("python-socketio ÷ Windsock, at saturation", False, 25, _dearer(SOCKETIO)),
    Goal("Centrifugo ÷ Windsock, at saturation", False, 1, _dearer(CENTRIFUGO)),
    *_intake("fsync always", 1),
    *_intake("fsync everysec", 0),
    Goal("POST to who follows one device, p50 ms", True, 3, _of("end to end", "p50_ms", INGEST, followed=1)),
    Goal("POST to who follows all 50, p50 ms", True, 3, _of("end to end", "p50_ms", INGEST, followed=50)),
    Goal("KB per idle connection", True, 25, _idle("kb_per_client")),
    Goal("KB per idle connection, plain", True, 25, _idle("kb_per_client", PLAIN)),
    Goal("connects/s with subscribe", False, 1_500, _idle("connects_per_s")),
    Goal("reconnects that were not recovered", True, 0, _idle("not_recovered")),
    Goal("lost or repeated in a storm of reconnects", True, 0, _wrong_in_storm),
)
