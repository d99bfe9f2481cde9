from __future__ import annotations

import asyncio
import csv
import json
import signal
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.processes import Command, Windsock, free_port, run
from tests.waiting import wait_until

FILE = Path(__file__).parents[1] / "data" / "nycflights13-weather.csv"
STATIONS = ("EWR", "JFK", "LGA")


def expected(station: str) -> list[dict[str, float]]:
    """The rows of a station as they stand in the file."""
    with FILE.open(newline="") as lines:
        return [
            {name: float(cell) for name, cell in row.items() if name not in ("origin", "time_hour") and cell != "NA"}
            for row in csv.DictReader(lines)
            if row["origin"] == station
        ]


async def receive(socket: ClientConnection, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        return [json.loads(await socket.recv()) for _ in range(count)]


async def silent(socket: ClientConnection) -> bool:
    """Whether nothing more arrives: a ping's answer comes after all that was pushed before it."""
    try:
        await asyncio.wait_for(await socket.ping(), 10)
        async with asyncio.timeout(0.2):
            await socket.recv()
    except TimeoutError:
        return True
    return False


def history(url: str, station: str, page: int) -> list[dict[str, Any]]:
    """The whole history of a station, oldest first, read page by page."""
    path: str | None = f"/api/history?topic=device:{station}&order=asc&limit={page}"
    publications: list[dict[str, Any]] = []
    while path:
        answer = httpx.get(url + path, trust_env=False)
        answer.raise_for_status()
        publications += answer.json()["publications"]
        path = answer.json()["next"]
    return publications


async def test_every_row_arrives_once_and_in_order_and_history_has_the_same_rows(tmp_path: Path) -> None:
    rows = {station: expected(station) for station in STATIONS}
    with Windsock(tmp_path) as windsock:
        sockets = [await connect(f"{windsock.ws}/ws/device/{station}/") for station in STATIONS]
        receiving = [
            asyncio.create_task(receive(socket, len(rows[at]))) for socket, at in zip(sockets, STATIONS, strict=True)
        ]
        ran = await asyncio.to_thread(run, "replay", str(FILE), "--speed", "0", "--url", windsock.url)
        assert (ran.returncode, ran.stdout) == (0, "720 rows read, 720 sent, 0 skipped for want of values\n"), (
            ran.stderr
        )
        for station, task, socket in zip(STATIONS, receiving, sockets, strict=True):
            pushed = await task
            assert [message["values"] for message in pushed] == rows[station]
            assert [message["ts"] for message in pushed] == sorted({message["ts"] for message in pushed})
            assert {message["device"] for message in pushed} == {station}
            assert await silent(socket)
            stored = await asyncio.to_thread(history, windsock.url, station, 100)
            assert [publication["data"]["values"] for publication in stored] == rows[station]
            assert [publication["offset"] for publication in stored] == list(range(1, len(stored) + 1))
            assert [{**p["data"], "position": p["position"]} for p in stored] == [
                {**message, "position": p["position"]} for message, p in zip(pushed, stored, strict=True)
            ]
            await socket.close()


def test_a_replay_goes_on_when_the_server_is_killed_and_comes_back(tmp_path: Path) -> None:
    # Ten days in about six seconds.
    arguments = ("replay", str(FILE), "--speed", "150000")
    with Windsock(tmp_path) as windsock, Command(tmp_path, *arguments, "--url", windsock.url) as replay:

        def stored() -> int:
            return len(history(windsock.url, "EWR", 1000))

        wait_until(lambda: stored() > 20, "nothing arrives")
        windsock.stop(signal.SIGKILL)
        wait_until(lambda: "trying again" in replay.log, "replay does not notice")
        windsock.start()
        assert replay.wait(60) == 0
        assert "720 rows read, 720 sent" in replay.output
        for station in STATIONS:
            readings = [publication["data"]["values"] for publication in history(windsock.url, station, 1000)]
            assert readings == expected(station)


def test_times_can_be_shifted_to_now(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("date,x\n2013-01-01,1\n2013-01-01T01:00,2\n")
    with Windsock(tmp_path) as windsock:
        before = httpx.get(windsock.url + "/healthz", trust_env=False).status_code
        ran = run("replay", str(file), "--speed", "0", "--device", "roof", "--now", "--url", windsock.url)
        assert (before, ran.returncode) == (200, 0), ran.stderr
        first, second = (publication["data"]["ts"] for publication in history(windsock.url, "roof", 10))
        stored = history(windsock.url, "roof", 10)[0]["stored"]
    assert second - first == 3_600_000
    assert 0 <= stored - first < 30_000


def test_a_malformed_file_is_one_line_and_sends_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("device,ts,x\nroof,1357020000,1\nroof,soon,2\n")
    ended = run("replay", str(file), "--url", f"http://127.0.0.1:{free_port()}")
    assert ended.stderr.startswith(f"windsock: {file}: row 2: ts: 'soon' is neither ")
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    ended = run("replay", str(tmp_path / "none.csv"))
    assert ended.stderr == f"windsock: {tmp_path}/none.csv: No such file or directory\n"
    assert ended.returncode == 1


def test_a_row_that_the_server_refuses_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("device,ts,x\nroof,1357020000,1\nroof,1,\nroof,99999999999,2\n")
    with Windsock(tmp_path) as windsock:
        ended = run("replay", str(file), "--speed", "0", "--url", windsock.url)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("windsock: row 3: ts: lies more than ")
    assert ended.stdout == "3 rows read, 0 sent, 1 skipped for want of values\n"
