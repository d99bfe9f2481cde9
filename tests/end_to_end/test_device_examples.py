"""The examples of docs/devices.md, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.documented import blocks
from tests.mosquitto import Mosquitto
from tests.processes import Windsock, free_port
from tests.processes import run as windsock_command
from tests.redis_server import RedisServer
from tests.waiting import wait_until

DOCUMENT = "docs/devices.md"
ELSEWHERE = "http://192.168.1.10:8080"
"""Where the examples for boards look for Windsock."""
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    with Windsock(tmp_path_factory.mktemp("examples"), auth="required") as one:
        yield one


@pytest.fixture(scope="module")
def key(windsock: Windsock) -> str:
    """The key of the examples' devices."""
    return made(data_dir=windsock.environment["WINDSOCK_DATA_DIR"])


def made(**where: str) -> str:
    """A new key, made in the Redis that these settings name."""
    ended = windsock_command("keys", "create", "examples", **where)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def example(heading: str, language: str) -> str:
    return blocks(DOCUMENT, f"### {heading}", language)[-1]


def surroundings(windsock: Windsock, key: str, **more: str) -> dict[str, str]:
    return os.environ | {"URL": windsock.url, "KEY": key, "no_proxy": "127.0.0.1"} | more


def run(*command: str, environment: dict[str, str], text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program to its end, which must be a good one."""
    done = subprocess.run(
        command, input=text, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def latest(windsock: Windsock, device: str) -> dict[str, Any]:
    """Its newest values by metric; empty if it never posted."""
    answer = httpx.get(f"{windsock.url}/api/devices/{device}", trust_env=False)
    return {metric: one["value"] for metric, one in answer.json().get("latest", {}).items()}


def stored(windsock: Windsock, device: str) -> int:
    """How many of its readings are stored."""
    query = {"topic": f"device:{device}"}
    answer = httpx.get(f"{windsock.url}/api/history", params=query, trust_env=False)
    return len(answer.json()["publications"])


def test_curl(windsock: Windsock, key: str) -> None:
    done = run("sh", "-e", environment=surroundings(windsock, key), text=example("curl", "sh"))
    assert json.loads(done.stdout)["accepted"] == 1
    assert latest(windsock, "greenhouse-7")["temperature"] == 21.4


def test_without_its_key_nothing_is_stored(windsock: Windsock) -> None:
    text = example("curl", "sh").replace("greenhouse-7", "keyless")
    environment = surroundings(windsock, "wsk_000000000000_00000000000000000000000000000000")
    done = subprocess.run(["sh", "-ec", text], env=environment, capture_output=True, text=True, check=False)
    assert "401" in done.stderr
    assert latest(windsock, "keyless") == {}


def test_python(windsock: Windsock, key: str) -> None:
    text = example("Python", "python").replace("greenhouse-7", "python")
    run(sys.executable, "-", environment=surroundings(windsock, key), text=text)
    assert latest(windsock, "python") == {"temperature": 21.4, "humidity": 40.1}


def test_python_waits_for_a_server_that_is_away(tmp_path: Path) -> None:
    text = example("Python", "python").replace("wait_s = 5", "wait_s = 0.1")
    said = tmp_path / "said"
    with Windsock(tmp_path, auth="required") as windsock:
        environment = surroundings(windsock, made(data_dir=windsock.environment["WINDSOCK_DATA_DIR"]))
        windsock.stop()
        with said.open("w") as out:
            device = subprocess.Popen([sys.executable, "-u", "-c", text], env=environment, stdout=out)
        try:
            wait_until(lambda: "refused" in said.read_text(), "it does not try")
            windsock.start()
            assert device.wait(TIMEOUT_S) == 0
            assert stored(windsock, "greenhouse-7") == 1
        finally:
            device.kill()
            device.wait()


def test_micropython(windsock: Windsock, key: str) -> None:
    """What a board does once it is in its network; the packages' `requests` have the same interface."""
    text = example("MicroPython", "python").replace(ELSEWHERE, windsock.url).replace('"…"', repr(key))
    text = text.replace("greenhouse-7", "micropython")
    device = subprocess.Popen([sys.executable, "-c", text], env=surroundings(windsock, key))
    try:
        wait_until(lambda: latest(windsock, "micropython") == {"temperature": 21.4}, "nothing is posted")
    finally:
        device.kill()
        device.wait()


def test_arduino(windsock: Windsock, key: str) -> None:
    """Its body, put together as the sketch does it: the sketch itself needs its board."""
    text = example("Arduino, ESP32", "cpp")
    (opening,) = re.findall(r'String body = (".*");', text)
    (closing,) = re.findall(r'3\) \+ (".*");', text)
    assert "/v1/readings" in text
    body = json.loads(opening) + "0.417" + json.loads(closing)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answer = httpx.post(f"{windsock.url}/v1/readings", content=body, headers=headers, trust_env=False)
    assert answer.status_code == 202, answer.text


def test_node(windsock: Windsock, key: str, tmp_path: Path) -> None:
    file = tmp_path / "post.mjs"
    file.write_text(example("Node", "js"))
    node = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert node
    run(node, str(file), environment=surroundings(windsock, key))
    assert latest(windsock, "greenhouse-8") == {"temperature": 19.8, "open": True}


def test_telegraf(windsock: Windsock, key: str) -> None:
    """What it is told, and the request that it makes of that; tests of InfluxDB's API know more of its requests."""
    (output,) = tomllib.loads(example("Telegraf", "toml"))["outputs"]["influxdb_v2"]
    assert output["urls"] == ["${URL}"]
    answer = httpx.post(
        f"{windsock.url}/api/v2/write",
        params={"bucket": output["bucket"], "org": output["organization"]},
        content="mem,host=telegraf used_percent=61.5 1760000000123000000\n",
        headers={"Authorization": "Token " + output["token"].replace("${KEY}", key)},
        trust_env=False,
    )
    assert answer.status_code == 204, answer.text
    assert latest(windsock, "telegraf") == {"mem.used_percent": 61.5}


def test_mqtt(tmp_path: Path, redis_server: RedisServer) -> None:
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    key = made(redis_url=redis_server.url)
    settings = {"redis_url": redis_server.url, "auth": "required"}
    try:
        with (
            Windsock(tmp_path, **settings) as windsock,
            Windsock(tmp_path, "mqtt", mqtt_url=broker.url, mqtt_key=key, **settings),
        ):
            environment = surroundings(windsock, key, BROKER_PORT=str(broker.port))
            run("sh", "-e", environment=environment, text=example("MQTT", "sh"))
            wait_until(lambda: latest(windsock, "greenhouse-7") == {"temperature": 21.4}, "nothing is stored")
    finally:
        broker.stop()


def test_senml(windsock: Windsock, key: str) -> None:
    text = example("SenML", "sh").replace("greenhouse-7", "senml")
    run("sh", "-e", environment=surroundings(windsock, key), text=text)
    assert latest(windsock, "senml") == {"temperature": 21.4, "humidity": 40.1}


def test_home_assistant(windsock: Windsock, key: str) -> None:
    class Loader(yaml.SafeLoader):
        """Knows its secrets."""

    Loader.add_constructor("!secret", lambda _loader, _node: f"Bearer {key}")
    found = yaml.load(example("Home Assistant", "yaml"), Loader)  # a SafeLoader
    command = found["rest_command"]["windsock"]
    (automation,) = found["automation"]
    assert automation["actions"][0]["action"] == "rest_command.windsock"
    assert re.findall(r"{{ (\w+) }}", command["payload"]) == list(automation["actions"][0]["data"])
    answer = httpx.request(
        command["method"],
        command["url"].replace(ELSEWHERE, windsock.url),
        content=re.sub(r"{{ \w+ }}", "20.5", command["payload"]).replace("greenhouse-7", "home"),
        headers=command["headers"] | {"Content-Type": command["content_type"]},
        trust_env=False,
    )
    assert answer.status_code == 202, answer.text
    assert latest(windsock, "home") == {"temperature": 20.5}


def test_what_cron_could_not_post_goes_with_the_next_run(windsock: Windsock, key: str, tmp_path: Path) -> None:
    script, spool = tmp_path / "post-load", tmp_path / "spool"
    script.write_text(example("Shell, from cron", "sh").replace("$(uname -n)", "cron"))
    script.chmod(0o755)
    environment = surroundings(windsock, key, SPOOL=str(spool))
    nowhere = environment | {"URL": f"http://127.0.0.1:{free_port()}"}
    assert subprocess.run([script], env=nowhere, capture_output=True, check=False, timeout=TIMEOUT_S).returncode
    kept = json.loads(spool.read_text())
    spool.write_text(json.dumps(kept | {"id": "a-minute-ago"}) + "\n")
    run(str(script), environment=environment)
    assert stored(windsock, "cron") == 2
    assert not spool.exists()
    assert latest(windsock, "cron")["load"] >= 0


def test_there_are_ten_examples() -> None:
    text = Path(__file__).parents[2].joinpath(DOCUMENT).read_text()
    section = text.split("## Post\n", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^### (.*)$", section, re.M) == [
        "curl",
        "Python",
        "MicroPython",
        "Arduino, ESP32",
        "Node",
        "Telegraf",
        "MQTT",
        "SenML",
        "Home Assistant",
        "Shell, from cron",
    ]
