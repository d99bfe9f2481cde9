from __future__ import annotations

from gateway.channels import Options
from gateway.retention import kept_at_least, within
from services.batch import Batch, Position
from services.stream import Page

NOW_MS = 1_000_000


def page(*batches: Batch) -> Page:
    return Page(Position("E", 10), list(batches), more=False)


def batch(first: int, last: int, age_s: int = 0) -> Batch:
    return Batch("E", NOW_MS - age_s * 1000, first, [b"%d" % offset for offset in range(first, last + 1)])


def offsets(shown: Page) -> list[int]:
    return [offset for one in shown.batches for offset in range(one.first, one.last + 1)]


def test_no_more_is_shown_than_the_namespace_keeps() -> None:
    options = Options(history_size=3, history_ttl_s=60)
    assert offsets(within(page(batch(1, 5), batch(6, 10)), options, NOW_MS)) == [8, 9, 10]


def test_what_is_too_old_is_not_shown() -> None:
    options = Options(history_size=100, history_ttl_s=60)
    assert offsets(within(page(batch(1, 5, age_s=61), batch(6, 10, age_s=60)), options, NOW_MS)) == [6, 7, 8, 9, 10]


def test_without_a_history_nothing_is_shown_but_the_position() -> None:
    shown = within(page(batch(1, 10)), Options(), NOW_MS)
    assert (shown.top, shown.batches) == (Position("E", 10), [])


def test_the_stream_keeps_enough_to_fill_gaps() -> None:
    assert kept_at_least(Options()) == (60, 100)
    assert kept_at_least(Options(history_size=1_000, history_ttl_s=300)) == (300, 1_000)
