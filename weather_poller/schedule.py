"""When to ask for which places, and whom. Pure: clocks and chance are injected.

Each place has an order of providers. It is asked for at the first of them that may be asked; where that fails or
must wait, at the next one right away; and at a preferred one again as soon as that may be asked. How long a service
is left alone is told by the fetcher (`FetchError.wait_s`), which knows the host; the schedule heeds it.

Due times are those of `weather_poller.due_times` and some jitter. Places of which one is due go together, those that
have waited longest first, as many as the provider takes at once. At most one request is under way at a provider.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from weather_poller.due_times import LEAST_S, LONGEST_S, DueTimes
from weather_poller.fetch import FetchError, NotAskedError
from weather_poller.providers.provider import Found


@dataclass(frozen=True, slots=True)
class Batch:
    """One request to make: these places (slugs) at this provider.

    Either all of them have been answered before or none has, so that only new ones pay for a past.
    """

    provider: str
    places: tuple[str, ...]


@dataclass(slots=True)
class _Service:
    most: int
    until: float
    """Not to be asked before."""
    why: str = ""
    fits: int | None = None
    """How many places the next request may have, where the budget does not allow more."""


@dataclass(slots=True)
class _Place:
    slug: str
    due: float
    over: float
    """When its interval is over, so that it may go with others."""
    waits_since: float
    order: tuple[str, ...] = ()
    answered_by: str | None = None
    observed_ms: int = 0
    repeats: int = 0
    """Answers in a row with nothing new."""
    asking: str | None = None
    """The provider that is being asked for it."""
    faults: dict[str, str] = field(default_factory=dict)
    """Provider → why it told nothing, since some provider told something."""
    failures: dict[str, int] = field(default_factory=dict)
    """Provider → how often in a row it could tell nothing of this place, though it is well."""
    not_before: dict[str, float] = field(default_factory=dict)
    """Provider → when it may be asked for this place again."""
    together: dict[str, int] = field(default_factory=dict)
    """Provider → with how many places at once, after it refused a request for more."""

    def wanted_at(self, now: float) -> Sequence[str]:
        """The providers to ask now: all when it is due; until then those that are preferred to who answered."""
        if self.due <= now:
            return self.order
        return self.order[: self.order.index(self.answered_by)] if self.answered_by in self.order else ()


class Schedule:
    """The due times of places.

    `providers` says how many places each takes in one request. Ask `due` for requests to make; tell how each ended
    with `answered`, `failed` or `put_off`, for the batch or for parts of it (`dataclasses.replace(batch, places=…)`).
    `clock` is monotonic, `unix` gives Unix seconds, `chance` numbers from 0 to 1.
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
        self._services = {name: _Service(most, clock()) for name, most in providers.items()}
        self._times = DueTimes(interval_s, clock, unix)
        self._jitter_s = jitter_s
        self._retry_s = retry_s
        self._retry_max_s = retry_max_s
        self._clock = clock
        self._chance = chance
        self._tracked: dict[str, _Place] = {}
        self._resting: dict[str, _Place] = {}
        """Places that are not tracked now, and would not be due if they were."""

    def track(self, orders: Mapping[str, Sequence[str]]) -> None:
        """Track exactly these places (slug → the providers that cover it, preferred ones first).

        New ones are due at once, those that come back when they were. Raises KeyError for an unknown provider.
        """
        now = self._clock()
        known = self._resting | self._tracked
        self._tracked = {}
        for slug, order in orders.items():
            unknown = set(order) - self._services.keys()
            if unknown:
                raise KeyError(f"no provider is called {unknown.pop()!r}")
            place = known.pop(slug) if slug in known else _Place(slug, now, now, now)
            place.order = tuple(order)
            self._tracked[slug] = place
        self._resting = {slug: place for slug, place in known.items() if place.due > now or place.asking}

    def resume(self, slug: str, *, provider: str | None, observed_ms: int | None, next_ms: int) -> None:
        """What another poller left of a place: who answered last, with what, and when it is due (Unix milliseconds).

        Has no effect on a place that is known. To be called before `track`.
        """
        due = self._times.at(next_ms)
        if not self.knows(slug) and due > self._clock():
            if not self._tracked and not self._resting:
                self._times.keep_to(due)
            self._resting[slug] = _Place(slug, due, due, due, answered_by=provider, observed_ms=observed_ms or 0)

    def knows(self, slug: str) -> bool:
        """Whether the place is tracked, or was until a moment ago and would not be due if it were."""
        return slug in self._tracked or slug in self._resting

    def due(self) -> list[Batch]:
        """The requests to make now, at most one a provider; their places count as being asked for."""
        now = self._clock()
        busy = self._busy()
        wanted: dict[str, list[_Place]] = {}
        along: dict[str, list[_Place]] = {}
        for place in self._tracked.values():
            if place.asking is not None:
                continue
            if (name := self._first_ready(place, place.wanted_at(now), now)) is not None:
                wanted.setdefault(name, []).append(place)
            elif place.over <= now < place.due and (name := self._first_ready(place, place.order, now)) is not None:
                along.setdefault(name, []).append(place)
        batches = []
        for name in wanted.keys() - busy:
            longest_first = sorted(wanted[name], key=lambda place: (place.due > now, place.waits_since, place.slug))
            batches.append(self._batch(name, longest_first + along.get(name, [])))
        return sorted(batches, key=lambda batch: batch.provider)

    def _batch(self, name: str, places: Sequence[_Place]) -> Batch:
        service, new = self._services[name], places[0].answered_by is None
        most = service.most if service.fits is None else min(service.most, service.fits)
        taken: list[_Place] = []
        for place in places:
            share = place.together.get(name, most)
            if len(taken) < min(most, share) and (place.answered_by is None) == new:
                most = min(most, share)
                taken.append(place)
                place.asking = name
        return Batch(name, tuple(place.slug for place in taken))

    def wait_s(self, most: float) -> float:
        """Seconds until `due` has something, at most `most`; 0 if it has now.

        What waits for the end of a request under way does not count: that end is told.
        """
        now, busy = self._clock(), self._busy()
        earliest = now + most
        for place in self._tracked.values():
            if place.asking is None:
                at = self._next(place, now)
                if at > now or self._first_ready(place, place.wanted_at(now), now) not in busy:
                    earliest = min(earliest, at)
        return max(0.0, earliest - now)

    def answered(self, batch: Batch, found: Iterable[Found]) -> None:
        """A request was answered. Places of the batch of which nothing was found count as failed."""
        service = self._services[batch.provider]
        service.until, service.fits = self._clock(), None
        found_of = {one.place: one for one in found}
        jitter = self._chance() * self._jitter_s  # one for all, so that they stay together
        for place in self._asked(batch):
            one = found_of.get(place.slug)
            if one is None or one.fault:
                self._tells_nothing(place, batch.provider, (one and one.fault) or "it told nothing of this place")
            else:
                self._rest(place, batch.provider, one, jitter)

    def failed(self, batch: Batch, error: FetchError) -> None:
        """A request failed, or could not be made."""
        now, places, name = self._clock(), self._asked(batch), batch.provider
        service = self._services[name]
        if error.is_refusal or error.wait_s <= 0:
            # The host is well. Which of the places is at fault comes out when fewer are asked for at once.
            for place in places:
                place.together[name] = max(1, len(batch.places) // 2)
                self._tells_nothing(place, name, str(error))
            return
        for place in places:
            place.asking, place.faults[name] = None, str(error)
        if isinstance(error, NotAskedError):
            fits = int(len(batch.places) * error.calls_left / error.calls) if error.calls > 0 else 0
            if 1 <= fits < len(batch.places):
                service.fits = fits
                return
        else:
            for place in places:
                place.waits_since = now
        service.fits = None
        service.until, service.why = now + max(LEAST_S, error.wait_s), str(error)

    def put_off(self, batch: Batch, wait_s: float) -> None:
        """A request was not made for a reason of ours: its places are due again in `wait_s` seconds."""
        again = self._clock() + max(LEAST_S, wait_s)
        for place in self._asked(batch):
            place.asking = None
            place.due = max(place.due, again)
            place.not_before[batch.provider] = max(again, place.not_before.get(batch.provider, again))

    def lost(self, batch: Batch, wait_s: float) -> None:
        """What was answered is not kept: its places are due again in `wait_s` seconds, as if nothing had been told."""
        again = self._clock() + max(LEAST_S, wait_s)
        known = self._resting | self._tracked
        for place in (known[slug] for slug in batch.places if slug in known):
            place.due = place.over = place.waits_since = place.not_before[batch.provider] = again
            place.answered_by, place.observed_ms, place.repeats = None, 0, 0

    def next_ms(self, slug: str) -> int:
        """When a place is asked for next (Unix milliseconds), as far as can be told. Raises KeyError: not known."""
        now = self._clock()
        place = self._tracked[slug] if slug in self._tracked else self._resting[slug]
        return self._times.unix_ms(max(now, self._next(place, now)))

    def failing(self, slug: str) -> str | None:
        """Why no provider could tell anything of a tracked place that is due, as 'name: reason; name: reason'.

        None while it is being asked for, or is about to be: something may be told yet.
        """
        now, place = self._clock(), self._tracked[slug]
        if place.due > now or place.asking is not None or self._first_ready(place, place.order, now) is not None:
            return None
        whys = []
        for name in place.order:
            service = self._services[name]
            why = place.faults.get(name) or (service.why if service.until > now else None)
            if why is None:
                return None
            whys.append(f"{name}: {why}")
        return "; ".join(whys) or "no weather service covers it"

    def _first_ready(self, place: _Place, names: Sequence[str], now: float) -> str | None:
        return next((name for name in names if self._ready(place, name) <= now), None)

    def _next(self, place: _Place, now: float) -> float:
        """When it is asked for next: when it is due, or sooner at one who is preferred to who answered."""
        when_due = max(place.due, min((self._ready(place, name) for name in place.order), default=now + LONGEST_S))
        preferred = place.wanted_at(now) if place.due > now else ()
        return min([when_due, *(self._ready(place, name) for name in preferred)])

    def _ready(self, place: _Place, name: str) -> float:
        return max(self._services[name].until, place.not_before.get(name, 0.0))

    def _busy(self) -> set[str | None]:
        places = (*self._tracked.values(), *self._resting.values())
        return {place.asking for place in places if place.asking is not None}

    def _asked(self, batch: Batch) -> list[_Place]:
        known = self._resting | self._tracked
        return [known[slug] for slug in batch.places if slug in known and known[slug].asking == batch.provider]

    def _tells_nothing(self, place: _Place, name: str, why: str) -> None:
        """Backoff with full jitter, of this place at this provider alone."""
        now = self._clock()
        failures = place.failures[name] = min(place.failures.get(name, 0) + 1, 64)
        bound = min(self._retry_max_s, self._retry_s * 2.0 ** (failures - 1))
        place.not_before[name] = now + max(LEAST_S, self._retry_s / 10, bound * self._chance())
        place.asking, place.waits_since, place.faults[name] = None, now, why

    def _rest(self, place: _Place, name: str, found: Found, jitter: float) -> None:
        observed_ms = max((reading.at_ms for reading in found.readings), default=0)
        place.repeats = 0 if observed_ms > place.observed_ms else place.repeats + 1
        place.observed_ms = max(place.observed_ms, observed_ms)
        place.over = place.not_before[name] = self._times.after(found, place.observed_ms, place.repeats)
        place.due = place.waits_since = place.over + jitter
        place.asking, place.answered_by = None, name
        place.faults.clear()
        place.failures.pop(name, None)
        place.together.pop(name, None)
