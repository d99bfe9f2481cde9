"""The weather services that the settings name, made ready to be asked; a setting that they lack is told on start."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from services.errors import SettingError
from services.settings import WeatherSettings
from weather_poller.configured import parse_places, parse_providers
from weather_poller.providers.geocoding import Geocoder
from weather_poller.providers.met_norway import MetNorway
from weather_poller.providers.nws import Nws
from weather_poller.providers.open_meteo import OpenMeteo
from weather_poller.providers.openweathermap import OpenWeatherMap
from weather_poller.providers.provider import Calls, Provider

PAID = "customer-"
"""What the names of Open-Meteo's paid hosts begin with (open-meteo.com/en/pricing)."""


def providers(settings: WeatherSettings) -> dict[str, Provider]:
    """Name → provider: those of WINDSOCK_WEATHER_PROVIDERS in their order, then others that WINDSOCK_PLACES names.

    Raises SettingError for a name that is none, and where one lacks its key or contact.
    """
    names = list(parse_providers(settings.weather_providers))
    for place in parse_places(settings.places, settings.places_max):
        names += [name for name in place.providers if name not in names]
    return {name: _BUILDERS[name](settings) for name in names}


def geocoder(settings: WeatherSettings) -> Geocoder:
    """Open-Meteo's geocoder; the key of its forecasts opens its paid host, too."""
    url = base(settings.geocoding_url)
    key = settings.open_meteo_key if _paid(url) else ""
    return Geocoder(url, key, calls(settings.geocoding_calls))


def base(url: str) -> str:
    """A base URL to which paths are added."""
    return url.rstrip("/")


def calls(text: str) -> Calls:
    """`minute/hour/day` of the settings, where 0 is no bound."""
    minute, hour, day = (int(number) or None for number in text.split("/"))
    return Calls(minute, hour, day)


def _paid(url: str) -> bool:
    try:
        return (urlsplit(url).hostname or "").startswith(PAID)
    except ValueError:
        return False


def _open_meteo(settings: WeatherSettings) -> Provider:
    url = base(settings.open_meteo_url)
    if settings.open_meteo_key and not _paid(url):
        # The free host would answer with a redirect, which is not followed: it would take the key along.
        raise SettingError(
            f"WINDSOCK_OPEN_METEO_KEY is for a paid host: set WINDSOCK_OPEN_METEO_URL to "
            f"https://customer-api.open-meteo.com (it is {settings.open_meteo_url!r})"
        )
    return OpenMeteo(url, settings.open_meteo_key, calls(settings.open_meteo_calls), settings.weather_interval_s)


def _met_norway(settings: WeatherSettings) -> Provider:
    _demand_contact("met-norway", settings)
    return MetNorway(base(settings.met_norway_url), calls(settings.met_norway_calls), settings.weather_interval_s)


def _nws(settings: WeatherSettings) -> Provider:
    _demand_contact("nws", settings)
    return Nws(base(settings.nws_url), calls(settings.nws_calls), settings.weather_interval_s)


def _openweathermap(settings: WeatherSettings) -> Provider:
    if not settings.openweathermap_key:
        raise SettingError("openweathermap demands a key; set WINDSOCK_OPENWEATHERMAP_KEY")
    url = base(settings.openweathermap_url)
    allowed = calls(settings.openweathermap_calls)
    return OpenWeatherMap(url, settings.openweathermap_key, allowed, settings.weather_interval_s)


def _demand_contact(name: str, settings: WeatherSettings) -> None:
    if not settings.weather_contact:
        raise SettingError(
            f"{name} demands to know whom to turn to; set WINDSOCK_WEATHER_CONTACT to a mail or web address"
        )


_BUILDERS: dict[str, Callable[[WeatherSettings], Provider]] = {
    "open-meteo": _open_meteo,
    "met-norway": _met_norway,
    "nws": _nws,
    "openweathermap": _openweathermap,
}
