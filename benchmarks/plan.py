"""What a run measures, in parts that fail each by itself. Nothing runs before it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.results import Row
from benchmarks.scenarios import connections, end_to_end, fan_out, intake, kernel, topics
from benchmarks.systems.intake import INTAKES
from benchmarks.systems.system import System

OURS = ("windsock-json", "windsock-protobuf", "windsock-plain")
MANY_TOPICS = (*OURS, "centrifugo-json")
"""The other peers are at their ends far below the rate of `topics`."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rates: tuple[float, ...]
    clients: int
    crowds: tuple[int, ...]
    crowd_rate: float
    topics: int
    topic_rate: float
    with_topics: tuple[str, ...]
    """Who takes part in `topics`."""
    fsyncs: tuple[str, ...]
    idle: int
    cycles: int
    seconds: float


FULL = Size(
    rates=(5, 20, 100, 300, 1_000, 2_000),
    clients=900,
    crowds=(100, 300, 1_000, 3_000, 10_000),
    crowd_rate=5,
    topics=1_000,
    topic_rate=5_000,
    with_topics=MANY_TOPICS,
    fsyncs=("always", "everysec"),
    idle=10_000,
    cycles=20,
    seconds=5.0,
)
QUICK = Size(
    rates=(20,),
    clients=200,
    crowds=(),
    crowd_rate=5,
    topics=100,
    topic_rate=500,
    with_topics=OURS[:1],
    fsyncs=("always",),
    idle=1_000,
    cycles=3,
    seconds=1.0,
)


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one scenario for one system."""

    scenario: str
    system: str
    rows: Callable[[], AsyncIterator[Row]]


def parts(size: Size, systems: Sequence[System]) -> Iterator[Part]:
    """All parts of a run, in the order of the report."""
    seconds = size.seconds
    yield Part("rates", kernel.NAME, lambda: kernel.over_rates(size.clients, size.rates, seconds))
    for one in systems:
        yield Part("rates", one.name, partial(fan_out.over_rates, [one], size.clients, size.rates, seconds))
    if size.crowds:
        yield Part("clients", kernel.NAME, lambda: kernel.over_clients(size.crowds, size.crowd_rate, seconds))
        for one in systems:
            if one.key == OURS[0] or one.key not in OURS:
                crowds = partial(fan_out.over_clients, [one], size.crowds, size.crowd_rate, seconds)
                yield Part("clients", one.name, crowds)
    yield Part(
        "topics",
        kernel.NAME,
        lambda: kernel.over_topics(size.topics, topics.SUBSCRIBERS, size.topic_rate, seconds),
    )
    for one in systems:
        if one.key in size.with_topics:
            per_client = (1, 20) if one.key == OURS[0] else (1,)
            yield Part(
                "topics", one.name, partial(topics.rows, [one], size.topics, per_client, size.topic_rate, seconds)
            )
    for taking in INTAKES:
        yield Part("intake", taking.name, partial(intake.rows, [taking], intake.LOADS, size.fsyncs, seconds))
    yield Part("end to end", "Windsock", lambda: end_to_end.rows(seconds))
    for one in systems:
        if one.key in ("windsock-json", "windsock-plain"):
            yield Part("connections", one.name, partial(connections.rows, [one], size.idle, size.topics))
        if one.key == "windsock-json":
            yield Part("connections", one.name, partial(connections.cycles, [one], size.idle // 5, size.cycles))
