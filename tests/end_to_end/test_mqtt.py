"""`windsock mqtt` beside a real mosquitto and a real Redis, each of which may die."""

from __future__ import annotations

import datetime
import ipaddress
import itertools
import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paho.mqtt.enums import CallbackAPIVersion

from tests.history import numbers, readings
from tests.mosquitto import Mosquitto
from tests.processes import Command, Windsock, free_port, run
from tests.redis_server import RedisServer
from tests.waiting import wait_until

TS = 1_780_000_000_000
DOCS = Path(__file__).parents[2] / "docs" / "devices.md"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    server = Mosquitto(tmp_path / "broker")
    server.start()
    yield server
    server.stop()


@contextmanager
def publishing(broker: Mosquitto) -> Iterator[paho.Client]:
    """A device that is connected, and connects again."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
    client.reconnect_delay_set(1, 1)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(client: paho.Client, topic: str, payload: Any, qos: int = 1, *, retain: bool = False) -> None:
    text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
    client.publish(topic, text, qos, retain).wait_for_publish(30)


def bridge(folder: Path, broker: Mosquitto, redis: RedisServer, **settings: str) -> Windsock:
    return Windsock(folder, "mqtt", redis_url=redis.url, mqtt_url=broker.url, **settings)


def messages(bridge: Windsock, result: str) -> float:
    return bridge.metrics()[f'windsock_mqtt_messages_total{{result="{result}"}}']


def unready(windsock: Windsock) -> str:
    answer = httpx.get(f"{windsock.url}/readyz", trust_env=False)
    return str(answer.json()["detail"]) if answer.status_code == 503 else ""


def test_what_is_published_is_stored_and_what_is_no_reading_is_told(
    tmp_path: Path, broker: Mosquitto, redis_server: RedisServer
) -> None:
    topics = "windsock/{device} {site}/{device}/{metric}=text bulk=lines packs/{device}=senml telegraf/#=influx"
    with (
        publishing(broker) as device,
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as gateway,
    ):
        publish(device, "windsock/kept", {"n": 0}, retain=True)
        with bridge(tmp_path, broker, redis_server, mqtt_topics=topics) as one:
            publish(device, "windsock/a", {"n": 1})
            wrong = [{"device": "b", "values": {"n": 9}}, {"n": None}, 7]
            publish(device, "windsock/a", [{"n": 2}, *wrong, {"values": {"n": 3}, "ts": TS}])
            publish(device, "berlin/7/light", "12.5")
            publish(device, "bulk", '{"device":"b","values":{"n":1}}\n{"device":"c","values":{"n":2}}\n')
            publish(device, "packs/s", [{"bn": "s/", "n": "t", "u": "Cel", "v": 21}])
            publish(device, "telegraf/cpu", "cpu,host=t idle=98.5\ncpu,host=t idle=\n")
            publish(device, "windsock/a", "{")
            publish(device, "windsock/a", {"device": "b", "values": {"n": 9}})
            publish(device, "windsock/a", b"\xff\xff")
            publish(device, "windsock/a", {"n": 4}, qos=0)
            wait_until(lambda: messages(one, "stored") == 7, "not all is stored")
            wait_until(lambda: messages(one, "refused") == 3, "not all is refused")
            assert numbers(gateway, "a") == [1, 2, 3, 4]
            (light,) = readings(gateway, "7")
            assert (light["values"], light["tags"]) == ({"light": 12.5}, {"site": "berlin"})
            assert (numbers(gateway, "b"), numbers(gateway, "c")) == ([1], [2])
            assert [one["values"] for one in readings(gateway, "s")] == [{"t": 21}]
            assert [one["values"] for one in readings(gateway, "t")] == [{"cpu.idle": 98.5}]
            # What was retained before the bridge came is the past; it is not asked for.
            assert numbers(gateway, "kept") == []
            lines = [json.loads(line) for line in one.log.splitlines()]
            told = [line for line in lines if line["event"] == "a message is refused"]
            assert told[0]["topic"] == "windsock/a"
            assert "malformed" in told[0]["reason"]
            partly = [line["reason"] for line in lines if line["event"] == "readings of a message are refused"]
            assert re.findall(r"reading (\d): ", partly[0]) == ["1", "2", "3"]
            assert "Traceback" not in one.log
            metrics = one.metrics()
            assert metrics['windsock_ingest_readings_total{format="mqtt",result="stored"}'] == 9
            assert metrics['windsock_ingest_readings_total{format="mqtt",result="refused"}'] == 4
            assert one.stop(signal.SIGTERM) == 0


def test_the_commands_of_the_documentation_work(tmp_path: Path, broker: Mosquitto, redis_server: RedisServer) -> None:
    (text,) = [block for block in re.findall(r"```shell\n(.*?)```", DOCS.read_text(), re.S) if "mosquitto_pub" in block]
    with (
        bridge(tmp_path, broker, redis_server),
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as gateway,
    ):
        subprocess.run(["sh", "-ec", text.replace("1883", str(broker.port))], check=True)
        wait_until(lambda: len(readings(gateway, "greenhouse-7")) == 3, "what is published is not stored")
        assert [one["values"] for one in readings(gateway, "greenhouse-7")] == [
            {"temperature": 21.4, "humidity": 40},
            {"temperature": 21.6},
            {"light": 812},
        ]


class Device(threading.Thread):
    """Publishes 0, 1, 2 … each until the broker has it."""

    def __init__(self, broker: Mosquitto, name: str, *, pause_s: float = 0.002) -> None:
        super().__init__(daemon=True)
        self._broker = broker
        self._name = name
        self._pause_s = pause_s
        self.published = 0
        self.ended = threading.Event()

    def run(self) -> None:
        with publishing(self._broker) as client:
            while not self.ended.is_set():
                n = self.published
                try:
                    publish(client, f"windsock/{self._name}", {"values": {"n": n}, "ts": TS + n})
                except RuntimeError:  # it is not connected now
                    self.ended.wait(0.1)
                    continue
                self.published += 1
                self.ended.wait(self._pause_s)

    def goes_on(self, number: int = 100) -> None:
        goal = self.published + number
        wait_until(lambda: self.published >= goal, "the broker takes nothing any more")


@contextmanager
def device(broker: Mosquitto, name: str) -> Iterator[Device]:
    one = Device(broker, name)
    one.start()
    yield one
    one.ended.set()
    one.join(30)


def until_stored(gateway: Windsock, name: str, count: int) -> list[int]:
    wait_until(lambda: len(set(numbers(gateway, name))) >= count, "a published reading is not stored", 60)
    return numbers(gateway, name)


def test_nothing_is_lost_or_stored_twice_when_bridge_redis_and_broker_die(
    tmp_path: Path, broker: Mosquitto, redis_server: RedisServer
) -> None:
    with (
        bridge(tmp_path, broker, redis_server, append_timeout_s="1") as one,
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as gateway,
        device(broker, "x") as publisher,
    ):
        publisher.goes_on()
        one.stop(signal.SIGKILL)
        publisher.goes_on()
        one.start()
        publisher.goes_on()
        redis_server.kill()
        wait_until(lambda: "nothing is stored" in unready(one), "nobody notices that Redis is gone")
        publisher.goes_on()
        redis_server.start()
        wait_until(lambda: not unready(one), "it does not recover")
        publisher.goes_on()
        broker.stop()
        wait_until(lambda: "the broker" in unready(one), "nobody notices that the broker is gone")
        broker.start()
        wait_until(lambda: not unready(one), "it does not come back to the broker")
        publisher.goes_on()
        publisher.ended.set()
        publisher.join(30)
        stored = until_stored(gateway, "x", publisher.published)
        # Each has a time of its own, and so an id: what came twice is stored once.
        assert sorted(stored) == list(range(len(stored)))
        assert "Traceback" not in one.log


def test_bridges_of_a_group_share_what_is_published(
    tmp_path: Path, broker: Mosquitto, redis_server: RedisServer
) -> None:
    with (
        bridge(tmp_path, broker, redis_server, mqtt_group="all", mqtt_client_id="one") as one,
        bridge(tmp_path, broker, redis_server, mqtt_group="all", mqtt_client_id="two") as two,
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as gateway,
    ):
        with device(broker, "shared") as publisher:
            publisher.goes_on(100)
            two.stop(signal.SIGKILL)
            publisher.goes_on(100)
            two.start()
            publisher.goes_on(100)
        stored = until_stored(gateway, "shared", publisher.published)
        assert sorted(stored) == list(range(publisher.published))
        assert messages(one, "stored") > 50
        assert messages(two, "stored") > 20


def test_while_redis_does_not_answer_nothing_is_acknowledged(
    tmp_path: Path, broker: Mosquitto, redis_server: RedisServer
) -> None:
    settings = {"append_timeout_s": "0.5", "mqtt_in_flight": "5"}
    with (
        bridge(tmp_path, broker, redis_server, **settings) as one,
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as gateway,
        publishing(broker) as client,
    ):
        redis_server.send(signal.SIGSTOP)
        try:
            for n in range(50):
                publish(client, "windsock/y", {"values": {"n": n}, "ts": TS})
                publish(client, "windsock/z", {"n": n}, qos=0)
            wait_until(lambda: "nothing is stored" in unready(one), "nobody notices")
            wait_until(lambda: messages(one, "dropped") > 0, "QoS 0 is kept without a bound")
            assert messages(one, "stored") == 0
        finally:
            redis_server.send(signal.SIGCONT)
        assert sorted(until_stored(gateway, "y", 50)) == list(range(50))
        assert messages(one, "dropped") + len(numbers(gateway, "z")) == 50


def test_where_devices_need_keys_the_bridge_needs_one_and_nothing_is_lost_until_it_has_it(
    tmp_path: Path, broker: Mosquitto, redis_server: RedisServer
) -> None:
    port = str(free_port())
    settings = {"redis_url": redis_server.url, "mqtt_url": broker.url, "auth": "required"}
    with (
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as gateway,
        publishing(broker) as client,
    ):
        for mqtt_key, reason in (("", "is not set"), (f"wsk_{'0' * 12}_{'a' * 43}", "is not good")):
            with Command(tmp_path, "mqtt", port=port, mqtt_key=mqtt_key, **settings) as one:
                wait_until(lambda: "WINDSOCK_MQTT_KEY" in unready_at(port), "it does not say that its key is missing")
                assert reason in unready_at(port)
                for n in range(10):
                    publish(client, "windsock/k", {"values": {"n": n}, "ts": TS})
                assert numbers(gateway, "k") == []
                assert one.stop(signal.SIGTERM) == 0
        made = run("keys", "create", "bridge", "--device", "k", redis_url=redis_server.url)
        with bridge(tmp_path, broker, redis_server, auth="required", mqtt_key=made.stdout.strip()) as one:
            assert sorted(until_stored(gateway, "k", 10)) == list(range(10))
            publish(client, "windsock/other", {"n": 1})
            wait_until(lambda: messages(one, "refused") == 1, "another device than the key's is not refused")
            assert not unready(one)
            run("keys", "revoke", made.stdout.strip(), redis_url=redis_server.url)
            sent = itertools.count(10)

            def refused() -> bool:
                publish(client, "windsock/k", {"n": next(sent)})
                return "WINDSOCK_MQTT_KEY" in unready(one)

            # What comes within the time that a revocation takes is still stored.
            wait_until(refused, "a key that is revoked stays good")
        stored = sorted(numbers(gateway, "k"))
        assert stored == list(range(len(stored)))
        assert 10 <= len(stored) < next(sent)


def test_what_the_bridges_key_or_a_limit_does_not_let_in_is_left_out_of_its_message(
    tmp_path: Path, broker: Mosquitto, redis_server: RedisServer
) -> None:
    made = run("keys", "create", "bridge", "--device", "a*", "--metric", "n*", redis_url=redis_server.url)
    settings = {"auth": "required", "mqtt_key": made.stdout.strip(), "sender_metrics": "2"}
    topics = "windsock/{device} bulk=lines telegraf=influx"
    with (
        publishing(broker) as device,
        bridge(tmp_path, broker, redis_server, mqtt_topics=topics, **settings) as one,
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as gateway,
    ):
        # They come while the bridge is busy, and so are stored together.
        for number in range(20):
            device.publish("windsock/a", json.dumps([{"n": number}, {"x": 1}, {"n": 100 + number, "y": 1}]), 1)
            device.publish("windsock/b", json.dumps({"n": number}), 1)
            device.publish(
                "bulk", f'{{"device":"c","values":{{"n":1}}}}\n{{"device":"a2","values":{{"n":{number}}}}}', 1
            )
        publish(device, "windsock/a", {"n2": 1})
        publish(device, "windsock/a", [{"n3": 1}, {"n2": 2, "n4": 3}, {"n": 20}])
        publish(device, "windsock/a", {"n5": 1})
        publish(device, "telegraf", "# a comment\n\nn,device=zz value=1\nn,device=a3 value=7\nn,device=a3 value=\n")
        wait_until(lambda: messages(one, "stored") == 43, "not all is stored")
        wait_until(lambda: messages(one, "refused") == 21, "not all is refused")
        assert [values["values"] for values in readings(gateway, "a")] == [
            *({"n": number} for number in range(20)),
            {"n2": 1},
            {"n": 20},
        ]
        assert (numbers(gateway, "a2"), numbers(gateway, "a3")) == ([*range(20)], [7])
        told = [json.loads(line) for line in one.log.splitlines()]
        whole = [line for line in told if line["event"] == "a message is refused"]
        partly = [line for line in told if line["event"] == "readings of a message are refused"]
        assert (whole[0]["topic"], whole[0]["reason"]) == ("windsock/b", "reading 0: device: this key is not for b")
        first = next(line for line in partly if line["topic"] == "windsock/a")
        both = "reading 1: values.x: this key is not for x; reading 2: values.y: this key is not for y"
        assert first["reason"] == both
        counted = one.metrics()
        assert counted['windsock_ingest_readings_total{format="mqtt",result="stored"}'] == 43
        assert counted['windsock_ingest_readings_total{format="mqtt",result="refused"}'] == 60 + 20 + 2 + 1 + 2


def test_a_broker_that_is_away_at_the_start_is_waited_for(
    tmp_path: Path, broker: Mosquitto, redis_server: RedisServer
) -> None:
    broker.stop()
    port = str(free_port())
    with Command(tmp_path, "mqtt", redis_url=redis_server.url, mqtt_url=broker.url, port=port) as one:
        url = f"http://127.0.0.1:{port}/readyz"
        wait_until(lambda: _status(url) == 503, "it does not serve")
        assert broker.url in httpx.get(url, trust_env=False).json()["detail"]
        broker.start()
        wait_until(lambda: _status(url) == 200, "it does not connect")
        assert "Traceback" not in one.log


def _status(url: str) -> int:
    try:
        return httpx.get(url, trust_env=False).status_code
    except httpx.TransportError:
        return 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ["WINDSOCK_MQTT_URL is not set"]),
        ({"mqtt_url": "http://x"}, ["WINDSOCK_MQTT_URL='http://x'", "mqtt://"]),
        ({"mqtt_url": "mqtt://u:secret@x/y"}, ["mqtt://u:***@x/y"]),
        ({"mqtt_url": "mqtt://x", "mqtt_topics": "a/{b"}, ["WINDSOCK_MQTT_TOPICS", "'{b'"]),
        ({"mqtt_url": "mqtts://x", "mqtt_ca_file": "/nowhere"}, ["WINDSOCK_MQTT_CA_FILE='/nowhere'", "No such file"]),
        ({"mqtt_url": "mqtt://x", "mqtt_qos": "2"}, ["WINDSOCK_MQTT_QOS='2'"]),
    ],
)
def test_a_setting_that_is_wrong_is_told_in_one_line(
    common_redis: RedisServer, settings: dict[str, str], words: Sequence[str]
) -> None:
    _one_line(run("mqtt", redis_url=common_redis.url, port="0", **settings), words)


def _one_line(ran: Any, words: Sequence[str]) -> None:
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1, ran.stderr
    for word in words:
        assert word in ran.stderr
    assert "secret" not in ran.stderr


def test_a_wrong_password_is_told_in_one_line_and_the_right_one_works(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    broker = Mosquitto(tmp_path / "broker", {"windsock": "right"})
    broker.start()
    try:
        url = f"mqtt://windsock:{{}}@127.0.0.1:{broker.port}"
        ran = run("mqtt", redis_url=redis_server.url, port="0", mqtt_url=url.format("secret"))
        *_, last = ran.stderr.splitlines()
        assert ran.returncode == 1
        assert "mqtt://windsock:***@127.0.0.1" in last
        assert "Not authorized" in last or "user name or password" in last
        assert "Traceback" not in ran.stderr
        assert "secret" not in ran.stderr
        with Windsock(tmp_path, "mqtt", redis_url=redis_server.url, mqtt_url=url.format("right")) as one:
            assert one.metrics()["windsock_mqtt_connected"] == 1
    finally:
        broker.stop()


def test_a_broker_with_tls_is_believed_by_its_certificate(tmp_path: Path, redis_server: RedisServer) -> None:
    certificate, key = _certificate(tmp_path)
    tls = [f"cafile {certificate}", f"certfile {certificate}", f"keyfile {key}"]
    broker = Mosquitto(tmp_path / "broker", None, *tls)
    broker.start_blindly()
    try:
        url = broker.url.replace("mqtt:", "mqtts:")
        settings = {"redis_url": redis_server.url, "mqtt_url": url}
        with Windsock(tmp_path, "mqtt", mqtt_ca_file=str(certificate), **settings) as one:
            assert one.metrics()["windsock_mqtt_connected"] == 1
        port = str(free_port())
        with Command(tmp_path, "mqtt", port=port, **settings) as stranger:
            wait_until(lambda: "certificate" in unready_at(port), "it does not say why it is unready")
            assert "Traceback" not in stranger.log
    finally:
        broker.stop()


def unready_at(port: str) -> str:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).text
    except httpx.TransportError:
        return ""


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return files
