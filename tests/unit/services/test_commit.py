from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import msgspec
import orjson
import pytest

from services.commit import Appended, Commit, Entry, Known, Request, Upkeep, entry_of, free_form_entry, topic_count
from services.errors import TooLarge
from services.reading import Reading
from services.settings import StreamSettings


def said(made: Commit) -> list[Any]:
    """What the commit tells the script beside the lines."""
    return list(msgspec.msgpack.decode(made.arguments("E")[1][0]))


def never(_key: Hashable) -> bool:
    return False


def always(_key: Hashable) -> bool:
    return True


def commit(*entries: Entry, due: Callable[[Hashable], bool] = never) -> Commit:
    return Commit(entries, StreamSettings(), due)


def entry(topic: str, payload: bytes, **more: Any) -> Entry:
    return Entry(topic, payload, **more)


def test_a_reading_goes_to_its_device_to_all_readings_and_to_each_metric() -> None:
    made = entry_of(Reading("a", {"t": 1.5, "h": 40}, ts=7))
    assert made.topic == "device:a"
    keys, args = commit(made).arguments("E")
    assert [(key, orjson.loads(lines)) for key, lines in zip(keys[1::2], args[1:], strict=True)] == [
        ("windsock:{device:a}:stream", {"device": "a", "ts": 7, "values": {"t": 1.5, "h": 40}}),
        ("windsock:{readings}:stream", {"device": "a", "ts": 7, "values": {"t": 1.5, "h": 40}}),
        ("windsock:{metric:t}:stream", {"t": 1.5, "device": "a", "ts": 7}),
        ("windsock:{metric:h}:stream", {"h": 40, "device": "a", "ts": 7}),
    ]


def test_a_metric_tells_its_unit_unless_it_is_called_so_itself() -> None:
    made = entry_of(Reading("a", {"t": 1, "unit": 2}, ts=7, units={"t": "Cel", "unit": "m"}))
    assert [orjson.loads(line) for line in made.lines] == [
        {"t": 1, "device": "a", "ts": 7, "unit": "Cel"},
        {"unit": 2, "device": "a", "ts": 7},
    ]


def test_a_metric_tells_the_readings_tags_unless_it_is_called_so_itself() -> None:
    made = entry_of(Reading("a", {"t": 1, "tags": 2}, ts=7, units={"t": "Cel", "tags": "m"}, tags={"site": "x"}))
    assert [orjson.loads(line) for line in made.lines] == [
        {"t": 1, "device": "a", "ts": 7, "unit": "Cel", "tags": {"site": "x"}},
        {"tags": 2, "device": "a", "ts": 7, "unit": "m"},
    ]


def test_without_group_topics_a_reading_goes_to_its_device_only() -> None:
    made = commit(entry_of(Reading("a", {"t": 1}, ts=7), group_topics=False))
    assert made.arguments("E")[0][1::2] == ["windsock:{device:a}:stream"]


def test_the_latest_values_carry_their_time_and_unit() -> None:
    made = entry_of(Reading("a", {"t": 1, "h": 2}, ts=7, units={"t": "Cel"}, tags={"site": "x"}))
    fields = said(commit(made))[13:23]
    assert fields == [9, "a", 7, 7, "m:t", '[7,1,"Cel"]', "m:h", "[7,2]", "tags", '[7,{"site":"x"}]']


def test_each_topic_gets_one_batch_with_its_lines_in_the_order_given() -> None:
    made = commit(entry("a", b"1"), entry("b", b"2"), entry("a", b"3"))
    keys, args = made.arguments("E")
    assert keys[1::2] == ["windsock:{a}:stream", "windsock:{b}:stream"]
    assert args[1:] == [b"1\n3", b"2"]
    assert (said(made)[0], said(made)[9]) == (2, 2)


def test_each_entry_is_answered_with_its_own_position() -> None:
    made = commit(entry("a", b"1"), entry("b", b"2"), entry("a", b"3"))
    assert made.positions([0, 12, b"E", 5, b"F"]) == [Appended("E.11"), Appended("F.5"), Appended("E.12")]


def test_an_id_given_twice_in_one_commit_is_stored_once() -> None:
    made = commit(entry("a", b"1", id="x"), entry("a", b"1", id="x"), entry("a", b"2"))
    _, args = made.arguments("E")
    assert args[1] == b"1\n2"
    assert made.positions([0, 2, b"E"]) == [Appended("E.1"), Appended("E.1", duplicate=True), Appended("E.2")]


def test_the_same_id_on_two_topics_is_two_entries() -> None:
    made = commit(entry("a", b"1", id="x"), entry("b", b"1", id="x"))
    assert made.positions([0, 1, b"E", 1, b"F"]) == [Appended("E.1"), Appended("F.1")]


def test_what_redis_knows_by_its_id_is_told_by_entry_number() -> None:
    made = commit(entry("a", b"0"), entry("a", b"1", id="x"), entry("a", b"2", id="y"), entry("a", b"1", id="x"))
    assert made.known([0, 1, b"E.4"]) == Known({1: "E.4", 3: "E.4"}, {})
    assert made.known([1_700_000_000_000, 3, b"E"]) is None


def test_a_request_is_told_with_the_place_of_each_of_its_entries() -> None:
    entries = [entry("a", b"1", id="x"), entry("b", b"2"), entry("a", b"3"), entry("a", b"1", id="x")]
    request = Request("windsock:request:-:k", "f", [1, Appended("E.9"), 3, Appended("E.8", True), 2])
    made = Commit(entries, StreamSettings(), never, [request])
    assert made.arguments("E")[0][-2:] == ["windsock:{a}:id:x", "windsock:request:-:k"]
    assert said(made)[-2:] == ["f", [2, 0, 0, "E.9", -1, 1, 0, "E.8d", 1, 0]]
    assert made.known([0, 1, b"E.4", 2, b"f E.1"]) == Known({0: "E.4", 3: "E.4"}, {0: b"f E.1"})


def test_of_two_latest_values_the_newer_wins_and_of_equal_times_the_later() -> None:
    readings = [Reading("a", {"t": value}, ts=ts) for value, ts in ((1, 5), (2, 9), (3, 9), (4, 7))]
    made = commit(*(entry_of(reading, group_topics=False) for reading in readings))
    assert said(made)[13:] == [5, "a", 5, 9, "m:t", "[9,3]"]


def test_upkeep_is_asked_for_where_it_is_due() -> None:
    made = commit(entry_of(Reading("a", {"t": 1}, ts=7)), due=always)
    keys, args = made.arguments("E")
    assert keys[-1] == "windsock:{metric:t}:devices"
    assert msgspec.msgpack.decode(args[0])[-1] == "a"
    assert made.upkept == ["device:a", ("t", "a"), "readings", "metric:t"]


def test_upkeep_of_many_readings_of_one_device_is_asked_for_once() -> None:
    made = commit(*(entry_of(Reading("a", {"t": 1}, ts=n)) for n in range(100)), due=always)
    assert said(made)[2] == 1


def test_free_form_json_has_no_line_ends() -> None:
    assert free_form_entry("feed:x", b'{\r\n"a":\r1}').payload == b'{  "a": 1}'


def test_upkeep_is_due_again_after_its_time() -> None:
    now = 100.0
    upkeep = Upkeep(10, lambda: now)
    assert upkeep.asked()("k")
    upkeep.done(["k"])
    assert not upkeep.asked()("k")
    now = 110.0
    assert upkeep.asked()("k")


def test_upkeep_remembers_a_bounded_number_of_keys() -> None:
    upkeep = Upkeep(10, lambda: 1.0, most=2)
    upkeep.done(["a", "b"])
    upkeep.done(["c"])
    assert upkeep.asked()("a")
    assert not upkeep.asked()("c")


def test_a_request_goes_to_its_topics_to_those_of_its_metrics_and_to_all_readings() -> None:
    assert (topic_count(3, 0, 3), topic_count(3, 4, 8)) == (3, 8)
    with pytest.raises(TooLarge, match="8 topics"):
        topic_count(3, 4, 7)
