"""Open-Meteo's geocoder: the place that a name means, or the candidates between which the asker has to choose. Pure.

Shapes: open-meteo.com/en/docs/geocoding-api; `/v1/get` is in the service's source
(github.com/open-meteo/geocoding-api): an id it does not know is answered with status 400.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from services import topics
from services.places import Place
from weather_poller.ambiguity import Match, folded, lies_in, meant
from weather_poller.fetch import FetchError
from weather_poller.providers.provider import Answer, Ask, Calls, GarbledAnswerError, Question

T = TypeVar("T")

SEARCH = "/v1/search"
GET = "/v1/get"
COUNT = 10
COUNT_QUALIFIED = 100
"""The most that the service gives; among them are small towns of regions that were named."""
MOST_CANDIDATES = 10
MOST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several places of a name, as clients are told it; `city` is a text that finds it."""

    id: int
    name: str
    admin1: str | None
    country: str | None
    country_code: str | None
    latitude: float
    longitude: float
    population: int | None
    city: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a name means: one place, or several candidates (the largest first), or nothing."""

    place: Place | None = None
    candidates: tuple[Candidate, ...] = ()


class Geocoder:
    """Open-Meteo's geocoder; with a `key`, its paid host."""

    name = "geocoder"

    def __init__(self, url: str, key: str, calls: Calls) -> None:
        self.url = url
        self.calls = calls
        self._key = key

    def search(self, name: str) -> Question[Resolved]:
        """What `name` means, perhaps followed by its region or country: `Springfield, Illinois, United States`.

        Raises GarbledAnswerError.
        """
        first, *areas = (part.strip() for part in name.split(","))
        areas = [area for area in areas if area]
        matches = yield from self._matches(first, COUNT_QUALIFIED if areas else COUNT)
        called = meant([match for match in matches if lies_in(match, areas)], first)
        if len(called) != 1:
            return Resolved(candidates=candidates(called))
        (match,) = called
        if folded(match.name) != folded(first):
            matches = yield from self._matches(match.name, COUNT)
        return Resolved(_place(match, matches[:COUNT]))

    def by_id(self, geocoder_id: int) -> Question[Resolved]:
        """The place with this id; nothing if there is none. Raises GarbledAnswerError."""
        if not 0 < geocoder_id <= MOST_ID:
            return Resolved()
        answer = yield from self._answer(GET, {"id": f"{geocoder_id}"})
        if answer is None:
            return Resolved()
        if not isinstance(answer.body, dict) or "id" not in answer.body:
            raise GarbledAnswerError("the geocoder did not answer a place")
        found = _usable([answer.body])
        if not found:
            return Resolved()
        (match,) = found
        if match.id != geocoder_id:
            raise GarbledAnswerError(f"the geocoder was asked for {geocoder_id} and told of {match.id}")
        return Resolved(_place(match, (yield from self._matches(match.name, COUNT))))

    def _matches(self, name: str, count: int) -> Question[list[Match]]:
        answer = yield from self._answer(SEARCH, {"name": name, "count": f"{count}"})
        if answer is None:
            return []
        if not isinstance(answer.body, dict):
            raise GarbledAnswerError("the geocoder did not answer an object")
        if answer.body.get("error"):
            raise GarbledAnswerError(f"the geocoder refused: {str(answer.body.get('reason'))[:200]}")
        return _usable(answer.body.get("results") or [])

    def _answer(self, path: str, parameters: dict[str, str]) -> Question[Answer | None]:
        """The answer; None if the service refuses what it was asked for."""
        key = {"apikey": self._key} if self._key else {}
        try:
            return (yield Ask(self.url + path, parameters | {"language": "en"} | key))
        except FetchError as error:
            if error.is_refusal:
                return None
            raise


def _usable(results: Any) -> list[Match]:
    """The matches that can be read: what others lack keeps none of them away."""
    matches = []
    for result in _converted(results, list[Any]):
        with suppress(GarbledAnswerError):
            matches.append(_converted(result, Match))
    return matches


def candidates(matches: Sequence[Match]) -> tuple[Candidate, ...]:
    """The first of `matches` as candidates, each with a text that finds it and none of the others."""
    return tuple(
        Candidate(
            match.id,
            match.name,
            match.admin1,
            match.country,
            match.country_code,
            match.latitude,
            match.longitude,
            match.population,
            _text(match, matches),
        )
        for match in matches[:MOST_CANDIDATES]
    )


def _text(match: Match, matches: Sequence[Match]) -> str:
    """Its name with as many areas as none other of `matches` lies in: region and country, with its county, with what is
    finer; where that is not enough, with its id.
    """
    coarse = (match.admin1, match.country)
    for areas in (coarse, (match.admin2, *coarse), (match.admin3, match.admin2, *coarse), (*coarse, f"{match.id}")):
        told = [area for area in areas if area]
        if sum(lies_in(one, told) for one in matches) == 1:
            break
    return ", ".join([match.name, *told])


def _place(match: Match, of_its_name: Sequence[Match]) -> Place:
    """`match` as a place. `of_its_name` is what the geocoder finds for its name: the one that this means is called
    by the name alone in topics, others with their region and country, however they were asked for.
    """
    plain = topics.slug(match.name)
    if [one.id for one in meant(of_its_name, match.name)] != [match.id]:
        told = [part for part in (match.name, match.admin1, match.country_code) if part]
        plain = topics.slug(" ".join(told)) if plain and len(told) > 1 else ""
    return Place(
        plain or f"place-{match.id}",
        match.name,
        match.latitude,
        match.longitude,
        country=match.country,
        geocoder_id=match.id,
        country_code=match.country_code,
        admin1=match.admin1,
        timezone=match.timezone,
    )


def _converted(told: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as error:
        raise GarbledAnswerError(f"the geocoder's matches cannot be read: {error}") from None
