"""When memory is given back."""

from __future__ import annotations

from gateway.ebb import FEW, MANY, Ebb


def test_it_is_worth_it_once_many_have_left_and_few_remain() -> None:
    ebb = Ebb()
    assert not any(map(ebb.reached, (0, MANY + FEW, FEW + 1)))
    assert ebb.reached(FEW)
    assert not ebb.reached(0)


def test_few_that_come_and_go_are_not_worth_it() -> None:
    ebb = Ebb()
    assert not any(map(ebb.reached, (0, MANY - 1, 0, MANY - 1, 0)))
    assert not ebb.reached(MANY)
    assert ebb.reached(0)
