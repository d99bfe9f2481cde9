from __future__ import annotations

import pytest

from services.errors import Overloaded
from services.in_flight import InFlight


def test_more_than_the_bound_do_not_begin_until_one_ends() -> None:
    flights = InFlight(2)
    flights.enter()
    flights.enter()
    for _ in range(2):
        with pytest.raises(Overloaded, match="2 requests"):
            flights.enter()
    flights.leave()
    with flights.one():
        assert flights.taken == 2
    assert flights.taken == 1


def test_one_that_fails_has_ended() -> None:
    flights = InFlight(1)
    with pytest.raises(ZeroDivisionError), flights.one():
        raise ZeroDivisionError
    assert flights.taken == 0
