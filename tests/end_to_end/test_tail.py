from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.processes import Command, Windsock, run
from tests.waiting import wait_until


def send(windsock: Windsock, value: int) -> None:
    assert run("send", "roof", f"temperature={value}", "--url", windsock.url).returncode == 0


def lines(tail: Command) -> list[dict[str, object]]:
    return [json.loads(line) for line in tail.output.splitlines()]


def values(tail: Command) -> list[object]:
    return [line.get("temperature") or dict(line.get("values") or {}).get("temperature") for line in lines(tail)]  # type: ignore[call-overload]


def listening(windsock: Windsock, tail: Command) -> None:
    """Send until the first publication arrives: only then the tail certainly listens."""

    def arrived() -> bool:
        send(windsock, 1)
        return bool(tail.output)

    wait_until(arrived, "tail prints nothing")
    wait_until(lambda: tail.output.endswith("\n"), "tail prints half a line")


@pytest.mark.parametrize("topic", ["device:roof", "metric:temperature", "readings"])
def test_tail_prints_what_comes_and_goes_on_after_the_server_was_away(tmp_path: Path, topic: str) -> None:
    with Windsock(tmp_path) as windsock, Command(tmp_path, "tail", topic, "--url", windsock.url) as tail:
        listening(windsock, tail)
        send(windsock, 2)
        wait_until(lambda: values(tail)[-1] == 2, "2 does not arrive")
        windsock.stop(signal.SIGKILL)
        windsock.start()
        for value in (3, 4, 5):
            send(windsock, value)
        wait_until(lambda: values(tail)[-1] == 5, "5 does not arrive")
        assert values(tail)[-4:] == [2, 3, 4, 5]
        positions = [str(line["position"]) for line in lines(tail)]
        offsets = [int(position.partition(".")[2]) for position in positions]
        assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
        assert tail.stop() == 0
        assert "Traceback" not in tail.log


def test_tail_can_begin_in_the_past(tmp_path: Path) -> None:
    with Windsock(tmp_path) as windsock:
        first = run("send", "roof", "temperature=1", "--url", windsock.url).stdout.strip()
        send(windsock, 2)
        send(windsock, 3)
        with Command(tmp_path, "tail", "device:roof", "--since", first, "--url", windsock.url) as tail:
            wait_until(lambda: values(tail) == [2, 3], "the past does not arrive")


def test_tail_refuses_what_is_not_pushed_in_one_line(tmp_path: Path) -> None:
    ended = run("tail", "nonsense")
    assert ended.stderr.startswith("windsock: topic: 'nonsense' is none of ")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
