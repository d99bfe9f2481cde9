from __future__ import annotations

import orjson
import pytest

from services.errors import MalformedBody
from services.json_text import DEEPEST, parsed


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":[', b"]}")])
def test_json_is_nested_so_deep_and_no_deeper(opening: bytes, closing: bytes) -> None:
    times = DEEPEST // opening.count(b"[") // (2 if b"{" in opening else 1)
    parsed(opening * times + closing * times)
    for deeper in (times + 1, 1_000, 100_000):
        with pytest.raises(MalformedBody):
            parsed(opening * deeper + closing * deeper)


def test_many_brackets_beside_each_other_are_not_deep() -> None:
    assert parsed(b"[" + b",".join([b'{"a":[]}'] * 1_000) + b"]") == [{"a": []}] * 1_000


def test_brackets_in_a_text_are_not_deep() -> None:
    text = "[{" * 1_000
    assert parsed(orjson.dumps(text)) == text


def test_what_is_no_json_is_told() -> None:
    with pytest.raises(MalformedBody, match="malformed"):
        parsed(b"{")
