"""What is said of a wrong body can itself be said: no answer fails because of what a client sent."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.cloudevents import BINARY, EVENT, EVENTS
from ingest.formats.format import Format
from ingest.formats.json_readings import JSON, LINES
from ingest.formats.line_protocol import LineProtocol
from ingest.formats.senml import SENML
from ingest.formats.thingsboard import telemetry_of
from services.errors import Fault, FaultyInput, WindsockError
from services.lane import Post
from services.reading import Limits
from tests.format_posts import NOW

LINE_PROTOCOL = LineProtocol(["device", "host"], "{measurement}.{field}").format("ns")
BINARY_HEADERS = {
    b"ce-specversion": b"1.0",
    b"ce-id": b"%ED%A0%80",
    b"ce-source": b"\xed\xa0\x80",
    b"ce-type": b"t",
    b"ce-subject": b"%FF\xff",
}
FORMATS = {
    "json": JSON,
    "lines": LINES,
    "line protocol": LINE_PROTOCOL,
    "senml": SENML,
    "thingsboard": telemetry_of("d"),
    "event": EVENT,
    "events": EVENTS,
    "binary event": BINARY,
}
LIMITS = Limits(batch_readings=4, reading_metrics=2)

pieces = st.sampled_from(
    [
        *rb'{ } [ ] : , = " # \ 1 1e999 NaN null true "" m f 1i m,t=v f="'.split(),
        *(b" ", b"\n", b"\r", b"\xff", b"\xc3", b"\xed\xa0\x80", rb"\ud800", rb'"\ud800"'),
        *(f'"{name}"'.encode() for name in ("device", "values", "ts", "id", "units", "tags", "x", "a b")),
        *(f'"{name}"'.encode() for name in ("n", "v", "vs", "bn", "t", "u", "bver", "l_")),
        *(f'"{name}"'.encode() for name in ("specversion", "1.0", "source", "type", "subject", "data", "data_base64")),
    ]
)
of_lines = st.sampled_from([b"m", b"f", b",", b"=", b" ", b'"', b"\\", b"\n", b"\xff", b"1", b"t=v", b"f=1"])
bodies = st.binary(max_size=60) | st.lists(pieces | st.binary(max_size=2), max_size=30).map(b"".join)


def faults_of(form: Format, body: bytes) -> list[Fault]:
    """What `form` finds wrong with `body`; whatever it raises must be writable as an answer."""
    try:
        return form.decode(Post(b"", BINARY_HEADERS, body), LIMITS, NOW).faults
    except WindsockError as error:
        orjson.dumps([error.problem(), error.message()])
        return [*error.faults] if isinstance(error, FaultyInput) else []


@pytest.mark.parametrize("name", FORMATS)
@given(body=bodies)
def test_every_fault_can_be_told(name: str, body: bytes) -> None:
    for fault in faults_of(FORMATS[name], body):
        orjson.dumps(fault.as_dict())


@given(st.lists(of_lines, max_size=30).map(b"".join))
def test_every_fault_of_a_line_can_be_told(body: bytes) -> None:
    for fault in faults_of(LINE_PROTOCOL, body):
        orjson.dumps(fault.as_dict())


@pytest.mark.parametrize("line", rb'm,~ f=1|m ~|m ~ f=1|m f=1,~=|~,|m f=1 ~|m f="~'.split(b"|"))
def test_a_line_that_does_not_read_is_not_repeated_if_it_is_not_utf_8(line: bytes) -> None:
    assert faults_of(LINE_PROTOCOL, b"m f=1\n" + line.replace(b"~", b"\xff")) == [Fault(1, None, "is not UTF-8")]
