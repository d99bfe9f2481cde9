"""When to ask for which places, and whom. Pure: clocks and chance are injected.

Each place has an order of providers. It is asked for at the first of them that may be asked; where that fails or
must wait, at the next one right away; and at a preferred one again as soon as that may be asked. How long a service
is left alone is told by the fetcher (`FetchError.wait_s`), which knows the host; the schedule only heeds it.

Due times: of the setting `interval_s`, if it is set, on a grid that all places share; else when the provider's next
observation is to be expected. Either way some jitter later, and never before the provider's `next_ms`. An answer with
nothing new is asked for again after a part of the interval, which doubles. Places of which one is due go together,
the longest due first, as many as the provider takes at once. At most one request is under way at a provider.

Times inside are seconds of `clock`, which is monotonic, so that no step of the system's clock holds anything up; what
goes in and out as Unix milliseconds is translated by `unix`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from weather_poller.fetch import FetchError, NotAskedError
from weather_poller.providers.provider import Found

SOONEST_S = 60.0
LONGEST_S = 86_400.0
"""Between these, whatever interval a provider tells."""
AGAIN = 1 / 6
"""Part of the interval after which an answer with nothing new is asked for again."""
LEAST_S = 0.05
"""Shortest wait before anything is asked again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One request to make: these places (slugs) at this provider.

    `new`: none of them has been answered yet, so that their past may be wanted.
    """

    provider: str
    places: tuple[str, ...]
    new: bool = False


@dataclass(slots=True)
class _Service:
    most: int
    until: float = 0.0
    why: str = ""
    fits: int | None = None
    """How many places the next request may have, where the budget does not allow more."""


@dataclass(slots=True)
class _Place:
    slug: str
    order: tuple[str, ...]
    due: float
    over: float
    """When its interval is over, so that it may go with others."""
    queued: float
    """Since when it waits for its turn."""
    answered_by: str | None = None
    observed_ms: int = 0
    repeats: int = 0
    """Answers in a row with nothing new."""
    asking: str | None = None
    """The provider that is being asked for it."""
    faults: dict[str, str] = field(default_factory=dict)
    """Provider → why it could tell nothing when it was asked last, since some provider could."""
    not_before: dict[str, float] = field(default_factory=dict)
    """Provider → when it may be asked for this place again."""
    failures: dict[str, int] = field(default_factory=dict)
    together: dict[str, int] = field(default_factory=dict)
    """Provider → with how many places at once, after it refused a request for more."""


class Schedule:
    """The due times of places.

    `providers` says how many places each takes in one request. Ask `due` for requests to make; tell how each ended
    with `answered`, `failed` or `put_off`, for the batch or for parts of it (`dataclasses.replace(batch, places=…)`).
    """

    def __init__(
        self,
        providers: Mapping[str, int],
        *,
        interval_s: float,
        jitter_s: float,
        retry_s: float,
        retry_max_s: float,
        clock: Callable[[], float],
        unix: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._services = {name: _Service(most) for name, most in providers.items()}
        self._interval_s = interval_s
        self._jitter_s = jitter_s
        self._retry_s = retry_s
        self._retry_max_s = retry_max_s
        self._clock = clock
        self._unix = unix
        self._chance = chance
        self._began = clock()
        self._tracked: list[_Place] = []
        self._places: dict[str, _Place] = {}

    def track(self, orders: Mapping[str, Sequence[str]]) -> None:
        """Track exactly these places (slug → the providers that cover it, preferred ones first).

        New ones are due at once, those that come back when they were. Raises KeyError for an unknown provider.
        """
        now = self._clock()
        tracked: dict[str, _Place] = {}
        for slug, order in orders.items():
            place = self._places.get(slug) or _Place(slug, (), now, now, now)
            if tuple(order) != place.order:
                place.order = tuple(order)
                place.faults = {name: why for name, why in place.faults.items() if name in order}
                for name in order:
                    self._services[name]
            tracked[slug] = place
        self._tracked = list(tracked.values())
        resting = {slug: place for slug, place in self._places.items() if place.due > now or place.asking}
        self._places = resting | tracked

    def resume(self, slug: str, *, provider: str | None, observed_ms: int | None, next_ms: int) -> None:
        """What another poller left of a place: who answered last, with what, and when it is due (Unix milliseconds).

        Of no effect on a place that is known. Call it before `track`.
        """
        now = self._clock()
        if slug not in self._places:
            due = min(self._at(next_ms), now + LONGEST_S)
            place = _Place(slug, (), due, due, due, provider, observed_ms or 0)
            if due > now:
                self._places[slug] = place

    def knows(self, slug: str) -> bool:
        """Whether the place is tracked, or was and would rest now."""
        return slug in self._places

    def due(self) -> list[Batch]:
        """The requests to make now, at most one a provider; their places count as being asked for."""
        now = self._clock()
        chosen: dict[str, list[_Place]] = {}
        for place in self._tracked:
            if place.asking is None and (name := self._choice(place, now)) is not None:
                chosen.setdefault(name, []).append(place)
        batches = []
        for name, places in chosen.items():
            if not any(place.due <= now or place.answered_by != name for place in places):
                continue
            places.sort(key=lambda place: (place.due > now, place.queued, place.slug))
            batch = self._batch(name, places)
            batches.append(batch)
            for slug in batch.places:
                self._places[slug].asking = name
        return batches

    def _batch(self, name: str, places: Sequence[_Place]) -> Batch:
        service, first = self._services[name], places[0]
        new = first.answered_by is None
        most = service.most if service.fits is None else min(service.most, service.fits)
        taken: list[str] = []
        for place in places:
            share = place.together.get(name, service.most)
            if (place.answered_by is None) == new and share > len(taken):
                most = min(most, share)
                taken.append(place.slug)
            if len(taken) >= most:
                break
        return Batch(name, tuple(taken), new)

    def wait_s(self, most: float) -> float:
        """Seconds until `due` has something, at most `most`; 0 only if it has now."""
        now = self._clock()
        times = [self._next(place, now) for place in self._tracked if place.asking is None]
        return max(0.0, min([now + most, *times]) - now)

    def answered(self, batch: Batch, found: Iterable[Found]) -> None:
        """A request was answered. Places of the batch that are not among `found` count as failed."""
        now = self._clock()
        service = self._services[batch.provider]
        service.until, service.fits = now, None
        by_place = {one.place: one for one in found}
        draw = self._chance()
        for place in self._asked(batch):
            one = by_place.get(place.slug)
            if one is None or one.fault:
                self._fault(place, batch.provider, one.fault if one and one.fault else "it told nothing of this place")
            else:
                self._rest(place, batch.provider, one, now, draw)

    def failed(self, batch: Batch, error: FetchError) -> None:
        """A request failed, or could not be made."""
        now = self._clock()
        service = self._services[batch.provider]
        if isinstance(error, NotAskedError):
            fits = int(len(batch.places) * error.calls_left / error.calls) if error.calls > 0 else 0
            if 1 <= fits < len(batch.places):
                service.fits = fits
            else:
                service.fits = None
                self._pause(service, now, error)
            for place in self._asked(batch):
                place.asking = None
        elif error.is_refusal:
            for place in self._asked(batch):
                place.together[batch.provider] = max(1, len(batch.places) // 2)
                self._fault(place, batch.provider, str(error))
        else:
            service.fits = None
            self._pause(service, now, error)
            for place in self._asked(batch):
                place.asking = None
                place.queued = now
                place.faults[batch.provider] = str(error)

    def put_off(self, batch: Batch, wait_s: float) -> None:
        """A request was not made for a reason of ours: its places are due again, at this provider in `wait_s`."""
        now = self._clock()
        for place in self._asked(batch):
            place.asking = None
            place.due = max(place.due, now + max(LEAST_S, wait_s))

    def next_ms(self, slug: str) -> int:
        """When a tracked place is asked for next (Unix milliseconds), as far as can be told."""
        now = self._clock()
        place = self._places[slug]
        return round((self._unix() + max(0.0, self._next(place, now) - now)) * 1000)

    def failing(self, slug: str) -> str | None:
        """Why no provider could tell anything of a place when it was due, as 'name: reason; name: reason'."""
        now = self._clock()
        place = self._places[slug]
        if place.due > now or not place.order:
            return None
        whys = []
        for name in place.order:
            service = self._services[name]
            why = place.faults.get(name) or (service.why if service.until > now else "")
            if not why:
                return None
            whys.append(f"{name}: {why}")
        return "; ".join(whys)

    def _choice(self, place: _Place, now: float) -> str | None:
        """The provider to ask for the place now; None: none yet, or one that is being asked for others."""
        for name in self._candidates(place, now):
            if self._ready(place, name) <= now:
                return None if self._is_busy(name) else name
        return None

    def _candidates(self, place: _Place, now: float) -> Sequence[str]:
        """The providers that may be asked: all once its interval is over, until then those that are preferred."""
        if place.over <= now or place.answered_by not in place.order:
            return place.order if place.over <= now else ()
        return place.order[: place.order.index(place.answered_by)]

    def _next(self, place: _Place, now: float) -> float:
        whole = max(place.due, min((self._ready(place, name) for name in place.order), default=now + LONGEST_S))
        preferred = () if place.due <= now else self._candidates(place, min(now, place.over - LEAST_S))
        return min([whole, *(self._ready(place, name) for name in preferred)])

    def _ready(self, place: _Place, name: str) -> float:
        return max(self._services[name].until, place.not_before.get(name, 0.0))

    def _is_busy(self, name: str) -> bool:
        return any(place.asking == name for place in self._places.values())

    def _asked(self, batch: Batch) -> list[_Place]:
        places = (self._places.get(slug) for slug in batch.places)
        return [place for place in places if place is not None and place.asking == batch.provider]

    def _pause(self, service: _Service, now: float, error: FetchError) -> None:
        service.until = now + max(LEAST_S, error.wait_s)
        service.why = str(error)

    def _fault(self, place: _Place, name: str, why: str) -> None:
        """The provider is well but could tell nothing of this place."""
        failures = place.failures[name] = min(place.failures.get(name, 0) + 1, 64)
        bound = min(self._retry_max_s, self._retry_s * 2.0 ** (failures - 1))
        now = self._clock()
        place.not_before[name] = now + max(LEAST_S, self._retry_s / 10, bound * self._chance())
        place.asking, place.queued, place.faults[name] = None, now, why

    def _rest(self, place: _Place, name: str, found: Found, now: float, draw: float) -> None:
        observed_ms = max((reading.at_ms for reading in found.readings), default=0)
        place.repeats = 0 if observed_ms > place.observed_ms else place.repeats + 1
        place.observed_ms = max(place.observed_ms, observed_ms)
        over = max(now + LEAST_S, self._over(place, found, now))
        place.over = over
        place.due = place.queued = over + draw * self._jitter_s
        place.asking, place.answered_by = None, name
        place.faults.clear()
        place.failures.pop(name, None)
        place.together.pop(name, None)
        place.not_before[name] = over

    def _over(self, place: _Place, found: Found, now: float) -> float:
        """When the interval that begins now is over."""
        earliest = now if found.next_ms is None else min(self._at(found.next_ms), now + LONGEST_S)
        if self._interval_s:
            # On a grid, so that a place that was asked for alone comes together with the others.
            steps = round((now + self._interval_s - self._began) / self._interval_s)
            return max(earliest, self._began + steps * self._interval_s)
        told = found.interval_s if found.interval_s == found.interval_s else 0.0
        interval = min(LONGEST_S, max(SOONEST_S, told))
        again = min(interval, interval * AGAIN * 2.0 ** min(place.repeats - 1, 32))
        expected = self._at(place.observed_ms) + interval
        if place.repeats == 0 and expected > now:
            return max(earliest, min(expected, now + interval))
        return max(earliest, now + (again if place.repeats else interval * AGAIN))

    def _at(self, unix_ms: int) -> float:
        return self._clock() + unix_ms / 1000 - self._unix()
