"""A question to the pollers: its answer, what each refusal becomes, and what is left when nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from gateway.mesh import Mesh
from gateway.place_questions import MOST_CANDIDATES, PlaceQuestions
from services.errors import Ambiguous, NotFound, Overloaded, Unavailable
from services.places import ANSWER, Places
from services.settings import GatewaySettings


class World:
    """Pollers that answer each question with `answers`, which get the token of the question where they have none."""

    def __init__(self, *answers: dict[str, Any], timeout_s: float = 30) -> None:
        self.answers = answers
        self.requests: list[tuple[Any, ...]] = []
        self.registry = CollectorRegistry()
        self._take: Callable[[Any], None] | None = None
        mesh = SimpleNamespace(channel="own", on=self._on)
        settings = replace(GatewaySettings(), weather_timeout_s=timeout_s)
        self.questions = PlaceQuestions(cast(Mesh, mesh), cast(Places, self), settings, self.registry)

    def _on(self, kind: str, take: Callable[[Any], None]) -> None:
        assert kind == ANSWER
        self._take = take

    async def request(self, city: str, reply: str, token: str, within_s: float, geocoder_id: int | None) -> None:
        assert self._take is not None
        self.requests.append((city, reply, within_s, geocoder_id))
        for answer in self.answers:
            self._take({"token": token} | answer)

    def count(self, outcome: str) -> float:
        return self.registry.get_sample_value("windsock_weather_questions_total", {"outcome": outcome}) or 0


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": f"it is {code}"}} | more


async def test_the_first_answer_with_its_token_counts() -> None:
    world = World({"token": "another", "place": "oslo"}, {"place": "paris"}, {"place": "rome"})
    assert await world.questions.ask("Paris", 7) == "paris"
    assert world.requests == [("Paris", "own", 30, 7)]
    assert world.count("ok") == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("unknown_city", NotFound),
        ("too_many_places", Overloaded),
        ("unavailable", Unavailable),
        ("a code of a newer poller", Unavailable),
    ],
)
async def test_a_refusal_is_the_error_of_its_code(code: str, kind: type[Exception]) -> None:
    world = World(error(code))
    with pytest.raises(kind, match=f"it is {code}"):
        await world.questions.ask("Paris")
    assert world.count("ok") == 0


@pytest.mark.parametrize(
    ("told", "candidates"),
    [
        ([{"id": n} for n in range(30)], [{"id": n} for n in range(MOST_CANDIDATES)]),
        ([1, {"id": 2}, None], [{"id": 2}]),
        ("none", []),
        (None, []),
    ],
)
async def test_candidates_are_as_many_as_can_be_read(told: Any, candidates: list[Any]) -> None:
    world = World(error("ambiguous", candidates=told))
    with pytest.raises(Ambiguous) as refusal:
        await world.questions.ask("Springfield")
    assert refusal.value.candidates == candidates
    assert world.count("ambiguous") == 1


async def test_without_an_answer_one_is_told_so_and_nothing_is_kept() -> None:
    world = World(timeout_s=0.01)
    with pytest.raises(Unavailable, match="no weather for 'Paris' yet"):
        await world.questions.ask("Paris")
    assert world.count("unavailable") == 1
    # An answer that comes too late finds nobody.
    world.answers = ({"token": "late", "place": "paris"}, {"place": "rome"})
    assert await world.questions.ask("Rome") == "rome"


async def test_many_ask_at_the_same_time_and_each_gets_its_own() -> None:
    world = World({"place": "paris"})
    assert await asyncio.gather(*(world.questions.ask("Paris") for _ in range(20))) == ["paris"] * 20
