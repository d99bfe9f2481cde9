from __future__ import annotations

from typing import Any, cast

import pytest

from services.cli.csv_readings import Row
from services.cli.posting import Accepted, Poster, RefusedError
from services.cli.replay import REQUEST_ROWS, paced, post


class Clock:
    """Time that passes only by sleeping, and by `late_s` at each sleep's end."""

    def __init__(self, late_s: float = 0.0) -> None:
        self.now = 100.0
        self.late_s = late_s
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds + self.late_s


class Server:
    """Stands in for a Poster: takes at most `most` readings at once, refuses the device `bad`."""

    def __init__(self, most: int = 1_000) -> None:
        self.most = most
        self.took: list[dict[str, Any]] = []

    def post(self, readings: list[dict[str, Any]]) -> Accepted:
        if len(readings) > self.most:
            raise RefusedError("too many", answered=413)
        for index, reading in enumerate(readings):
            if reading["device"] == "bad":
                raise RefusedError("no", index, "device")
        self.took += readings
        return Accepted(len(readings), 1, ())


def rows(*seconds: float) -> list[Row]:
    return [Row(number, round(1_000_000 + 1000 * s), "a", {"v": number}) for number, s in enumerate(seconds, 1)]


def numbers(pieces: list[Any]) -> list[list[int]]:
    return [[row.number for row in piece] for piece in pieces]


def test_at_speed_one_each_row_waits_for_its_time() -> None:
    clock = Clock()
    pieces = list(paced(rows(0, 2, 2, 5), 1.0, clock, clock.sleep))
    assert numbers(pieces) == [[1], [2, 3], [4]]
    assert clock.slept == [2.0, 3.0]


def test_at_a_higher_speed_the_waits_are_shorter() -> None:
    clock = Clock()
    assert len(list(paced(rows(0, 3600, 7200), 3600.0, clock, clock.sleep))) == 3
    assert clock.slept == [1.0, 1.0]


def test_rows_that_are_overdue_go_out_together() -> None:
    clock = Clock(late_s=10.0)
    assert numbers(list(paced(rows(0, 1, 2, 3), 1.0, clock, clock.sleep))) == [[1], [2, 3, 4]]


def test_at_speed_zero_nothing_waits_and_requests_are_bounded() -> None:
    clock = Clock()
    pieces = list(paced(rows(*range(REQUEST_ROWS + 1)), 0.0, clock, clock.sleep))
    assert [len(piece) for piece in pieces] == [REQUEST_ROWS, 1]
    assert clock.slept == []


def test_readings_carry_an_id_that_a_retry_repeats_and_the_shifted_time() -> None:
    server = Server()
    assert post(cast(Poster, server), rows(0), "run", 5) == 1
    assert server.took == [{"device": "a", "ts": 1_000_005, "values": {"v": 1}, "id": "run-1"}]


def test_a_request_that_is_too_large_is_halved_and_keeps_its_order() -> None:
    server = Server(most=2)
    post(cast(Poster, server), rows(0, 1, 2, 3, 4), "run", 0)
    assert [reading["values"]["v"] for reading in server.took] == [1, 2, 3, 4, 5]


def test_a_refusal_names_the_row() -> None:
    refused = [*rows(0, 1), Row(17, 0, "bad", {"v": 1})]
    with pytest.raises(RefusedError, match=r"^row 17: device: no$"):
        post(cast(Poster, Server()), refused, "run", 0)
