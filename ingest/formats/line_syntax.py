"""The grammar of InfluxDB's line protocol: from a text to points, and to what is wrong with a line. Pure.

    measurement[,tag=value…] field=value[,field=value…] [timestamp]

A backslash takes the meaning from a comma, a space or (not in a measurement) an equals sign, in a string from a quote
or a backslash; before anything else it stands for itself. A string may go on over line ends. One pattern reads a whole
line; only a line that it does not read is gone through again for the reason. (InfluxDB 2 documentation, "Line
protocol"; where it is silent, what InfluxDB itself reads.)
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import msgspec

NAME = r"(?:[^\\,= \n]|\\.|\\)++"
MEASUREMENT = r"(?:[^\\, \n]|\\.|\\)++"
STRING = r'"(?:[^"\\]|\\[\s\S])*+"'
BARE = r'[^", \r\n][^, \r\n]*+'
PLAIN = r'[^\\,= \n"]++'
DECIMAL = r"[+-]?+(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][+-]?+[0-9]++)?+"
TAG = rf",{NAME}={NAME}"
FIELD = rf"{NAME}=(?:{STRING}|{BARE})"

_skipped = re.compile(r"(?:[ \t\r]*+(?:#[^\n]*+)?\n)*+(?:[ \t\r]*+(?:#[^\n]*+)?\Z)?+")
_line = re.compile(
    rf"[ \t]*+({MEASUREMENT})((?:{TAG})*+)[ ]++({FIELD}(?:,{FIELD})*+)(?:[ ]++(-?[0-9]++))?+[ \t\r]*+(?:\n|\Z)"
)
_measurement_and_tags = re.compile(rf"[ \t]*+{MEASUREMENT}(?:{TAG})*+")
_fields = re.compile(rf"{FIELD}(?:,{FIELD})*+")
_spaces = re.compile(r"[ \t]*+")
_extent = re.compile(rf'(?:[^\\ \n]|\\[\s\S])*+(?:[^\\"\n]|\\[\s\S]|{STRING})*+')
_tag = re.compile(rf",({NAME})=({NAME})")
_field = re.compile(rf",?({NAME})=({STRING}|{BARE})")
_key = re.compile(NAME)
_escaped = re.compile(r"\\([,= ])")
_escaped_in_measurement = re.compile(r"\\([, ])")
_escaped_in_string = re.compile(r'\\(["\\])')
_not_text = re.compile("[\ud800-\udfff]")
_number = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_decimals = re.compile(rf"{PLAIN}={DECIMAL}(?:,{PLAIN}={DECIMAL})*+")
_whole = re.compile(r"-?[0-9]{1,20}[iu]\Z")

BOOLEANS = {"t": True, "T": True, "true": True, "True": True, "TRUE": True} | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), False
)
INTEGER = range(-(2**63), 2**63)
UNSIGNED = range(2**64)

Scalar = bool | int | float | str


class Point(msgspec.Struct, gc=False):
    """A line. `time` is in the unit that the request names."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, Scalar]
    time: int | None


class Broken(msgspec.Struct, gc=False):
    """A line that is none: the name of the tag or field that is to blame, if one is, and why."""

    field: str | None
    reason: str
    read: int = 0
    """Tags and fields that were read of it before."""


def points(text: str, most: int) -> Iterator[tuple[int, Point | Broken]]:
    """Every line that is neither empty nor a comment, with its number, from 0; it may have `most` fields, and tags.

    Bytes that were not UTF-8 stand in `text` as surrogates (PEP 383) and spoil the line that they are in.
    """
    at = number = 0
    spoilt = not text.isascii() and _not_text.search(text) is not None
    while True:
        skipped = _skipped.match(text, at)
        if skipped is not None and skipped.end() > at:
            number += text.count("\n", at, skipped.end())
            at = skipped.end()
        if at == len(text):
            return
        found = _line.match(text, at)
        end = _end(text, at) if found is None else found.end()
        if spoilt and _not_text.search(text, at, end):
            yield number, Broken(None, "is not UTF-8")
        elif found is not None:
            yield number, _point(found, most)
        else:
            yield number, Broken(*_blame(text[at:end].rstrip("\r\n")))
        number += text.count("\n", at, end)
        at = end


def _point(found: re.Match[str], most: int) -> Point | Broken:
    measurement, tagged, fielded, time = found.groups()
    tags: dict[str, str] = {}
    for pair in _tag.finditer(tagged):
        name = _plain(pair[1])
        if name in tags:
            return Broken(name, "is a tag twice", len(tags))
        if len(tags) == most:
            return Broken(None, f"has more than {most} tags", len(tags))
        tags[name] = _plain(pair[2])
    fields = _decimal_fields(fielded, most) or _scalar_fields(fielded, most)
    if isinstance(fields, Broken):
        fields.read += len(tags)
        return fields
    if "\\" in measurement:
        measurement = _escaped_in_measurement.sub(r"\1", measurement)
    return Point(measurement, tags, fields, None if time is None else int(time[:40]))


def _decimal_fields(fielded: str, most: int) -> dict[str, Scalar] | None:
    """The fields where all are plain numbers under different plain names, as they mostly are; else None."""
    if not _decimals.fullmatch(fielded):
        return None
    said = fielded.replace("=", ",").split(",")
    numbers = [*map(float, said[1::2])]
    fields: dict[str, Scalar] = dict(zip(said[::2], numbers, strict=True))
    return fields if len(numbers) == len(fields) <= most and all(map(math.isfinite, numbers)) else None


def _scalar_fields(fielded: str, most: int) -> dict[str, Scalar] | Broken:
    fields: dict[str, Scalar] = {}
    for pair in _field.finditer(fielded):
        name, said = _plain(pair[1]), pair[2]
        value = _value(said)
        if value is None:
            reason = f"{said[:64]!r} is no value: a number, {_WHOLE}, t or f, or a string in quotes"
            return Broken(name, reason, len(fields))
        if name in fields:
            return Broken(name, "is a field twice", len(fields))
        if len(fields) == most:
            return Broken(None, f"has more than {most} fields", len(fields))
        fields[name] = value
    return fields


_WHOLE = "a whole number with i (or u, up to 64 bits)"


def _plain(name: str) -> str:
    return _escaped.sub(r"\1", name) if "\\" in name else name


def _value(said: str) -> Scalar | None:
    """What is said of a field; None if it is no value."""
    if said[0] == '"':
        return _escaped_in_string.sub(r"\1", said[1:-1]) if "\\" in said else said[1:-1]
    if said[-1] in "iu" and _whole.match(said):
        whole = int(said[:-1])
        return whole if whole in (INTEGER if said[-1] == "i" else UNSIGNED) else None
    if said in BOOLEANS:
        return BOOLEANS[said]
    if _number.match(said):
        value = float(said)
        return value if math.isfinite(value) else None
    return None


def _end(text: str, at: int) -> int:
    """Where a line that does not read ends: a line end in a field's quotes is none, unless they never close."""
    found = _extent.match(text, at)
    end = found.end() if found is not None else at
    if text[end : end + 1] == '"':
        end = text.find("\n", at)
    return end + 1 if 0 <= end < len(text) else len(text)


def _blame(line: str) -> tuple[str | None, str]:
    """The tag or field for which `line` does not read, and why."""
    found = _measurement_and_tags.match(line)
    if found is None:
        return None, "begins without a measurement"
    at = found.end()
    if line[at : at + 1] == ",":
        key = _key.match(line, at + 1)
        return key and _plain(key[0]), "is no tag; tags are ,key=value, and neither may be empty"
    at = _behind_spaces(line, at)
    if at == len(line):
        return None, "has no fields; a line is: measurement,tag=value field=value time"
    fields = _fields.match(line, at)
    if fields is None or line[fields.end() : fields.end() + 1] == ",":
        return _blame_field(line, at if fields is None else fields.end() + 1)
    at = fields.end()
    shown = line[at:].strip()[:32]
    if not line[at:].startswith(" "):
        return None, f"{shown!r} follows a field's value"
    return None, f"{shown!r} is no time; a time is a whole number"


def _blame_field(line: str, at: int) -> tuple[str | None, str]:
    key = _key.match(line, at)
    if key is None:
        return None, f"has no field's name at {line[at : at + 32]!r}"
    name, value = _plain(key[0]), line[key.end() : key.end() + 2]
    if value[:1] != "=":
        return name, "is a field without a value; fields are key=value, with commas and no spaces between them"
    return name, "is a string whose quotes do not end" if value == '="' else "is a field without a value"


def _behind_spaces(line: str, at: int) -> int:
    found = _spaces.match(line, at)
    return at if found is None else found.end()
