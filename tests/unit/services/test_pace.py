from __future__ import annotations

from services.pace import Pace


def test_a_pace_allows_a_burst_of_twice_its_rate() -> None:
    pace = Pace(10, now=0.0)
    assert [pace.allows(0.0) for _ in range(21)].count(True) == 20


def test_a_pace_allows_its_rate_for_ever() -> None:
    pace = Pace(10, now=0.0)
    assert all(pace.allows(n / 10) for n in range(1000))


def test_what_is_refused_costs_nothing() -> None:
    pace = Pace(1, now=0.0)
    assert [pace.allows(0.0) for _ in range(5)] == [True, True, False, False, False]
    assert pace.allows(1.0)


def test_what_piled_up_while_nobody_read_is_excused() -> None:
    pace = Pace(10, now=0.0)
    pace.excuse(0.0, 10.0)
    assert [pace.allows(10.0) for _ in range(150)].count(True) == 120
    assert [pace.allows(11.0) for _ in range(20)].count(True) == 10
