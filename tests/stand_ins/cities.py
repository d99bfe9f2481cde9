"""Places as the stand-in of Open-Meteo's geocoder knows them: in GeoNames' shape, with spellings of other languages."""

from __future__ import annotations

import unicodedata
from typing import Any

US = {"country": "United States", "country_code": "US"}


def _city(
    id: int, name: str, spot: tuple[float, float], population: int | None, code: str = "PPL", **more: Any
) -> dict[str, Any]:
    """Empty fields are left out, as the service does."""
    city = {"id": id, "name": name, "latitude": spot[0], "longitude": spot[1], "feature_code": code} | more
    return city if population is None else city | {"population": population}


GERMANY = {"country": "Germany", "country_code": "DE", "timezone": "Europe/Berlin"}
CITIES: list[dict[str, Any]] = [
    _city(2950159, "Berlin", (52.52437, 13.41053), 3426354, "PPLC", **GERMANY, admin1="State of Berlin"),
    _city(5083472, "Berlin", (44.46867, -71.18508), 9367, **US, admin1="New Hampshire", postcodes=["03570"]),
    _city(6325497, "Berlin Airport", (52.3625, 13.50065), None, "AIRP", **GERMANY, admin1="Brandenburg"),
    _city(
        2867714,
        "Munich",
        (48.13743, 11.57549),
        1260391,
        "PPLA",
        **GERMANY,
        admin1="Bavaria",
        other_names=["München", "Monaco di Baviera", "Minga"],
    ),
    _city(2643743, "London", (51.50853, -0.12574), 8961989, "PPLC", country="United Kingdom", country_code="GB"),
    _city(6058560, "London", (42.98339, -81.23304), 346765, country="Canada", country_code="CA", admin1="Ontario"),
    _city(
        2988507,
        "Paris",
        (48.85341, 2.3488),
        2138551,
        "PPLC",
        country="France",
        country_code="FR",
        admin1="Île-de-France",
        timezone="Europe/Paris",
        other_names=["Parigi", "Párizs"],
    ),
    _city(3448439, "São Paulo", (-23.5475, -46.63611), 12400232, "PPLA", country="Brazil", country_code="BR"),
    _city(4409896, "Springfield", (37.21533, -93.29824), 166810, "PPLA2", **US, admin1="Missouri", admin2="Greene"),
    _city(4951788, "Springfield", (42.10148, -72.58981), 155929, "PPLA2", **US, admin1="Massachusetts"),
    _city(4250542, "Springfield", (39.80172, -89.64371), 116565, "PPLA", **US, admin1="Illinois", admin2="Sangamon"),
]
TWINS: list[dict[str, Any]] = [
    _city(5274302, "Springfield", (43.19, -89.71), 2734, **US, admin1="Wisconsin"),
    _city(5274303, "Springfield", (43.88, -89.42), 830, **US, admin1="Wisconsin"),
]
"""Two in one state, of which the service tells no county; for tests to add."""


def plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def names(city: dict[str, Any]) -> list[str]:
    """All by which it is found."""
    return [plain(name) for name in (city["name"], *city.get("other_names", ()), *city.get("postcodes", ()))]


def shown(city: dict[str, Any]) -> dict[str, Any]:
    """As the service answers it."""
    return {field: value for field, value in city.items() if field != "other_names"}
