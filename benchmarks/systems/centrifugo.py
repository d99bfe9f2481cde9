"""Centrifugo 6 with its Redis engine, if a `centrifugo` is on the PATH.

With history and recovery, so that it promises what Windsock does, and once without. Set by environment variables, after
its docs 'Configure Centrifugo', 'Engines and scalability' and 'History and recovery'; clients come in without a token.
Published is over its HTTP API, several at once by `batch`, one after another so that their order stays. The server
process does the publishing, then: its CPU time contains what Windsock's publishers do themselves.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from benchmarks.load_client import Dialect
from benchmarks.systems.system import HOST, environment

KEY = "benchmark"
NAMESPACE = "device"
PERMISSIONS = {"allow_subscribe_for_client": True, "allow_subscribe_for_anonymous": True}
HISTORY = {"history_size": 10_000, "history_ttl": "24h", "force_recovery": True}


class CentrifugoPublisher:
    """Publishes over HTTP."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        commands = [
            {"publish": {"channel": f"{NAMESPACE}:{topic}", "data": orjson.Fragment(payload)}}
            for topic, payload in messages
        ]
        answer = await self._client.post("/api/batch", content=orjson.dumps({"commands": commands}))
        replies = orjson.loads(answer.raise_for_status().content)["replies"]
        refused = [reply["error"] for reply in replies if reply.get("error")]
        if refused:
            raise RuntimeError(f"Centrifugo refuses {len(refused)} of {len(messages)} publications: {refused[0]}")

    async def close(self) -> None:
        await self._client.aclose()


@dataclass(frozen=True, slots=True)
class CentrifugoSystem:
    """One server process."""

    name: str
    key: str
    dialect: Dialect
    history: bool = True
    path: str = "/connection/websocket"
    channel: str = NAMESPACE + ":bench-%04d"
    ready_path: str | None = "/health"

    def unavailable(self) -> str | None:
        return None if shutil.which("centrifugo") else "no centrifugo on the PATH"

    def versions(self) -> str:
        told = subprocess.run(["centrifugo", "version"], capture_output=True, text=True, check=True)
        return told.stdout.strip()

    def command(self, port: int, redis_url: str) -> tuple[list[str], dict[str, str]]:
        namespace: dict[str, Any] = {"name": NAMESPACE} | PERMISSIONS | (HISTORY if self.history else {})
        settings = {
            "HTTP_SERVER_ADDRESS": HOST,
            "HTTP_SERVER_PORT": str(port),
            "HTTP_API_KEY": KEY,
            "HEALTH_ENABLED": "true",
            "ENGINE_TYPE": "redis",
            "ENGINE_REDIS_ADDRESS": redis_url,
            "CLIENT_ALLOW_ANONYMOUS_CONNECT_WITHOUT_TOKEN": "true",
            "CHANNEL_NAMESPACES": orjson.dumps([namespace]).decode(),
            "LOG_LEVEL": "warn",
        }
        return ["centrifugo"], environment(**{"CENTRIFUGO_" + name: value for name, value in settings.items()})

    async def publisher(self, port: int, redis_url: str) -> CentrifugoPublisher:
        headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
        return CentrifugoPublisher(
            httpx.AsyncClient(base_url=f"http://{HOST}:{port}", headers=headers, trust_env=False)
        )


JSON = CentrifugoSystem("Centrifugo, JSON", "centrifugo-json", "centrifuge-json")
PROTOBUF = CentrifugoSystem("Centrifugo, Protobuf", "centrifugo-protobuf", "centrifuge-protobuf")
WITHOUT_HISTORY = CentrifugoSystem("Centrifugo without history, JSON", "centrifugo-lossy", "centrifuge-json", False)
