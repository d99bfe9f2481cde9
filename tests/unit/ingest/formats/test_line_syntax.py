"""The line protocol's grammar: every form of a line, and what is said of lines that have none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.line_syntax import Broken, Point, Scalar, points

MOST = 64


def read(text: str) -> list[tuple[int, Point]]:
    lines = list(points(text, MOST))
    assert all(isinstance(line, Point) for _, line in lines), lines
    return [(number, line) for number, line in lines if isinstance(line, Point)]


def one(text: str) -> Point:
    ((number, point),) = read(text)
    assert number == 0
    return point


def test_a_whole_line() -> None:
    point = one("weather,location=us-midwest,season=summer temperature=82,humidity=71i 1465839830100400200")
    assert point.measurement == "weather"
    assert point.tags == {"location": "us-midwest", "season": "summer"}
    assert point.fields == {"temperature": 82.0, "humidity": 71}
    assert point.time == 1465839830100400200


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("1", 1.0),
        ("-1.5", -1.5),
        ("+1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2E-3", 0.0012),
        ("7i", 7),
        ("-9223372036854775808i", -(2**63)),
        ("18446744073709551615u", 2**64 - 1),
        ("t", True),
        ("TRUE", True),
        ("f", False),
        ("False", False),
        ('""', ""),
        ('"a, b=c"', "a, b=c"),
        (r'"say \"hi\" \\ \n"', r'say "hi" \ \n'),
        ('"two\nlines"', "two\nlines"),
        ('"# no comment"', "# no comment"),
    ],
)
def test_a_value_has_a_type(said: str, value: Scalar) -> None:
    found = one(f"m f={said} 5").fields["f"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("said", ["1x", "i", "1.5i", "9223372036854775808i", "-1u", "18446744073709551616u"])
@pytest.mark.parametrize("more", ["", ",g=1", " 5"])
def test_what_is_no_value(said: str, more: str) -> None:
    ((_, line),) = points(f"m f={said}{more}", MOST)
    assert isinstance(line, Broken)
    assert (line.field, "is no value" in line.reason) == ("f", True)


@pytest.mark.parametrize("said", ["NaN", "inf", "1e999", "tRUE", "yes", "1_0", "٣", "0x1", "--1"])
def test_what_only_looks_like_a_value(said: str) -> None:
    ((_, line),) = points(f"m f={said}", MOST)
    assert isinstance(line, Broken)
    assert line.field == "f"


def test_escapes_stand_where_they_may() -> None:
    point = one(r"my\ m\,x=1,t\ a\=b=v\,\ 1,back=c:\dir f\,k\==1")
    assert point.measurement == "my m,x=1"
    assert point.tags == {"t a=b": "v, 1", "back": r"c:\dir"}
    assert point.fields == {"f,k=": 1.0}


def test_quotes_are_letters_but_in_a_string() -> None:
    point = one('"m",t="x" "f"=1')
    assert (point.measurement, point.tags, point.fields) == ('"m"', {"t": '"x"'}, {'"f"': 1.0})


def test_comments_empty_lines_and_line_ends_count_as_lines() -> None:
    text = '# a comment\n\n  \t\nm f="a\n\nb"\r\n#x\n   n g=2  \r\n'
    assert [(number, point.measurement) for number, point in read(text)] == [(3, "m"), (7, "n")]


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("m", None, "has no fields"),
        ("m ", None, "has no fields"),
        (",t=1 f=1", None, "without a measurement"),
        ("m,t f=1", "t", "is no tag"),
        ("m,t= f=1", "t", "is no tag"),
        ("m,=1 f=1", None, "is no tag"),
        ("m,a=1,a=2 f=1", "a", "is a tag twice"),
        ("m f", "f", "without a value"),
        ("m f=", "f", "without a value"),
        ("m f= 1", "f", "without a value"),
        ("m f=1,", None, "no field's name"),
        ("m f=1, g=2", None, "no field's name"),
        ("m =1", None, "no field's name"),
        ("m f=1,f=2", "f", "is a field twice"),
        ('m f="abc', "f", "quotes do not end"),
        ('m f="a"b', None, "follows a field's value"),
        ("m " + ",".join(f"f{number}=1" for number in range(65)), None, "more than 64 fields"),
        ("m" + "".join(f",t{number}=1" for number in range(65)) + " f=1", None, "more than 64 tags"),
        ("m f=1 soon", None, "is no time"),
        ("m f=1 1.5", None, "is no time"),
        ("m f=1 2 3", None, "is no time"),
        ("m g h f=1", "g", "without a value"),
    ],
)
def test_what_is_wrong_with_a_line_is_told_and_the_next_one_is_read(line: str, field: str | None, reason: str) -> None:
    found = list(points(f"first f=1\n{line}\nlast f=1\n", MOST))
    assert [number for number, _ in found] == [0, 1, 2]
    broken = found[1][1]
    assert isinstance(broken, Broken)
    assert broken.field == field
    assert reason in broken.reason
    assert isinstance(found[2][1], Point)


def test_what_stands_in_a_broken_lines_string_is_no_line() -> None:
    found = list(points('m bad f="x\nevil f=1\n"\nlast f=1', MOST))
    assert [(number, isinstance(line, Point)) for number, line in found] == [(0, False), (3, True)]


def escaped(text: str, characters: str) -> str:
    return re.sub(f"([{characters}])", r"\\\1", text)


names = st.text(st.characters(exclude_characters="\n\r\t\\", exclude_categories=["Cs"]), min_size=1, max_size=8)
values = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)


def written(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "f"
    if isinstance(value, str):
        return '"' + escaped(value, r'"\\') + '"'
    return f"{value}i" if isinstance(value, int) else repr(value)


@given(
    names.filter(lambda name: not name.lstrip(" ").startswith("#")),
    st.dictionaries(names, names, max_size=3),
    st.dictionaries(names, values, min_size=1, max_size=3),
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
)
def test_what_is_written_by_the_rules_is_read_as_it_was(
    measurement: str, tags: dict[str, str], fields: dict[str, Scalar], time: int | None
) -> None:
    tagged = "".join(f",{escaped(key, ',= ')}={escaped(value, ',= ')}" for key, value in tags.items())
    fielded = ",".join(f"{escaped(key, ',= ')}={written(value)}" for key, value in fields.items())
    line = f"{escaped(measurement, ', ')}{tagged} {fielded}" + ("" if time is None else f" {time}")
    for point in (one(line), read(f"{line}\n{line}\n")[1][1]):
        assert (point.measurement, point.tags, point.fields, point.time) == (measurement, tags, fields, time)


@given(st.text(st.sampled_from('m,= "\\\nf1i#t'), max_size=30))
def test_any_text_is_lines(text: str) -> None:
    numbers = [number for number, _ in points(text, MOST)]
    assert numbers == sorted(set(numbers))
    assert all(number <= text.count("\n") for number in numbers)
