"""The books balance: accepted is stored, and what clients were to get is what they got and what they were refused."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import httpx
from websockets.sync.client import connect

from tests.processes import Windsock, wait_until


def counts(windsock: Windsock) -> dict[str, float]:
    lines = httpx.get(f"{windsock.url}/metrics", trust_env=False).text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_accepted_is_stored_and_matched_is_sent_and_refused(tmp_path: Path) -> None:
    with Windsock(tmp_path, outbox_bytes="65536", group_topics="false") as windsock:
        host, port = windsock.url.removeprefix("http://").split(":")
        url = f"{windsock.ws}/ws/device/x/"
        with socket.socket() as lazy, connect(url, proxy=None) as one, connect(url, proxy=None) as other:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.connect((host, int(port)))
            key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            lazy.sendall(f"GET /ws/device/x/ HTTP/1.1\r\nHost: x\r\n{upgrade}{key}\r\n".encode())
            assert b" 101 " in lazy.recv(1024)
            accepted = 0

            def slow() -> bool:
                nonlocal accepted
                readings = [{"device": "x", "values": {"n": n, "filling": "x" * 250}} for n in range(100)]
                answer = httpx.post(f"{windsock.url}/v1/readings", json=readings, trust_env=False)
                accepted += answer.json()["accepted"]
                for client in (one, other):
                    assert [json.loads(client.recv(timeout=10))["values"]["n"] for _ in readings] == list(range(100))
                return counts(windsock)["windsock_slow_clients_total"] == 1

            wait_until(slow, "the client that never reads is not noticed")
            slow()
            books = counts(windsock)
        stored = httpx.get(f"{windsock.url}/api/devices/x", trust_env=False).json()["position"]
        assert accepted == books["windsock_appended_total"] == int(stored.split(".")[1])
        assert books['windsock_ingest_readings_total{format="json",result="stored"}'] == accepted
        assert books["windsock_messages_refused_total"] > 0
        sent_and_refused = books["windsock_messages_sent_total"] + books["windsock_messages_refused_total"]
        assert books["windsock_matched_total"] == sent_and_refused
