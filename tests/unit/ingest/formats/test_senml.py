"""SenML: the examples of RFC 8428, section 5.1, and each rule by which records are resolved."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.senml import SENML
from services.errors import ClientError, InvalidReadings, MalformedBody, TooLarge
from services.reading import Decoded, Limits
from tests.format_posts import NOW, blamed, only, post, told

OW = "urn:dev:ow:10e2073a01080063"


def decode(pack: Any, limits: Limits | None = None) -> Decoded:
    return SENML.decode(post(pack), limits or Limits(), NOW)


def read(pack: Any) -> list[dict[str, Any]]:
    """The readings of a pack without faults."""
    decoded = decode(pack)
    assert decoded.faults == []
    return told(decoded)


def test_5_1_1_a_single_data_point() -> None:
    (reading,) = read([{"n": OW, "u": "Cel", "v": 23.1}])
    assert reading == {"device": OW, "ts": NOW, "values": {"temperature": 23.1}, "units": {"temperature": "Cel"}}


def test_5_1_2_several_data_points_of_a_device_are_one_reading() -> None:
    pack = [{"bn": OW + ":", "n": "voltage", "u": "V", "v": 120.1}, {"n": "current", "u": "A", "v": 1.2}]
    (reading,) = read(pack)
    assert reading["device"] == OW
    assert reading["values"] == {"voltage": 120.1, "current": 1.2}
    assert reading["units"] == {"voltage": "V", "current": "A"}


def test_5_1_2_times_before_the_base_time() -> None:
    bases = {"bn": "urn:dev:ow:10e2073a0108006:", "bt": 1.276020076001e09, "bu": "A", "bver": 5}
    pack = [
        bases | {"n": "voltage", "u": "V", "v": 120.1},
        *({"n": "current", "t": t, "v": v} for t, v in ((-5, 1.2), (-4, 1.3), (-3, 1.4), (-2, 1.5), (-1, 1.6))),
        {"n": "current", "v": 1.7},
    ]
    readings = read(pack)
    assert [one["ts"] for one in readings] == [1276020076001, *range(1276020071001, 1276020076001, 1000)]
    assert readings[0]["values"] == {"voltage": 120.1, "current": 1.7}
    assert readings[0]["units"] == {"voltage": "V", "current": "A"}
    assert [one["values"]["current"] for one in readings[1:]] == [1.2, 1.3, 1.4, 1.5, 1.6]


MEASUREMENTS = [
    {"bn": OW, "bt": 1.320067464e09, "bu": "%RH", "v": 20},
    {"u": "lon", "v": 24.30621},
    {"u": "lat", "v": 60.07965},
    {"t": 60, "v": 20.3},
    {"u": "lon", "t": 60, "v": 24.30622},
    {"u": "lat", "t": 60, "v": 60.07965},
    {"u": "%EL", "t": 150, "v": 98},
]
RESOLVED = [
    {"n": OW, "u": "%RH", "t": 1.320067464e09, "v": 20},
    {"n": OW, "u": "lon", "t": 1.320067464e09, "v": 24.30621},
    {"n": OW, "u": "lat", "t": 1.320067464e09, "v": 60.07965},
    {"n": OW, "u": "%RH", "t": 1.320067524e09, "v": 20.3},
    {"n": OW, "u": "lon", "t": 1.320067524e09, "v": 24.30622},
    {"n": OW, "u": "lat", "t": 1.320067524e09, "v": 60.07965},
    {"n": OW, "u": "%EL", "t": 1.320067614e09, "v": 98},
]


@pytest.mark.parametrize("pack", [MEASUREMENTS, RESOLVED], ids=["as sent", "resolved"])
def test_5_1_3_and_4_what_has_no_name_of_its_own_is_called_by_its_unit(pack: Any) -> None:
    first, second, third = read(pack)
    assert first["ts"] == 1320067464000
    assert first["values"] == {"humidity": 20, "longitude": 24.30621, "latitude": 60.07965}
    assert first["units"] == {"humidity": "%RH", "longitude": "lon", "latitude": "lat"}
    assert second["values"] == {"humidity": 20.3, "longitude": 24.30622, "latitude": 60.07965}
    assert (third["ts"], third["values"]) == (1320067614000, {"battery": 98})


def test_5_1_5_values_of_all_types() -> None:
    pack = [
        {"bn": OW + ":", "n": "temp", "u": "Cel", "v": 23.1},
        {"n": "label", "vs": "Machine Room"},
        {"n": "open", "vb": False},
        {"n": "nfc-reader", "vd": "aGkgCg"},
    ]
    (reading,) = read(pack)
    assert reading["values"] == {"temp": 23.1, "label": "Machine Room", "open": False, "nfc-reader": "aGkgCg"}


def test_5_1_6_one_pack_of_several_devices() -> None:
    pack = [
        {"bn": "2001:db8::2/", "bt": 1.320078429e09, "n": "temperature", "u": "Cel", "v": 25.2},
        {"n": "humidity", "u": "%RH", "v": 30},
        {"bn": "2001:db8::1/", "n": "temperature", "u": "Cel", "v": 12.3},
        {"n": "humidity", "u": "%RH", "v": 67},
    ]
    first, second = read(pack)
    assert (first["device"], first["values"]) == ("2001:db8::2", {"temperature": 25.2, "humidity": 30})
    assert (second["device"], second["values"]) == ("2001:db8::1", {"temperature": 12.3, "humidity": 67})
    assert first["ts"] == second["ts"] == 1320078429000


def test_5_1_7_a_record_may_hold_nothing_but_what_follows_builds_on() -> None:
    pack = [
        {"bn": OW + ":"},
        {"n": "temp", "u": "Cel", "v": 23.1},
        {"n": "heat", "u": "/", "v": 1},
        {"n": "fan", "u": "/", "v": 0},
    ]
    (reading,) = read(pack)
    assert reading["values"] == {"temp": 23.1, "heat": 1, "fan": 0}


def test_5_1_7_addresses_are_devices_and_fractions_of_seconds_count() -> None:
    pack = [
        {"bt": 1.320078429e09, "bu": "/", "n": "2001:db8::3", "v": 0.5},
        {"n": "2001:db8::4", "v": 0.5},
        {"n": "2001:db8::3", "t": 0.1, "v": 0},
    ]
    assert [(one["device"], one["ts"], one["values"]) for one in read(pack)] == [
        ("2001:db8::3", 1320078429000, {"value": 0.5}),
        ("2001:db8::4", 1320078429000, {"value": 0.5}),
        ("2001:db8::3", 1320078429100, {"value": 0}),
    ]


@pytest.mark.parametrize(
    ("record", "device", "metric"),
    [
        ({"bn": "room1/", "n": "pm2.5"}, "room1", "pm2.5"),
        ({"bn": "room1", "n": "/temp/max"}, "room1", "temp_max"),
        ({"bn": "urn:dev:mac:0024befffe804ff1-", "n": "3303/0/5700"}, "urn:dev:mac:0024befffe804ff1", "_3303_0_5700"),
        ({"n": "house/room1/temp"}, "house_room1", "temp"),
        ({"bn": "house/room1/temp"}, "house_room1", "temp"),
        ({"n": "room1:nfc-reader"}, "room1", "nfc-reader"),
        ({"n": "room1.temp"}, "room1", "temp"),
        ({"n": OW + ":voltage"}, OW, "voltage"),
        ({"n": "urn:uuid:0b7c6d5e-1"}, "urn:uuid:0b7c6d5e-1", "value"),
        ({"n": "10.0.0.7"}, "10.0.0.7", "value"),
        ({"n": "greenhouse-7", "u": "lx"}, "greenhouse-7", "illuminance"),
        ({"n": "a/ts"}, "a", "_ts"),
    ],
)
def test_a_name_says_device_and_metric(record: dict[str, Any], device: str, metric: str) -> None:
    (reading,) = read([record | {"v": 1}])
    assert (reading["device"], list(reading["values"])) == (device, [metric])


def test_base_fields_hold_until_they_come_again_and_are_added() -> None:
    pack = [
        {"bn": "a:", "bu": "W", "bv": 100, "bt": 1_700_000_000, "n": "p", "v": 1},
        {"n": "p", "t": 1, "v": 2, "u": "kW"},
        {"bv": 10, "bt": 1_700_000_100, "n": "p", "v": 3},
        {"n": "on", "vb": True},
    ]
    first, second, third = read(pack)
    assert (first["values"], first["units"]) == ({"p": 101}, {"p": "W"})
    assert (second["ts"], second["values"], second["units"]) == (1_700_000_001_000, {"p": 102}, {"p": "kW"})
    assert (third["ts"], third["values"]) == (1_700_000_100_000, {"p": 13, "on": True})


def test_a_sum_is_a_metric_of_its_own_and_needs_no_value() -> None:
    first, second = read([{"bn": "a:", "bs": 5, "n": "p", "u": "W", "v": 1, "s": 2}, {"n": "p", "t": -1, "s": 3}])
    assert (first["values"], first["units"]) == ({"p": 1, "p.sum": 7}, {"p": "W", "p.sum": "W.s"})
    assert second["values"] == {"p.sum": 8}


def test_a_value_or_sum_that_is_missing_beside_its_base_counts_as_zero() -> None:
    pack = [{"bn": "a:", "bv": 20, "n": "p"}, {"n": "q", "vs": "on"}, {"bs": 5, "n": "r"}]
    (reading,) = read(pack)
    assert reading["values"] == {"p": 20, "q": "on", "r": 20, "r.sum": 5}


@pytest.mark.parametrize(("t", "ts"), [(0, NOW), (-5, NOW - 5000), (1.5, NOW + 1500), (2**28, 2**28 * 1000)])
def test_times_below_2_to_the_28th_are_relative_to_now(t: float, ts: int) -> None:
    assert read([{"n": "a:b", "t": t, "v": 1}])[0]["ts"] == ts


def test_the_same_metric_twice_at_one_time_is_two_readings() -> None:
    assert [one["values"]["b"] for one in read([{"n": "a:b", "v": 1}, {"n": "a:b", "v": 2}])] == [1, 2]


def test_labels_that_are_not_known_are_ignored() -> None:
    assert len(read([{"n": "a:b", "v": 1, "ut": 10, "x": [1], "blah": 2}])) == 1


@pytest.mark.parametrize(
    ("pack", "index", "field"),
    [
        ([{"n": "a:b", "v": 1}, {"n": "a:b", "v": 1, "new_": 1}], 1, "new_"),
        ([{"bver": 11, "n": "a:b", "v": 1}], 0, "bver"),
        ([{"bver": 0, "n": "a:b", "v": 1}], 0, "bver"),
        ([{"bver": "10", "n": "a:b", "v": 1}], 0, "bver"),
        ([{"n": "a:b", "v": 1}, {"bver": 9, "n": "a:b", "v": 1}], 1, "bver"),
        ([{"bt": "now", "n": "a:b", "v": 1}], 0, "bt"),
        ([{"bn": None, "n": "a:b", "v": 1}], 0, "bn"),
        ([{"n": "a:b", "v": 1}, 7], 1, None),
        ([], None, None),
        ([{"bn": "a:"}], None, None),
    ],
)
def test_what_spoils_the_whole_pack(pack: Any, index: int | None, field: str | None) -> None:
    with pytest.raises(InvalidReadings) as refused:
        decode(pack)
    fault = only(list(refused.value.faults))
    assert (fault.index, fault.field) == (index, field)


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"n": "a:b"}, "v"),
        ({"n": "a:b", "v": 1, "vs": "x"}, "vs"),
        ({"n": "a:b", "v": "1"}, "v"),
        ({"n": "a:b", "v": True}, "v"),
        ({"n": "a:b", "vb": 1}, "vb"),
        ({"n": "a:b", "vs": 1}, "vs"),
        ({"n": "a:b", "vd": "+/=="}, "vd"),
        ({"n": "a:b", "v": None}, "v"),
        ({"n": "a b", "v": 1}, "n"),
        ({"n": "-a", "v": 1}, "n"),
        ({"v": 1}, "n"),
        ({"n": "a:b", "v": 1, "t": "soon"}, "t"),
        ({"n": "a:b", "v": 1, "t": 1e300}, "t"),
        ({"n": "a:b", "v": 1, "t": -1e10}, "ts"),
        ({"n": "a:b", "vs": ""}, "values.b"),
        ({"n": "a:" + "b" * 65, "v": 1}, "values." + "b" * 64),
        ({"bv": 1e308, "n": "a:b", "v": 1e308}, "values.b"),
    ],
)
def test_what_is_wrong_with_a_record_is_told_of_it_alone(record: dict[str, Any], field: str) -> None:
    decoded = decode([{"n": "x:y", "v": 1}, record, {"n": "x:z", "v": 1, "bv": 0}])
    assert blamed(decoded) == [(1, field)]
    assert [one["values"] for one in told(decoded)] == [{"y": 1, "z": 1}]


def test_a_fault_of_a_reading_names_the_record_that_began_it() -> None:
    pack = [{"n": "a:b", "v": 1}, {"n": "c:d", "v": 1, "t": 1e9}, *({"n": f"x:m{i}", "v": 1} for i in range(3))]
    assert blamed(decode(pack, Limits(reading_metrics=2, ts_ahead_s=0))) == [(2, "values")]


def test_too_many_records() -> None:
    with pytest.raises(TooLarge):
        decode([{"n": "a:b", "v": 1}] * 3, Limits(batch_readings=2))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"n":"a:b","v":1}', b"[", b'[{"v":NaN}]', b"\xff"])
def test_what_is_no_pack(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        SENML.decode(post(body), Limits(), NOW)


labels = st.sampled_from(["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "x_"])
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)


@given(st.lists(st.one_of(st.dictionaries(labels, scalars), scalars), max_size=5))
def test_nothing_else_is_raised(pack: list[Any]) -> None:
    try:
        decoded = decode(pack)
    except ClientError:
        return
    assert all(reading is not None or decoded.faults for reading in decoded.readings)


def test_a_reading_has_the_number_of_the_record_with_which_it_began() -> None:
    records = [{"n": "a", "v": 1}, {"n": "b", "v": 2}, {"n": "a", "t": -9, "v": 3}, {"n": "c"}]
    decoded = decode([{"bn": "d/"}, *records])
    assert [decoded.place(index) for index in range(len(decoded.readings))] == [1, 3, 4]
    assert blamed(decoded) == [(4, "v")]
