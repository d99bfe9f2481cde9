"""How lines become readings."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.line_protocol import REMEMBERED, UNITS, LineProtocol
from services.errors import TooLarge
from services.reading import Decoded, Limits
from tests.format_posts import NOW, blamed, post, told

LINES = LineProtocol(["device", "device_id", "host"], "{measurement}.{field}")
NOW_NS = NOW * 1_000_000


def decode(text: str | bytes, unit: str = "ns", limits: Limits | None = None, lines: LineProtocol = LINES) -> Decoded:
    body = text if isinstance(text, bytes) else text.encode()
    return lines.format(unit).decode(post(body), limits or Limits(), NOW)


def test_telegrafs_lines() -> None:
    (reading,) = told(decode(f'cpu,cpu=cpu0,host=web-1 usage_idle=98.2,usage_user=1i,state="ok" {NOW_NS}\n'))
    assert reading == {
        "device": "web-1",
        "ts": NOW,
        "values": {"cpu.usage_idle": 98.2, "cpu.usage_user": 1, "cpu.state": "ok"},
        "tags": {"cpu": "cpu0"},
    }


@pytest.mark.parametrize(
    ("tags", "device", "left"),
    [
        (",device=d,device_id=i,host=h", "d", {"device_id": "i", "host": "h"}),
        (",host=h,device_id=i", "i", {"host": "h"}),
        (",host=h\\ 1", "h_1", None),
        (",room=r", "m", {"room": "r"}),
        ("", "m", None),
    ],
)
def test_the_first_tag_that_is_there_names_the_device(tags: str, device: str, left: dict[str, str] | None) -> None:
    (reading,) = told(decode(f"m{tags} f=1"))
    assert (reading["device"], reading.get("tags")) == (device, left)
    assert reading["ts"] == NOW


def test_a_field_called_value_alone_is_the_measurement() -> None:
    first, second = told(decode("temperature,device=d value=21.4\ntemperature,device=d value=21.4,min=3"))
    assert first["values"] == {"temperature": 21.4}
    assert second["values"] == {"temperature.value": 21.4, "temperature.min": 3.0}


def test_device_and_metric_are_settings() -> None:
    lines = LineProtocol(["sensor"], "{field}")
    (reading,) = told(decode("m,device=d,sensor=s temperature=1,ts=2", lines=lines))
    assert (reading["device"], reading["values"]) == ("s", {"temperature": 1.0, "_ts": 2.0})
    assert reading["tags"] == {"device": "d"}


@pytest.mark.parametrize("unit", UNITS)
def test_times_are_in_the_unit_that_the_request_names(unit: str) -> None:
    hour_ms = NOW // 3_600_000 * 3_600_000
    (reading,) = told(decode(f"m f=1 {hour_ms * 1_000_000 // UNITS[unit]}", unit))
    assert reading["ts"] == hour_ms


@pytest.mark.parametrize(("unit", "meant"), [("ns", "ms"), ("ns", "s"), ("ns", "us"), ("s", "ms"), ("ms", "ns")])
def test_a_time_that_makes_sense_in_another_unit_only_is_refused(unit: str, meant: str) -> None:
    decoded = decode(f"m f=1 {NOW_NS // UNITS[meant]}", unit)
    assert blamed(decoded) == [(0, "time")]
    assert f"looks like {meant}" in decoded.faults[0].reason


def test_times_out_of_our_time() -> None:
    decoded = decode(f"m f=1 -1\nm f=1 {NOW_NS * 2}\nm f=1 1\nm f=1 {10**30}")
    assert blamed(decoded) == [(0, "ts"), (1, "time"), (3, "time")]
    assert told(decoded)[0]["ts"] == 0


def test_faults_name_the_line_whatever_stands_between() -> None:
    decoded = decode('# head\n\nm f="a\nb"\nm f=\nm g=1\n')
    assert blamed(decoded) == [(4, "f")]
    assert len(told(decoded)) == 2
    assert [decoded.place(index) for index in range(3)] == [2, 4, 5]


def test_what_a_reading_may_not_hold_is_told_by_line_and_metric() -> None:
    long = "x" * 257
    decoded = decode(f'# c\nm f="{long}"\nm,t={long} f=1\n{"m" * 60},host=h longer=1\nm,host=... f=1')
    assert [index for index, _ in blamed(decoded)] == [1, 2, 3, 4]
    assert [field.split(".")[0] for _, field in blamed(decoded) if field] == ["values", "tags", "values", "device"]


def test_an_empty_string_beside_other_fields_says_nothing() -> None:
    decoded = decode('m a="",b=1\nm a=""\nm a="",b=""')
    assert [one["values"] for one in told(decoded)] == [{"m.b": 1.0}]
    assert [index for index, _ in blamed(decoded)] == [1, 2]


def test_two_fields_are_not_one_metric() -> None:
    assert blamed(decode("m a\\ b=1,a_b=2")) == [(0, "a_b")]


def test_unsigned_numbers_beyond_our_integers_are_floats() -> None:
    assert told(decode("m f=18446744073709551615u,g=9223372036854775807u"))[0]["values"] == {
        "m.f": 1.8446744073709552e19,
        "m.g": 2**63 - 1,
    }


def test_what_is_not_utf_8_spoils_its_line_only() -> None:
    decoded = decode(b'm f="\xff"\nm,t=\xc3\xa4 f=1\nm,t=\xe4 f=1')
    assert [index for index, _ in blamed(decoded)] == [0, 2]
    assert told(decoded)[0]["tags"] == {"t": "ä"}


@pytest.mark.parametrize("body", ["", "\n", "# nothing\n"])
def test_no_lines_are_no_readings(body: str) -> None:
    assert decode(body) == Decoded([])


def test_too_many_lines() -> None:
    assert len(decode("m f=1\n" * 3, limits=Limits(batch_readings=3)).readings) == 3
    with pytest.raises(TooLarge):
        decode("m f=1\n" * 4, limits=Limits(batch_readings=3))


def test_what_is_remembered_of_fields_is_bounded() -> None:
    lines = LineProtocol(["host"], "{measurement}.{field}")
    tracemalloc.start()
    try:
        for number in range(40):
            name = f"{number}" + "f" * 1_000_000
            (fault,) = decode(f"m {name}=1,g=1", lines=lines).faults
            assert len(fault.as_dict()["field"]) < 100
        assert tracemalloc.get_traced_memory()[0] < 5_000_000
    finally:
        tracemalloc.stop()


def test_more_fields_than_are_remembered() -> None:
    for number in range(0, REMEMBERED + 200, 100):
        (reading,) = told(
            decode("m,host=h " + ",".join(f"f{number + one}=1" for one in range(100)), limits=Limits(5, 100))
        )
        assert list(reading["values"]) == [f"m.f{number + one}" for one in range(100)]


@pytest.mark.parametrize("last", ["a=1,b=2", 'a=1,b="x"', "a=1,b=2,a=3", "a=1,b=2,c=x"])
def test_too_many_tags_and_fields_of_all_lines_together(last: str) -> None:
    line = "m," + ",".join(f"t{n}=v" for n in range(28)) + f" {last}\n"
    assert len(decode(line * 2, limits=Limits(batch_readings=3)).readings) == 2
    with pytest.raises(TooLarge):
        decode(line * 5, limits=Limits(batch_readings=6, reading_metrics=64))
    assert len(decode(line, limits=Limits(batch_readings=1)).readings) == 1


@given(st.lists(st.tuples(st.text("ab1.e+-", max_size=4), st.text("0123456789.eE+-i_nf", max_size=6)), max_size=4))
def test_plain_numbers_read_as_beside_other_values(fields: list[tuple[str, str]]) -> None:
    plain = ",".join(f"{name}={value}" for name, value in fields)
    alone, beside = decode(f"m x=0,{plain}"), decode(f'm x=0,{plain},z="s"')
    assert blamed(alone) == blamed(beside)
    for one, other in zip(told(alone), told(beside), strict=True):
        assert one["values"] | {"m.z": "s"} == other["values"]
