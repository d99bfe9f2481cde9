from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.batch import Batch, Position, fitting, fitting_newest, from_announcement, from_entry
from services.errors import BadRequest

FIVE = Batch("E", 7, 4, [b"4", b"5", b"6", b"7", b"8"])


@given(st.text("ABCxyz", max_size=32), st.integers(0, 10**15 - 1))
def test_a_position_reads_what_it_wrote(epoch: str, offset: int) -> None:
    position = Position(epoch, offset)
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize("text", ["", "7", "E", "E.", "E.-1", "E.1.2", "E 1", "É.1", "E.1\n", "E." + "9" * 16, "e1.1"])
def test_what_is_no_position_is_refused_by_the_name_of_its_field(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        Position.parse(text, "until")
    assert caught.value.fault.field == "until"


def test_a_batch_is_cut_at_either_side_and_keeps_its_offsets() -> None:
    assert FIVE.last == 8
    assert FIVE.after(5) == Batch("E", 7, 6, [b"6", b"7", b"8"])
    assert FIVE.before(6) == Batch("E", 7, 4, [b"4", b"5"])


def test_a_cut_outside_the_batch_leaves_it_as_it_is() -> None:
    assert FIVE.after(3) is FIVE
    assert FIVE.before(9) is FIVE


def test_nothing_lies_below_the_first() -> None:
    assert FIVE.before(4).payloads == FIVE.before(1).payloads == []


def test_batches_are_cut_to_fit_and_one_publication_always_does() -> None:
    batches = [Batch("E", 7, 1, [b"xx", b"xx"]), Batch("E", 8, 3, [b"xx", b"xx"])]
    assert [one.last for one in fitting(batches, 100)] == [2, 4]
    assert [one.last for one in fitting(batches, 6)] == [2, 3]
    assert [one.last for one in fitting(batches, 4)] == [2]
    assert [one.last for one in fitting(batches, 1)] == [1]
    assert fitting([], 1) == []


def test_an_announcement_and_an_entry_hold_the_same_batch() -> None:
    assert from_announcement(b"E 7-8 5\n4\n5\n6\n7\n8") == FIVE
    assert from_entry("E", b"7-8", b"4\n5\n6\n7\n8") == FIVE


@pytest.mark.parametrize("data", [b"", b"E 7-8 5", b"E 7-8 4\n4\n5\n6\n7\n8", b"E 7 1\n4", b"E a-b 1\n4", b"7-8 1\n4"])
def test_what_is_no_announcement_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever part of it is wrong
        from_announcement(data)


def test_the_newest_batches_are_cut_to_fit_and_one_publication_always_does() -> None:
    batches = [Batch("E", 7, 1, [b"xx", b"xx"]), Batch("E", 8, 3, [b"xx", b"xx"])]
    assert [one.first for one in fitting_newest(batches, 100)] == [1, 3]
    assert [one.first for one in fitting_newest(batches, 6)] == [2, 3]
    assert [one.first for one in fitting_newest(batches, 4)] == [3]
    assert [(one.first, one.last) for one in fitting_newest(batches, 1)] == [(4, 4)]
    assert fitting_newest([], 1) == []
