"""`python -m benchmarks.publish`: publishes at a rate to one system, and says how that went in one JSON line.

Each message goes out at its own due time; what is due together goes in one call, and the next call is made when the
one before has returned. `late_ms` is the longest that a call began after its first message was due: of a system that
takes messages slower than they are due, it says so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import selectors
import sys
import time

from benchmarks.messages import Schedule, message, topic_name
from benchmarks.systems import SYSTEMS
from benchmarks.systems.system import Publisher

AT_ONCE = 500
"""Most messages in one call."""


async def publish(publisher: Publisher, schedule: Schedule) -> float:
    """Publish all that the schedule holds; returns by how many seconds it was late at most."""
    start = time.monotonic()
    latest = 0.0
    while not schedule.finished(now := time.monotonic() - start):
        late = schedule.late(now)
        numbers = schedule.take(now, AT_ONCE)
        if not numbers:
            await asyncio.sleep(schedule.wait(now))
            continue
        latest = max(latest, late)
        ts_ms, sent_ns = time.time_ns() // 1_000_000, time.monotonic_ns()
        await publisher.publish([(topic_name(at), message(at, seq, ts_ms, sent_ns)) for at, seq in numbers])
    return latest


async def _main(asked: argparse.Namespace) -> dict[str, float]:
    publisher = await SYSTEMS[asked.system].publisher(asked.port, asked.redis)
    try:
        schedule = Schedule(asked.topics, asked.rate, asked.seconds, asked.start_seq)
        began, cpu_began = time.monotonic(), time.process_time()
        late_s = await publish(publisher, schedule)
        seconds, cpu_s = time.monotonic() - began, time.process_time() - cpu_began
    finally:
        await publisher.close()
    return {
        "published": schedule.taken,
        "per_topic": schedule.last_seq,
        "began_s": began,
        "seconds": round(seconds, 3),
        "late_ms": round(late_s * 1000, 1),
        "cpu_s": round(cpu_s, 3),
    }


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.publish", description="Publish at a rate to one system.")
    parser.add_argument("--system", required=True, choices=SYSTEMS)
    parser.add_argument("--port", required=True, type=int, help="port of its server")
    parser.add_argument("--redis", required=True, help="URL of its Redis")
    parser.add_argument("--topics", default=1, type=int)
    parser.add_argument("--rate", required=True, type=float, help="messages a second, over all topics")
    parser.add_argument("--seconds", required=True, type=float)
    parser.add_argument("--start-seq", default=1, type=int, help="number of each topic's first message")
    return parser.parse_args(arguments)


def _precise_loop() -> asyncio.AbstractEventLoop:
    """A loop that wakes to the microsecond: with epoll a timer is up to a millisecond late, and two messages meet."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=_precise_loop) as runner:
        print(json.dumps(runner.run(_main(_asked(sys.argv[1:])))))
