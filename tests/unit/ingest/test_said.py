from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.said import Statement, decode, decode_message
from services.errors import FaultyInput, InvalidAnswer


@pytest.mark.parametrize(
    ("body", "statement"),
    [
        (b'{"status":"acknowledged"}', Statement("acknowledged")),
        (b'{"status":"done"}', Statement("done", b"null")),
        (b'{"status":"done","answer":null}', Statement("done", b"null")),
        (b'{"answer":[1, {"a":"\\n"}],"status":"done"}', Statement("done", b'[1, {"a":"\\n"}]')),
        ('{"status":"failed","error":"zu heiß"}'.encode(), Statement("failed", '"zu heiß"'.encode())),
    ],
)
def test_what_a_device_may_say(body: bytes, statement: Statement) -> None:
    assert decode(body) == statement


def test_a_number_of_any_size_is_kept_as_it_came() -> None:
    assert decode(b'{"status":"done","answer":' + b"1234567890" * 3 + b"}").text == b"1234567890" * 3


def test_an_answer_is_one_line() -> None:
    assert decode(b'{"status":"done","answer":{"a":\r\n1}}').text == b'{"a":  1}'


@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_nothing_else_is_raised(body: bytes) -> None:
    with suppress(FaultyInput):
        assert decode(body).said in ("acknowledged", "done", "failed")


def test_a_message_names_the_command_that_it_is_about() -> None:
    decoded = decode_message(b'{"command":"c-1","status":"done","answer":{"n":1}}')
    assert decoded == ("c-1", Statement("done", b'{"n":1}'))


@pytest.mark.parametrize(
    "text", [b'{"device":"a","values":{"command":1}}', b'[{"command":"x"}]', b'"\\"command\\""', b"{}"]
)
def test_a_message_about_no_command_is_left_to_others(text: bytes) -> None:
    assert decode_message(text) is None


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b'{"command":7,"status":"done"}', "command"),
        (b'{"command":"x"}', "status"),
        (b'{"command":"x","status":"done","values":{}}', "values"),
    ],
)
def test_a_message_about_a_command_says_nothing_else(text: bytes, field: str) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        decode_message(text)
    assert refused.value.faults[0].field == field
