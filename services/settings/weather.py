"""The poller of weather services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from services.errors import SettingError
from services.settings.bounds import DAY_S, GIBIBYTE

CALLS = r"^[0-9]{1,9}/[0-9]{1,9}/[0-9]{1,9}$"


@dataclass(frozen=True, slots=True)
class WeatherSettings:
    """What the poller asks, whom and how often."""

    places: Annotated[
        str,
        Meta(
            description="Places that are always tracked: `Name=lat,lon` or a name to geocode, separated by `;` "
            "(`;` alone: none). `@` and names of weather services behind one say whom to ask for it, in this order."
        ),
    ] = "Berlin=52.52,13.41;London=51.51,-0.13;New York=40.71,-74.01"
    places_max: Annotated[int, Meta(ge=1, le=1_000, description="Most places tracked at once.")] = 100
    weather_providers: Annotated[
        str,
        Meta(
            description="Weather services to ask, in this order, by commas: `open-meteo`, `met-norway`, `nws`, "
            "`openweathermap`; the next is asked where one fails."
        ),
    ] = "open-meteo"
    weather_contact: Annotated[
        str,
        Meta(
            max_length=200,
            pattern=r"^[!-~]*$",
            description="Mail or web address that weather services may turn to; `met-norway` and `nws` demand one.",
        ),
    ] = ""
    weather_interval_s: Annotated[
        float,
        Meta(ge=0, le=DAY_S, description="Seconds between two requests for a place. 0: as often as the data change."),
    ] = 0.0
    weather_history_h: Annotated[
        int, Meta(ge=0, le=48, description="Hours of the past that a place which is new is given.")
    ] = 24
    weather_lease_s: Annotated[
        float,
        Meta(ge=1, le=300, description="Seconds after which the place of a poller that died is taken by another."),
    ] = 5.0
    weather_failures: Annotated[
        int,
        Meta(ge=1, le=1_000, description="Failures in a row after which a weather service is left alone for a while."),
    ] = 5
    weather_jitter_s: Annotated[
        float, Meta(ge=0, le=DAY_S, description="Up to so many seconds are added to the interval, at random.")
    ] = 60.0
    weather_retry_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="First wait after a failed request; it doubles, with jitter.")
    ] = 5.0
    weather_retry_max_s: Annotated[float, Meta(gt=0, le=DAY_S, description="Longest wait after failed requests.")] = (
        900.0
    )
    weather_request_s: Annotated[
        float, Meta(gt=0, le=DAY_S, description="Longest a request to a weather service may take.")
    ] = 10.0
    weather_body_bytes: Annotated[
        int, Meta(ge=1_024, le=GIBIBYTE, description="Largest answer read from a weather service.")
    ] = 2_097_152
    open_meteo_url: Annotated[
        str, Meta(pattern=r"^https?://", description="Base URL of the Open-Meteo forecast service.")
    ] = "https://api.open-meteo.com"
    geocoding_url: Annotated[
        str, Meta(pattern=r"^https?://", description="Base URL of the Open-Meteo geocoding service.")
    ] = "https://geocoding-api.open-meteo.com"
    met_norway_url: Annotated[str, Meta(pattern=r"^https?://", description="Base URL of MET Norway's API.")] = (
        "https://api.met.no"
    )
    nws_url: Annotated[str, Meta(pattern=r"^https?://", description="Base URL of the US National Weather Service.")] = (
        "https://api.weather.gov"
    )
    openweathermap_url: Annotated[str, Meta(pattern=r"^https?://", description="Base URL of OpenWeatherMap.")] = (
        "https://api.openweathermap.org"
    )
    open_meteo_key: Annotated[
        str, Meta(description="Key of Open-Meteo's paid service (its URLs begin with `https://customer-`).")
    ] = ""
    openweathermap_key: Annotated[str, Meta(description="Key of OpenWeatherMap, which demands one.")] = ""
    open_meteo_calls: Annotated[
        str,
        Meta(
            pattern=CALLS,
            description="Calls a minute, an hour and a day to Open-Meteo's forecasts (each place counts); 0: no bound.",
        ),
    ] = "600/5000/10000"
    geocoding_calls: Annotated[str, Meta(pattern=CALLS, description="The same to its geocoder.")] = "600/5000/10000"
    met_norway_calls: Annotated[str, Meta(pattern=CALLS, description="The same to MET Norway.")] = "600/20000/0"
    nws_calls: Annotated[str, Meta(pattern=CALLS, description="The same to the US National Weather Service.")] = (
        "300/5000/0"
    )
    openweathermap_calls: Annotated[str, Meta(pattern=CALLS, description="The same to OpenWeatherMap.")] = "60/0/1000"

    def __post_init__(self) -> None:
        if self.weather_retry_max_s < self.weather_retry_s:
            raise SettingError(
                f"WINDSOCK_WEATHER_RETRY_MAX_S={self.weather_retry_max_s:g} must not be less than "
                f"WINDSOCK_WEATHER_RETRY_S={self.weather_retry_s:g}"
            )
