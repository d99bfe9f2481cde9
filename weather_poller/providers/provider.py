"""What every weather service's translation offers. Pure: requests out, answers in, observations at the end.

A question to a service is a generator: it yields each `Ask`, is sent the `Answer`, and returns what it found.
Who runs it does the HTTP; a request that failed is thrown into it as `weather_poller.fetch.FetchError`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

from services.places import Place
from services.reading import Reading

T = TypeVar("T")

NAMES = ("open-meteo", "met-norway", "nws", "openweathermap")
"""The weather services that there are, as the settings call them."""


class GarbledAnswerError(ValueError):
    """A weather service answered something else than it documents: none of its answers can be believed now."""


class NothingToldError(ValueError):
    """A weather service is well, but told nothing of one place that can be used."""


@dataclass(frozen=True, slots=True)
class Calls:
    """How many calls a service allows in fixed windows; None: no bound."""

    minute: int | None = None
    hour: int | None = None
    day: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Whom an observation is owed to; stands in its tags."""

    provider: str
    attribution: str
    attribution_url: str
    licence: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One GET; `calls` is what it costs of the service's allowance."""

    url: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    calls: float = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with status 200, 203 or 304: header names in lower case, the body as JSON (None for 304)."""

    status: int
    headers: Mapping[str, str]
    body: Any
    fetched_ms: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one place: `readings` from the oldest to the present one, none where nothing is new.

    `interval_s` is in which time a newer observation is expected, as in the readings' tag: how often the service's data
    change, or how often it is asked if that is more seldom. `next_ms` (Unix milliseconds) is told by services that
    forbid to be asked again before it, as MET Norway's do with `Expires`; those for which it would be a guess do not.
    `fault` says why there is nothing for this place although the service is well.
    """

    place: str
    readings: Sequence[Reading] = ()
    interval_s: float = 900.0
    next_ms: int | None = None
    fault: str | None = None


Question: TypeAlias = Generator[Ask, Answer, T]


class Provider(Protocol):
    """One weather service. What it remembers from one question to the next is bounded, and may be lost."""

    name: str
    url: str
    """Its base, without a slash at the end; services of one host share its allowance of requests in flight."""
    calls: Calls
    places_per_request: int

    def covers(self, place: Place) -> bool:
        """Whether it knows the weather there, as far as can be told without asking."""
        ...

    def observe(self, places: Sequence[Place], past_h: int = 0) -> Question[list[Found]]:
        """The present conditions of at most `places_per_request` places, in their order, and before them those of
        each of the last `past_h` hours, where the service tells them.

        What is wrong with one place is its `fault`. Raises GarbledAnswerError where the answer is not the service's.
        """
        ...
