"""InfluxDB's clients, and Telegraf's requests as its source writes them, on the whole system."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS, WriteOptions
from influxdb_client.rest import ApiException

from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    limits = {"body_bytes": "20000", "decompressed_bytes": "100000", "batch_readings": "200"}
    with Windsock(tmp_path_factory.mktemp("influx"), **limits) as running:
        yield running


@pytest.fixture
def http(windsock: Windsock) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=windsock.url, trust_env=False) as client:
        yield client


def history(http: httpx.Client, device: str) -> list[dict[str, Any]]:
    answer = http.get("/api/history", params={"topic": f"device:{device}", "order": "asc", "limit": 500})
    assert answer.status_code == 200, answer.text
    return [publication["data"] for publication in answer.json()["publications"]]


def chunked(method: str, path: str, headers: list[str], body: bytes) -> bytes:
    """A request as Go's client writes it when it does not know the body's length."""
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *headers, "", ""]).encode()
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def exchange(url: str, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send `request` byte for byte; the status, headers and body of the answer."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(request)
        reader = connection.makefile("rb")
        status = int(reader.readline().split()[1])
        lines = iter(lambda: reader.readline().decode().strip(), "")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return status, headers, reader.read(int(headers.get("content-length", "0")))


TELEGRAF = ["Host: 127.0.0.1", "User-Agent: Telegraf/1.38.0 Go/1.26.0"]


def test_telegrafs_output_for_version_1(windsock: Windsock, http: httpx.Client) -> None:
    statement = b"q=CREATE+DATABASE+%22telegraf%22"
    form = ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(statement)}"]
    create = "\r\n".join(["POST /query HTTP/1.1", *TELEGRAF, *form, "Accept-Encoding: gzip", "", ""]).encode()
    status, headers, body = exchange(windsock.url, create + statement)
    assert (status, json.loads(body)) == (200, {"results": [{"statement_id": 0}]})
    assert headers["content-type"] == "application/json"
    now = int(time.time())
    lines = (
        f"cpu,cpu=cpu-total,host=v1 usage_idle=98.5,usage_user=1.2 {now}000000000\nmem,host=v1 used=5i {now}000000000\n"
    )
    write = ["Content-Encoding: gzip", "Content-Type: text/plain; charset=utf-8", "Accept-Encoding: gzip"]
    request = chunked(
        "POST", "/write?db=telegraf", [*TELEGRAF, "Transfer-Encoding: chunked", *write], gzip.compress(lines.encode())
    )
    status, headers, body = exchange(windsock.url, request)
    assert (status, body) == (204, b"")
    assert "content-length" not in headers
    assert history(http, "v1") == [
        {
            "device": "v1",
            "ts": now * 1000,
            "values": {"cpu.usage_idle": 98.5, "cpu.usage_user": 1.2},
            "tags": {"cpu": "cpu-total"},
        },
        {"device": "v1", "ts": now * 1000, "values": {"mem.used": 5}},
    ]


def test_telegrafs_output_for_version_2(windsock: Windsock, http: httpx.Client) -> None:
    more = [
        "Authorization: Token my-token",
        "Content-Encoding: gzip",
        "Content-Type: text/plain; charset=utf-8",
        "Accept-Encoding: gzip",
    ]
    request = chunked(
        "POST",
        "/api/v2/write?bucket=telegraf&org=my-org",
        [*TELEGRAF, "Transfer-Encoding: chunked", *more],
        gzip.compress(f"disk,host=v2,path=/ used_percent=12.5 {time.time_ns()}\n".encode()),
    )
    assert exchange(windsock.url, request)[0] == 204
    assert history(http, "v2")[0]["values"] == {"disk.used_percent": 12.5}


def test_the_official_client_writes_at_once(windsock: Windsock, http: httpx.Client) -> None:
    with InfluxDBClient(windsock.url, token="t", org="o", enable_gzip=True) as client:
        assert client.ping()
        assert client.version() == "1.8.10"
        with client.write_api(write_options=SYNCHRONOUS) as writer:
            point = Point("weather").tag("device", "sync 1").tag("room", "a, b=c").field("t", 21.5).field("n", 3)
            writer.write("b", record=point.field("note", 'say "hi"\nand go').time(time.time_ns()))
            writer.write("b", record="weather,device=sync\\ 1 value=7", write_precision=WritePrecision.S)
    first, second = history(http, "sync_1")
    assert first["values"] == {"weather.t": 21.5, "weather.n": 3, "weather.note": 'say "hi"\nand go'}
    assert first["tags"] == {"room": "a, b=c"}
    assert second["values"] == {"weather": 7.0}


@pytest.mark.parametrize("compressed", [False, True])
def test_the_official_client_writes_in_batches(windsock: Windsock, http: httpx.Client, compressed: bool) -> None:
    device, errors = f"batch-{compressed}", list[Any]()
    with (
        InfluxDBClient(windsock.url, token="t", org="o", enable_gzip=compressed) as client,
        client.write_api(
            WriteOptions(batch_size=40, flush_interval=1_000), error_callback=lambda *told: errors.append(told)
        ) as writer,
    ):
        start = time.time_ns() // 1_000_000
        for number in range(100):
            point = Point("m").tag("device", device).field("n", number).time(start + number, WritePrecision.MS)
            writer.write("b", record=point)
    assert errors == []
    assert sorted(data["values"]["m.n"] for data in history(http, device)) == list(range(100))


def test_the_official_client_is_told_which_line_is_wrong(windsock: Windsock, http: httpx.Client) -> None:
    with (
        InfluxDBClient(windsock.url, token="t", org="o") as client,
        client.write_api(write_options=SYNCHRONOUS) as writer,
    ):
        with pytest.raises(ApiException) as partial:
            writer.write("b", record="m,device=part a=1\nm,device=part a=\nm,device=part a=3\nm,device=part b=x")
        assert partial.value.status == 422
        assert partial.value.message == (
            "partial write: line 2: a: is a field without a value; "
            "line 4: b: 'x' is no value: a number, a whole number with i (or u, up to 64 bits), t or f, or a string in "
            "quotes dropped=2"
        )
        with pytest.raises(ApiException) as nothing:
            writer.write("b", record="m a=")
        assert nothing.value.status == 400
    assert [data["values"] for data in history(http, "part")] == [{"m.a": 1.0}, {"m.a": 3.0}]


def test_what_clients_ask_before_they_write(http: httpx.Client) -> None:
    for ping in (http.get("/ping"), http.head("/ping")):
        assert (ping.status_code, ping.content, ping.headers["x-influxdb-version"]) == (204, b"", "1.8.10")
    health = http.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "pass")
    for answer in (
        http.get("/query", params={"q": 'create database "a b" WITH DURATION 1d;'}),
        http.post("/query", data={"q": "CREATE DATABASE x"}),
        http.post("/query", params={"q": "CREATE DATABASE x"}),
    ):
        assert (answer.status_code, answer.json()) == (200, {"results": [{"statement_id": 0}]})
    for statement in ("SHOW DATABASES", "CREATE DATABASE x; DROP DATABASE x", ""):
        answer = http.get("/query", params={"q": statement})
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert http.post("/query", content=b"q=" + b"x" * 20_000).status_code == 413
    assert http.get("/query", params={"q": "x" * 20_000}).status_code == 413
    many = http.post("/query", content=b"&" * 200)
    assert (many.status_code, many.json()) == (400, {"error": "the form has more than 100 fields"})


@pytest.mark.parametrize(
    ("content", "query", "headers", "v1", "v2"),
    [
        (b"m a=", "", {}, 400, 400),
        (b"m a=1\nm a=", "", {}, 400, 422),
        (b"m a=1", "?precision=year", {}, 400, 400),
        (b"m a=1 " + b"0" * 20_000, "", {}, 413, 413),
        (b"m a=1\n" * 201, "", {}, 413, 413),
        (gzip.compress(b"# \n" * 40_000, mtime=0), "", {"content-encoding": "gzip"}, 413, 413),
        (gzip.compress(b"m a=1", mtime=0)[:-1], "", {"content-encoding": "gzip"}, 400, 400),
        (b"m a=1", "", {"content-encoding": "br"}, 415, 415),
        (b"m a=1", "", {"content-type": "text/plain", "origin": "https://evil.example"}, 415, 415),
        (b"", "", {}, 204, 204),
        (b"# nothing", "", {}, 204, 204),
    ],
    ids=[
        "a line",
        "one of two",
        "precision",
        "large",
        "lines",
        "bomb",
        "cut off",
        "brotli",
        "a page",
        "empty",
        "a comment",
    ],
)
def test_both_versions_answer_as_their_clients_expect(
    http: httpx.Client, content: bytes, query: str, headers: dict[str, str], v1: int, v2: int
) -> None:
    first = http.post("/write" + query, content=content, headers=headers)
    second = http.post("/api/v2/write" + query, content=content, headers=headers)
    assert (first.status_code, second.status_code) == (v1, v2)
    if v1 != 204:
        assert (list(first.json()), first.headers["content-type"]) == (["error"], "application/json")
        assert {"code", "message"} <= second.json().keys() <= {"code", "message", "line"}


def test_precision_of_version_1(http: httpx.Client) -> None:
    hours = int(time.time()) // 3600
    assert http.post("/write?db=x&precision=h", content=f"m,device=hourly f=1 {hours}").status_code == 204
    assert history(http, "hourly")[0]["ts"] == hours * 3_600_000


def test_curl_posts_lines(windsock: Windsock, http: httpx.Client) -> None:
    curl = shutil.which("curl")
    assert curl is not None
    lines = "temperature,device=curl value=21.4"
    command = [curl, "-sS", "-w", "%{http_code}", f"{windsock.url}/write?db=x&u=a&p=b", "--data-binary", lines]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout == "204"
    assert history(http, "curl")[0]["values"] == {"temperature": 21.4}


def test_while_redis_is_gone_clients_are_told_to_come_back(tmp_path: Path, redis_server: RedisServer) -> None:
    with (
        Windsock(tmp_path, redis_url=redis_server.url, append_timeout_s="1") as windsock,
        httpx.Client(base_url=windsock.url, trust_env=False) as http,
    ):
        redis_server.kill()
        for path, member in (("/write", "error"), ("/api/v2/write", "message")):
            answer = http.post(path, content=b"m,device=d f=1", timeout=30)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert "Redis" in answer.json()[member]
        wait_until(lambda: http.get("/health").status_code == 503, "/health does not notice")
