"""`/healthz`, `/readyz`, `/metrics`: of every service."""

from __future__ import annotations

from services.api_description.area import Area, answer, json, media, obj, operation, text


def _is(status: str) -> dict[str, object]:
    return json(obj({"status": text(const=status)}, ["status"]))


AREA = Area(
    "Status",
    "How a service is. Behind the proxy these are those of one gateway, and `/metrics` is for the inside only.",
    {
        "/healthz": {"get": operation("isAlive", "Whether the process lives", {200: answer("It does.", _is("ok"))})},
        "/readyz": {
            "get": operation("isReady", "Whether it can do its work", {200: answer("It can.", _is("ready"))}, (503,))
        },
        "/metrics": {
            "get": operation(
                "readMetrics", "Counters and gauges", {200: answer("For Prometheus.", media("text/plain", text()))}
            )
        },
    },
)
