"""Which place is meant by a name that several have. Pure: the geocoder's matches in, one of them or several out.

One is meant if it is far larger than the next of that name, or a capital and clearly larger; regions and countries
behind the name say between which. Places without a name of a town (airports, hills, districts of the state) never make
a town ambiguous.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

FAR_LARGER = 12
"""Times the population of the next: Boston is meant (15 times the one in England), Portland is not (10 times the one
in Maine)."""
CAPITAL_LARGER = 3
"""The same for a capital (GeoNames' PPLC)."""
SECTION_DEGREES = 0.3
"""A section of a town (GeoNames' PPLX) that is nearer to one of its name and region is part of it: its old town."""
SAME_PLACE_DEGREES = 0.05
"""Other matches of one name, region and county that are nearer to each other, some 5 km, are one place told twice."""

_GONE = ("PPLH", "PPLQ", "PPLW")
"""GeoNames' codes for places where nobody lives any more (geonames.org/export/codes.html)."""
_ALIASES = {"uk": "gb", "usa": "us"}
"""Country codes as people write them → ISO 3166."""

_Name = Annotated[str, Meta(max_length=200)]


class Match(msgspec.Struct, frozen=True):
    """A match of the geocoder's; what it does not know, it leaves out."""

    id: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    country: _Name | None = None
    country_code: Annotated[str, Meta(max_length=8)] | None = None
    feature_code: Annotated[str, Meta(max_length=16)] | None = None
    admin1: _Name | None = None
    admin2: _Name | None = None
    admin3: _Name | None = None
    admin4: _Name | None = None
    timezone: Annotated[str, Meta(max_length=64)] | None = None
    population: int | None = None

    @property
    def size(self) -> int:
        """Its population; 0 where that is not known."""
        return self.population or 0


def folded(text: str) -> str:
    """`text` however it is capitalised, accented and spaced."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def lies_in(match: Match, areas: Iterable[str]) -> bool:
    """Whether each of `areas` is a region, the country or the country's code of `match`, or its id."""
    told = (match.admin1, match.admin2, match.admin3, match.admin4, match.country, match.country_code, f"{match.id}")
    known = {folded(name) for name in told if name}
    wanted = [folded(area) for area in areas]
    return all(area in known or _ALIASES.get(area, area) in known for area in wanted)


def meant(matches: Sequence[Match], name: str) -> list[Match]:
    """The one that `name` means, or several between which nobody but the asker can choose, the largest first.

    `matches` stand in the geocoder's order. They count if they are called as was asked, or as the geocoder's first is:
    it knows other languages' names ("Wien") too.
    """
    towns = [match for match in matches if _is_town(match)] or list(matches)
    if not towns:
        return []
    names = {folded(name), folded(towns[0].name)}
    called = [match for match in towns if folded(match.name) in names]
    places: list[Match] = []
    for match in sorted(called, key=lambda match: -match.size):
        if not any(_same_place(match, other) for other in places):
            places.append(match)
    return places[:1] if len(places) == 1 or _dominates(places[0], places[1]) else places


def _is_town(match: Match) -> bool:
    code = match.feature_code
    return code is None or (code.startswith("PPL") and code not in _GONE)


def _same_place(one: Match, other: Match) -> bool:
    if (one.admin1, one.country_code) != (other.admin1, other.country_code):
        return False
    if "PPLX" in (one.feature_code, other.feature_code):
        return _are_within(SECTION_DEGREES, one, other)
    same_county = one.admin2 is None or other.admin2 is None or one.admin2 == other.admin2
    return same_county and _are_within(SAME_PLACE_DEGREES, one, other)


def _are_within(degrees: float, one: Match, other: Match) -> bool:
    return abs(one.latitude - other.latitude) < degrees and abs(one.longitude - other.longitude) < degrees


def _dominates(largest: Match, next_largest: Match) -> bool:
    times = CAPITAL_LARGER if largest.feature_code == "PPLC" else FAR_LARGER
    return largest.size > 0 and largest.size >= times * next_largest.size
