"""What a listener gets of the page's own connection, to compare with what was posted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx
from playwright.sync_api import Page

from tests.browser import until
from tests.processes import Windsock

JOIN = """async (topics) => {
    const { connections, HERE } = await import("/static/live/connections.js");
    window.connection = connections.take(HERE, sessionStorage.getItem("token"), () => {}).connection;
    window.got = {};
    for (const topic of topics) {
        const mine = (window.got[topic] = { values: [], trouble: undefined, snapshots: 0 });
        window.connection.feed(topic).join({
            source: { device: null },
            windowMs: 900_000,
            points: 5_000,
            snapshot(data) {
                mine.snapshots++;
                const found = data.window.series.find(({ metric }) => metric === "n");
                mine.values = found ? found.points.map(([, value]) => value) : [];
            },
            publication(data) {
                mine.values.push(data.values ? data.values.n : data.n);
            },
            trouble(code) {
                mine.trouble = code;
            },
        });
    }
}"""


def post(windsock: Windsock, *readings: dict[str, Any]) -> None:
    """Store readings."""
    answer = httpx.post(f"{windsock.url}/v1/readings", json=list(readings), trust_env=False)
    answer.raise_for_status()


def numbers(first: int, last: int, device: str = "greenhouse-7") -> list[dict[str, Any]]:
    """A reading for each number, the last one included."""
    return [{"device": device, "values": {"n": n}} for n in range(first, last + 1)]


def join(page: Page, *topics: str) -> None:
    """Listen to topics; what comes is in `got`."""
    page.evaluate(JOIN, list(topics))


def gets(page: Page, topic: str, values: Iterable[int]) -> None:
    """Wait until exactly these values have come, in order."""
    wanted = list(values)
    until(page, "([topic, last]) => got[topic].values.at(-1) === last", [topic, wanted[-1]])
    assert page.evaluate("(topic) => got[topic].values", topic) == wanted
