"""What is remembered of a request."""

from __future__ import annotations

import pytest

from services.commit import Appended
from services.errors import Reused
from services.once import Once, remembered

ONCE = Once("key", "f00")


def test_a_request_that_comes_again_is_told_the_same() -> None:
    assert remembered(ONCE, b"f00 E.7 F.2d", 2) == [Appended("E.7"), Appended("F.2", duplicate=True)]


@pytest.mark.parametrize(("text", "entries"), [(b"f01 E.7", 1), (b"f00 E.7", 2), (b"f00 E.7 E.8", 1)])
def test_another_request_under_its_key_is_refused(text: bytes, entries: int) -> None:
    with pytest.raises(Reused, match="another request"):
        remembered(ONCE, text, entries)
