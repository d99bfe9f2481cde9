"""The places of `WINDSOCK_PLACES`, read on start. Pure."""

from __future__ import annotations

from services import topics
from services.errors import SettingError
from services.places import Place


def parse_places(text: str, most: int) -> list[Place | str]:
    """`Name=lat,lon;Other name` as places, and names that are yet to be geocoded.

    Raises SettingError naming the entry that is wrong.
    """
    places: list[Place | str] = []
    names: set[str] = set()
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, spot = (piece.strip() for piece in part.partition("="))
        slug = topics.slug(name)
        if (slug or name) in names:
            raise SettingError(f"WINDSOCK_PLACES: {part!r} names a place a second time; leave one of them out")
        names.add(slug or name)
        if equals:
            places.append(_place(part, slug, name, spot))
        elif 2 <= len(name) <= 100:
            places.append(name)
        else:
            raise SettingError(f"WINDSOCK_PLACES: {part!r} is not a name of 2 to 100 characters")
    if len(places) > most:
        raise SettingError(f"WINDSOCK_PLACES names {len(places)} places, WINDSOCK_PLACES_MAX allows {most}; raise it")
    return places


def _place(part: str, slug: str, name: str, spot: str) -> Place:
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
    return Place(slug, name, latitude, longitude, pinned=True)
