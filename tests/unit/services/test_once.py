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


@pytest.mark.parametrize(("text", "entries"), [(b"f00 E.7", 2), (b"f00 E.7 E.8", 1)])
def test_the_same_request_of_which_other_readings_are_good_now_is_told_so(text: bytes, entries: int) -> None:
    with pytest.raises(Conflict, match="was done"):
        remembered(ONCE, text, entries)
