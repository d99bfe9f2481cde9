from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.device_time import Asked, Cursor, Row, Selection, check_topic
from services.batch import Batch
from services.errors import BadRequest

ASKED = Asked("device:a", newest_first=False, limit=3)


def batch(first: int, *times: int) -> Batch:
    return Batch("E", 1_000, first, [b'{"device":"a","ts":%d,"values":{"n":1}}' % ts for ts in times])


def paged(asked: Asked, batches: list[Batch]) -> list[tuple[int, int]]:
    """All pages of an answer, one after the other."""
    shown: list[Row] = []
    while True:
        selection = Selection(asked)
        for one in reversed(batches):
            selection.add([one])
        rows, more = selection.page()
        shown += rows
        if not more:
            return [(row.ts, row.offset) for row in shown]
        assert len(rows) == asked.limit
        asked = replace(asked, after=rows[-1].cursor)


@given(
    times=st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), max_size=6),
    limit=st.integers(1, 4),
    newest_first=st.booleans(),
)
def test_the_pages_show_each_publication_once_in_order(times: list[list[int]], limit: int, newest_first: bool) -> None:
    batches, offset = [], 1
    for some in times:
        batches.append(batch(offset, *some))
        offset += len(some)
    stored = enumerate((ts for some in times for ts in some), 1)
    expected = sorted(((ts, offset) for offset, ts in stored), reverse=newest_first)
    assert paged(replace(ASKED, limit=limit, newest_first=newest_first), batches) == expected


def test_of_equal_times_the_one_stored_first_stands_first() -> None:
    assert paged(ASKED, [batch(1, 7, 5), batch(3, 7, 5)]) == [(5, 2), (5, 4), (7, 1), (7, 3)]


def test_since_is_in_and_until_is_out() -> None:
    assert paged(replace(ASKED, since_ms=2, until_ms=4), [batch(1, 4, 3, 2, 1)]) == [(2, 3), (3, 2)]


def test_a_cursor_is_read_as_it_is_written() -> None:
    assert Cursor.parse(str(Cursor(1_760_000_000_123, 42))) == (1_760_000_000_123, 42)


@pytest.mark.parametrize("text", ["1", "1.", ".1", "a.1", "1.1.1", "-1.1", "1" * 16 + ".1"])
def test_other_texts_are_no_cursor(text: str) -> None:
    with pytest.raises(BadRequest, match="after"):
        Cursor.parse(text)


@pytest.mark.parametrize("topic", ["device:a", "metric:t", "weather:berlin", "readings"])
def test_readings_have_a_time_of_their_device(topic: str) -> None:
    check_topic(topic)


def test_what_is_free_in_form_has_none() -> None:
    with pytest.raises(BadRequest, match="feed:a"):
        check_topic("feed:a")
