"""The places of `WINDSOCK_PLACES`, read on start. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services import topics
from services.errors import SettingError
from services.places import NAME, Place, is_name
from weather_poller.providers.provider import NAMES


@dataclass(frozen=True, slots=True)
class Named:
    """A place of the settings that is yet to be geocoded; `providers` as in `Place`."""

    name: str
    providers: tuple[str, ...] = ()


def parse_places(text: str, most: int) -> list[Place | Named]:
    """`Name=lat,lon;Other name` as places, and names that are yet to be geocoded, each perhaps with `@provider,…`.

    Raises SettingError naming the entry that is wrong.
    """
    places: list[Place | Named] = []
    names: set[str] = set()
    for part in filter(None, (part.strip() for part in text.split(";"))):
        spot_of_name, at, services = part.partition("@")
        name, equals, spot = (piece.strip() for piece in spot_of_name.partition("="))
        slug = topics.slug(name)
        if (slug or name) in names:
            raise SettingError(f"WINDSOCK_PLACES: {part!r} names a place a second time; leave one of them out")
        names.add(slug or name)
        providers = _providers(part, services) if at else ()
        if equals:
            places.append(_place(part, slug, name, spot, providers))
        elif is_name(name):
            places.append(Named(name, providers))
        else:
            raise SettingError(f"WINDSOCK_PLACES: {part!r} is not {NAME}")
    if len(places) > most:
        raise SettingError(f"WINDSOCK_PLACES names {len(places)} places, WINDSOCK_PLACES_MAX allows {most}; raise it")
    return places


def parse_providers(text: str) -> tuple[str, ...]:
    """The names in WINDSOCK_WEATHER_PROVIDERS, in their order. Raises SettingError."""
    return _names(f"WINDSOCK_WEATHER_PROVIDERS={text!r}", text)


def _providers(part: str, text: str) -> tuple[str, ...]:
    return _names(f"WINDSOCK_PLACES: {part!r}", text)


def _names(where: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in NAMES:
            raise SettingError(f"{where}: {name!r} is not a weather service; there are {', '.join(NAMES)}")
    if len(set(names)) < len(names):
        raise SettingError(f"{where} names a weather service twice; leave one of them out")
    return names


def _place(part: str, slug: str, name: str, spot: str, providers: tuple[str, ...]) -> Place:
    try:
        latitude, longitude = (float(number) for number in spot.split(","))
    except ValueError:
        latitude = longitude = float("nan")
    if not slug:
        raise SettingError(f"WINDSOCK_PLACES: {part!r}: the name needs a Latin letter or a digit")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise SettingError(
            f"WINDSOCK_PLACES: {part!r} is not 'Name=latitude,longitude' (degrees, such as 'Berlin=52.52,13.41')"
        )
    return Place(slug, name, latitude, longitude, pinned=True, providers=providers)
