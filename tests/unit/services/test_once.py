"""What is remembered of a request."""

from __future__ import annotations

import pytest

from services.commit import Appended
from services.errors import Conflict, Reused
from services.once import Once, remembered

ONCE = Once("key", "f00")


def test_a_request_that_comes_again_is_told_the_same() -> None:
    assert remembered(ONCE, b"f00 E.7 F.2d", 2) == [Appended("E.7"), Appended("F.2", duplicate=True)]


def test_another_request_under_its_key_is_refused() -> None:
    with pytest.raises(Reused, match="another request"):
        remembered(ONCE, b"f01 E.7", 1)


def test_a_request_of_which_some_was_left_out_is_told_the_same_if_that_is_left_out_again() -> None:
    some = Once("key", "f00", "a1")
    assert remembered(some, f"{some.told_by} E.7".encode(), 1) == [Appended("E.7")]


@pytest.mark.parametrize(
    ("text", "left_out", "entries"),
    [
        (b"f00 E.7", "", 2),
        (b"f00 E.7 E.8", "", 1),
        (b"f00/a1 E.7", "", 1),
        (b"f00 E.7", "a1", 1),
        (b"f00/a1 E.7", "b2", 1),
    ],
)
def test_the_same_request_of_which_other_readings_are_good_now_is_told_so(
    text: bytes, left_out: str, entries: int
) -> None:
    with pytest.raises(Conflict, match="was done"):
        remembered(Once("key", "f00", left_out), text, entries)
