from __future__ import annotations

import pytest

from gateway.api import Edge, _missed
from services.batch import Batch, Position
from services.stream import Page

SINCE = Position("E", 10)


def page(*offsets: int, more: bool = False) -> Page:
    return Page(Position("E", 60), [Batch("E", 0, offset, [b"1"]) for offset in offsets], more)


@pytest.mark.parametrize(
    ("shown", "order", "until", "missed"),
    [
        (page(11, 12), "asc", None, 0),
        (page(50, 51), "asc", None, 39),
        (page(), "asc", None, 50),
        (page(50, 51), "desc", None, 39),
        (page(50, 51, more=True), "desc", None, 0),
        (page(), "desc", Position("E", 50), 39),
        (page(), "desc", Position("E", 99), 50),
        (page(8, 9, 10), "desc", None, 0),
    ],
)
def test_what_can_no_longer_be_had_is_counted_once_it_is_known(
    shown: Page, order: str, until: Edge, missed: int
) -> None:
    assert _missed(shown, order, SINCE, until) == missed
