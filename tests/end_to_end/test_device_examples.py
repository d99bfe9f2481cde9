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
from tests.processes import Windsock, free_port
from tests.waiting import wait_until

DOCUMENT = "docs/devices.md"
ELSEWHERE = "http://192.168.1.10:8080"
"""Where the examples for boards look for Windsock."""
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    with Windsock(tmp_path_factory.mktemp("examples")) as one:
        yield one


@pytest.fixture
def key() -> str:
    """A key that the examples may post with."""
    return "no-key-is-needed"


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


def test_python(windsock: Windsock, key: str) -> None:
    text = example("Python", "python").replace("greenhouse-7", "python")
    run(sys.executable, "-", environment=surroundings(windsock, key), text=text)
    assert latest(windsock, "python") == {"temperature": 21.4, "humidity": 40.1}


def test_python_waits_for_a_server_that_is_not_there_yet(tmp_path: Path, key: str) -> None:
    port = str(free_port())
    text = example("Python", "python").replace("wait_s = 5", "wait_s = 0.1")
    environment = os.environ | {"URL": f"http://127.0.0.1:{port}", "KEY": key, "no_proxy": "127.0.0.1"}
    said = tmp_path / "said"
    with said.open("w") as out:
        device = subprocess.Popen([sys.executable, "-u", "-c", text], env=environment, stdout=out)
    try:
        wait_until(lambda: "refused" in said.read_text(), "it does not try")
        with Windsock(tmp_path, port=port) as windsock:
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


def test_telegraf_is_told_in_toml() -> None:
    (output,) = tomllib.loads(example("Telegraf", "toml"))["outputs"]["influxdb_v2"]
    assert output["urls"] == ["${URL}"]
    assert output["token"] == "${KEY}"


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


NEEDS_FORMATS = ("SenML", "Telegraf")
NEEDS_MQTT = ("MQTT",)


def test_senml(windsock: Windsock, key: str) -> None:
    text = example("SenML", "sh").replace("greenhouse-7", "senml")
    run("sh", "-e", environment=surroundings(windsock, key), text=text)
    assert latest(windsock, "senml") == {"temperature": 21.4, "humidity": 40.1}
