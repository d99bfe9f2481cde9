"""Whether the calls that the settings allow are enough for a single place; told on start. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from services.errors import SettingError
from services.places import Place
from weather_poller.providers.provider import Provider

ANYWHERE = Place("anywhere", "Anywhere", 40.0, -100.0)


def check(providers: Iterable[Provider]) -> None:
    """Raises SettingError for a provider of which no request could ever be made: one costs more than is allowed."""
    for provider in providers:
        question = provider.observe([ANYWHERE])
        cost = next(question).calls
        question.close()
        allowed = [calls for calls in (provider.calls.minute, provider.calls.hour, provider.calls.day) if calls]
        if min(allowed, default=cost) < cost:
            raise SettingError(
                f"WINDSOCK_{provider.name.upper().replace('-', '_')}_CALLS allows {min(allowed)}, "
                f"one place costs {cost:g}; allow more (0: no bound)"
            )
