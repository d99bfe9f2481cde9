from __future__ import annotations

import json
import os
import shlex
import signal
import socket
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.processes import Command, Windsock, free_port, run
from tests.waiting import wait_until


def history(windsock: Windsock, topic: str) -> list[dict[str, object]]:
    answer = httpx.get(f"{windsock.url}/api/history", params={"topic": topic, "order": "asc"}, trust_env=False)
    answer.raise_for_status()
    return [publication["data"] for publication in answer.json()["publications"]]


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_serves_until_a_signal_and_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with Windsock(tmp_path) as windsock:
        assert httpx.get(windsock.url, trust_env=False).status_code == 200
        children = windsock.children()
        with connect(f"{windsock.ws}/ws/sensor/"):
            assert windsock.stop(number) == 0
        assert len(children) == 1
        wait_until(lambda: all(gone(pid) for pid in children), "the private Redis server outlives windsock")
        assert "Traceback" not in windsock.log


def test_up_says_where_the_page_is_and_what_to_paste(tmp_path: Path) -> None:
    with Windsock(tmp_path) as windsock:
        wait_until(lambda: "Ctrl-C" in windsock.output, "no greeting")
        assert f"{windsock.url}/\n" in windsock.output
        curl = shlex.split(next(line for line in windsock.output.splitlines() if "curl " in line).partition("curl ")[2])
        url, headers, body = curl[0], curl[curl.index("-H") + 1], curl[curl.index("-d") + 1]
        name, _, value = headers.partition(": ")
        answer = httpx.post(url, content=body, headers={name: value}, trust_env=False)
        assert answer.status_code == 202
        assert len(history(windsock, f"device:{json.loads(body)['device']}")) == 1


def test_readings_survive_a_restart(tmp_path: Path) -> None:
    with Windsock(tmp_path) as windsock:
        first = run("send", "roof", "temperature=21.4", "--url", windsock.url).stdout.strip()
        assert windsock.stop() == 0
        windsock.start()
        assert [reading["values"] for reading in history(windsock, "device:roof")] == [{"temperature": 21.4}]
        second = run("send", "roof", "temperature=22", "--url", windsock.url).stdout.strip()
    assert (first.endswith(".1"), second) == (True, first[:-1] + "2")


def test_readings_survive_a_killed_windsock(tmp_path: Path) -> None:
    with Windsock(tmp_path) as windsock:
        run("send", "roof", "temperature=21.4", "--url", windsock.url)
        windsock.stop(signal.SIGKILL)
        windsock.start()
        assert len(history(windsock, "device:roof")) == 1


def test_up_lives_on_when_its_redis_server_is_killed(tmp_path: Path) -> None:
    with Windsock(tmp_path) as windsock:
        run("send", "roof", "temperature=1", "--url", windsock.url)
        (child,) = windsock.children()
        os.kill(child, signal.SIGKILL)
        assert run("send", "roof", "temperature=2", "--url", windsock.url).returncode == 0
        assert [reading["values"] for reading in history(windsock, "device:roof")] == [
            {"temperature": 1},
            {"temperature": 2},
        ]


def test_a_second_up_on_the_same_data_is_refused_in_one_line(tmp_path: Path) -> None:
    with Windsock(tmp_path):
        second = run("up", port=str(free_port()), data_dir=str(tmp_path / "data"))
    assert second.returncode == 1
    assert second.stderr.startswith("windsock: another windsock (process ")
    assert second.stderr.count("\n") == 1


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run("up", port=str(port), data_dir=str(tmp_path / "data"))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"windsock: cannot listen on 127.0.0.1:{port}: ")
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("service", ["up", "ingest", "gateway", "weather"])
@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"port": "http"}, "WINDSOCK_PORT='http': "),
        ({"redis_fsync": "never"}, "WINDSOCK_REDIS_FSYNC='never': "),
        ({"outbox_bytes": "1"}, "WINDSOCK_OUTBOX_BYTES='1': "),
        ({"prot": "8081"}, "WINDSOCK_PROT is not a setting; did you mean WINDSOCK_PORT?"),
        ({"redis_url": "redis://127.0.0.1:9"}, "no Redis at redis://127.0.0.1:9: "),
        ({"redis_url": "redis://:secret@127.0.0.1:9"}, "no Redis at redis://:***@127.0.0.1:9: "),
        ({"redis_url": "http://127.0.0.1"}, "WINDSOCK_REDIS_URL='http://127.0.0.1' is not a Redis URL"),
        ({"redis_url": "redis://[::1"}, "WINDSOCK_REDIS_URL='redis://[::1' is not a Redis URL"),
        ({"redis_url": "redis://h/0?decode_responses=1"}, "WINDSOCK_REDIS_URL='redis://h/0?decode_responses=1': "),
        ({"redis_url": "redis://:a#b@h"}, "WINDSOCK_REDIS_URL='redis://:***@h' is not a Redis URL"),
        ({"host": "127.0..1"}, "cannot listen on 127.0..1:"),
        ({"dedupe_s": "10000000000000000"}, "WINDSOCK_DEDUPE_S='10000000000000000': "),
        ({"drain_s": "nan"}, "WINDSOCK_DRAIN_S='nan': "),
        ({"canary_s": "10"}, "WINDSOCK_CANARY_TIMEOUT_S=4 must be more than WINDSOCK_CANARY_S=10"),
        ({"api_previous_key": "before"}, "WINDSOCK_API_PREVIOUS_KEY is set without WINDSOCK_API_KEY"),
        ({"token_jwks_url": "http://"}, "WINDSOCK_TOKEN_JWKS_URL='http://': "),
        ({"trusted_proxies": "10.0.0.0/99"}, "WINDSOCK_TRUSTED_PROXIES: "),
        ({"redis_url": "redis://127.0.0.1:x"}, "WINDSOCK_REDIS_URL='redis://127.0.0.1:x' is not a Redis URL"),
    ],
)
def test_what_cannot_work_is_one_line(tmp_path: Path, service: str, settings: dict[str, str], line: str) -> None:
    ended = run(service, **{"port": str(free_port()), "data_dir": str(tmp_path / "data")} | settings)
    assert ended.stderr.startswith(f"windsock: {line}"), ended.stderr
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)


def test_a_data_directory_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run("up", port=str(free_port()), data_dir=str(tmp_path / "file"))
    assert ended.stderr.startswith("windsock: cannot keep files in WINDSOCK_DATA_DIR=")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)


def test_each_service_runs_alone_on_one_redis_server(tmp_path: Path) -> None:
    with Windsock(tmp_path) as whole:
        redis_url = f"unix://{tmp_path}/data/redis.sock"
        with (
            Windsock(tmp_path, "ingest", redis_url=redis_url) as ingest,
            Windsock(tmp_path, "gateway", redis_url=redis_url) as gateway,
            Windsock(tmp_path, "weather", redis_url=redis_url) as weather,
            connect(f"{gateway.ws}/ws/device/roof/?since=") as there,
            connect(f"{whole.ws}/ws/device/roof/?since=") as here,
        ):
            assert run("send", "roof", "temperature=1", "--url", ingest.url).returncode == 0
            assert json.loads(there.recv(10)) == json.loads(here.recv(10))
            assert [service.stop() for service in (ingest, weather)] == [0, 0]


def test_send_stores_what_it_was_told(tmp_path: Path) -> None:
    words = "temperature=21.4 open=true mode=eco --tag site=roof --unit temperature=Cel --ts 2026-01-02T03:04:05Z"
    with Windsock(tmp_path) as windsock:
        sent = run("send", "roof", *words.split(), "--url", windsock.url)
        (reading,) = history(windsock, "device:roof")
    assert (sent.returncode, sent.stderr) == (0, "")
    assert len(str(reading.pop("id"))) == 16
    assert reading == {
        "device": "roof",
        "ts": 1767323045000,
        "values": {"temperature": 21.4, "open": True, "mode": "eco"},
        "units": {"temperature": "Cel"},
        "tags": {"site": "roof"},
    }


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("roof temperature=nan", "values.temperature: nan is not a finite number"),
        ("roof position=1", "values.position: must be "),
        ("a/b temperature=1", "device: must be "),
        ("roof temperature", "values: 'temperature' is not of the form name=value"),
        ("roof temperature=1 --ts soon", "ts: 'soon' is neither"),
        ("roof temperature=1 --ts 2999-01-01", "ts: lies more than "),
    ],
)
def test_send_names_field_and_reason(tmp_path: Path, words: str, line: str) -> None:
    with Windsock(tmp_path) as windsock:
        ended = run("send", *words.split(), "--url", windsock.url)
    assert ended.stderr.startswith(f"windsock: {line}"), ended.stderr
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)


def test_send_waits_for_a_server_that_is_just_starting(tmp_path: Path) -> None:
    port = free_port()
    with Windsock(tmp_path, port=str(port)) as windsock:
        windsock.stop()
        with Command(tmp_path, "send", "roof", "temperature=1", "--url", windsock.url) as sender:
            wait_until(lambda: "trying again" in sender.log, "send does not say that it waits")
            windsock.start()
            assert sender.wait() == 0
        assert len(history(windsock, "device:roof")) == 1


def test_wrong_usage_is_exit_code_two() -> None:
    assert run("send", "roof").returncode == 2
    assert run("replay", "x.csv", "--speed", "-1").returncode == 2
