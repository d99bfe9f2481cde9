from __future__ import annotations

import zlib
from typing import Any

import pytest

from weather_poller.ambiguity import Match, folded, lies_in, meant


def match(name: str, population: int | None, country_code: str = "US", admin1: str = "", **more: Any) -> Match:
    """A match with an id of its own; far from all others unless its spot is told."""
    number = zlib.crc32(f"{name} {population} {country_code} {admin1}".encode())
    fields: dict[str, Any] = {
        "id": number + 1,
        "feature_code": "PPL",
        "latitude": number % 89,
        "longitude": number % 179,
    }
    return Match(name=name, population=population, country_code=country_code, admin1=admin1 or None, **fields | more)


BERLIN = match("Berlin", 3_426_354, "DE", "State of Berlin", feature_code="PPLC")
MUNICH = match("Munich", 1_260_391, "DE", "Bavaria", feature_code="PPLA")
ROME = match("Rome", 2_318_895, "IT", "Lazio", feature_code="PPLC")


@pytest.mark.parametrize(
    ("asked", "matches"),
    [
        ("Berlin", [BERLIN, match("Berlin", 10_051, admin1="New Hampshire"), match("Berlin", 19_866, admin1="Ct")]),
        (
            "London",
            [
                match("London", 8_961_989, "GB", "England", feature_code="PPLC"),
                match("London", 346_765, "CA", "Ontario"),
                match("Londonderry", 87_153, "GB", "Northern Ireland"),
            ],
        ),
        ("paris", [match("Paris", 2_138_551, "FR", feature_code="PPLC"), match("Paris", 24_782, admin1="Texas")]),
        ("New York", [match("New York", 8_804_190), match("New York", 19_274_244, feature_code="ADM1")]),
        ("São Paulo", [match("São Paulo", 12_400_232, "BR"), match("Sao Paulo", 20_000, "PT")]),
        ("Sao Paulo", [match("São Paulo", 12_400_232, "BR")]),
        ("Tokyo", [match("Tokyo", 9_733_276, "JP", feature_code="PPLC")]),
        ("München", [MUNICH, match("Munich", 210, admin1="North Dakota")]),
        ("Monaco di Baviera", [MUNICH]),
        ("Roma", [ROME, match("Roma", 11_561, admin1="Texas"), match("Rome", 37_713, admin1="Georgia")]),
        ("Wien", [match("Vienna", 1_691_468, "AT", feature_code="PPLC"), match("Wien", None, admin1="Missouri")]),
        ("Georgetown", [match("Georgetown", 235_017, "GY", feature_code="PPLC"), match("Georgetown", 67_176)]),
        ("Boston", [match("Boston", 653_833), match("Boston", 45_339, "GB")]),
    ],
)
def test_a_name_that_almost_everybody_means_one_place_by_is_that_place(asked: str, matches: list[Match]) -> None:
    assert meant(matches, asked) == matches[:1]


@pytest.mark.parametrize(
    ("asked", "populations"),
    [
        ("Springfield", [167_882, 155_929, 116_250]),
        ("Portland", [652_503, 68_408]),
        ("Birmingham", [1_144_919, 200_733]),
        ("Cambridge", [145_674, 118_403]),
        ("San Jose", [1_026_908, 335_007]),
    ],
)
def test_of_places_of_like_size_all_are_candidates_the_largest_first(asked: str, populations: list[int]) -> None:
    matches = [match(asked, size, admin1=f"{size}") for size in reversed(populations)]
    assert [one.population for one in meant(matches, asked)] == populations


def test_a_capital_that_is_not_clearly_larger_is_not_meant_by_itself() -> None:
    matches = [match("San José", 335_007, "CR", feature_code="PPLC"), match("San Jose", 1_026_908, admin1="California")]
    assert len(meant(matches, "san josé")) == 2


def test_matches_beside_each_other_in_one_region_are_one_place() -> None:
    cologne = match("Aachen", 265_208, "DE", "NRW", latitude=50.77, longitude=6.08)
    old_town = match("Aachen", 200_000, "DE", "NRW", latitude=50.78, longitude=6.1, feature_code="PPLX")
    assert meant([cologne, old_town], "Aachen") == [cologne]
    across_the_border = match("Aachen", 200_000, "NL", "Limburg", latitude=50.78, longitude=6.1)
    assert len(meant([cologne, across_the_border], "Aachen")) == 2


def test_places_of_like_size_that_are_near_in_one_region_are_candidates() -> None:
    dane = match("Springfield", 2_734, "US", "Wisconsin", latitude=43.2, longitude=-89.5)
    near = match("Springfield", 2_600, "US", "Wisconsin", latitude=43.3, longitude=-89.4)
    assert meant([dane, near], "Springfield") == [dane, near]


def test_places_beside_each_other_in_two_counties_are_two_and_in_one_county_one_that_is_told_twice() -> None:
    spots = {"latitude": 43.20, "longitude": -89.50}, {"latitude": 43.22, "longitude": -89.52}
    dane, columbia, village = (
        match("Springfield", size, "US", "Wisconsin", admin2=county, **spot)
        for size, county, spot in ((2_734, "Dane", spots[0]), (2_600, "Columbia", spots[1]), (2_500, "Dane", spots[1]))
    )
    assert meant([dane, columbia], "Springfield") == [dane, columbia]
    assert meant([dane, village], "Springfield") == [dane]


def test_airports_hills_and_ghost_towns_make_no_town_ambiguous() -> None:
    town = match("Tegel", 33_417, "DE")
    others = [match("Tegel", None, "DE", kind, feature_code=kind) for kind in ("AIRP", "HLL", "PPLH", "PPLQ", "PPLW")]
    assert meant([*others, town], "Tegel") == [town]


def test_what_is_no_town_is_found_where_there_is_no_town_of_the_name() -> None:
    hill = match("Zugspitze", None, "DE", feature_code="MT")
    assert meant([hill], "Zugspitze") == [hill]


def test_places_of_which_no_population_is_known_are_all_candidates() -> None:
    matches = [match("Neudorf", None, "DE", region) for region in ("Saxony", "Hesse")]
    assert meant(matches, "Neudorf") == matches
    assert meant([*matches, match("Neudorf", 900, "AT")], "Neudorf") == [match("Neudorf", 900, "AT")]


def test_longer_names_do_not_count() -> None:
    york = match("York", 153_717, "GB")
    assert meant([york, match("Yorkton", 100_000, "CA"), match("New York", 8_804_190)], "york") == [york]


def test_nothing_is_meant_by_a_name_that_nobody_has() -> None:
    assert meant([], "Atlantis") == []


@pytest.mark.parametrize(
    ("areas", "lies"),
    [
        (["illinois"], True),
        (["Illinois", "United States"], True),
        (["Sangamon", "us"], True),
        (["USA"], True),
        (["Wisconsin"], False),
        (["Illinois", "Canada"], False),
        (["Illinois", "4250542"], True),
        (["4250543"], False),
        ([], True),
    ],
)
def test_qualifiers_are_regions_and_countries(areas: list[str], lies: bool) -> None:
    springfield = match(
        "Springfield", 116_250, "US", "Illinois", admin2="Sangamon", country="United States", id=4250542
    )
    assert lies_in(springfield, areas) is lies


def test_names_are_compared_without_case_accents_and_spare_spaces() -> None:
    assert folded("  SÃO   paulo ") == folded("São Paulo") == "sao paulo"
    assert folded("Straße") == "strasse"
