from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings

from services.places import Place
from services.topics import NAME_PATTERN
from tests.any_json import ANY_JSON
from tests.questions import put, refused, told
from weather_poller.fetch import FetchError
from weather_poller.providers.geocoding import Candidate, Geocoder, Resolved
from weather_poller.providers.provider import Answer, Calls, GarbledAnswerError

GEOCODER = Geocoder("https://geocoding-api.open-meteo.com", "", Calls())
MUNICH = {
    "id": 2867714,
    "name": "Munich",
    "latitude": 48.13743,
    "longitude": 11.57549,
    "elevation": 524.0,
    "feature_code": "PPLA",
    "country_code": "DE",
    "admin1_id": 2951839,
    "timezone": "Europe/Berlin",
    "population": 1260391,
    "postcodes": ["80331"],
    "country_id": 2921044,
    "country": "Germany",
    "admin1": "Bavaria",
}
MUNICH_IN_DAKOTA = {
    "id": 5060466,
    "name": "Munich",
    "latitude": 48.669,
    "longitude": -98.8323,
    "feature_code": "PPL",
    "country_code": "US",
    "population": 210,
    "country": "United States",
    "admin1": "North Dakota",
    "admin2": "Cavalier",
}


def springfield(id: int, admin1: str, admin2: str, population: int, latitude: float) -> dict[str, Any]:
    return {
        "id": id,
        "name": "Springfield",
        "latitude": latitude,
        "longitude": -89.64371,
        "feature_code": "PPLA",
        "country_code": "US",
        "country": "United States",
        "admin1": admin1,
        "admin2": admin2,
        "population": population,
    }


SPRINGFIELDS = [
    springfield(4409896, "Missouri", "Greene", 166810, 37.21533),
    springfield(4250542, "Illinois", "Sangamon", 116565, 39.80172),
    springfield(5274302, "Wisconsin", "Dane", 2700, 43.2),
    springfield(5274303, "Wisconsin", "Marquette", 830, 44.9),
]


def results(*matches: Any) -> Answer:
    found = {"generationtime_ms": 0.4}
    return told(found | {"results": list(matches)} if matches else found)


def searched(name: str, *answers: Answer | FetchError) -> Resolved:
    return put(GEOCODER.search(name), *answers)[0]


def test_a_name_is_searched_for_in_english() -> None:
    _, (ask,) = put(GEOCODER.search("Munich"), results(MUNICH))
    assert ask.url == "https://geocoding-api.open-meteo.com/v1/search"
    assert ask.parameters == {"name": "Munich", "count": "10", "language": "en"}


def test_a_key_is_sent_along() -> None:
    paid = Geocoder("https://customer-geocoding-api.open-meteo.com", "secret", Calls())
    _, (ask,) = put(paid.search("Munich"), results(MUNICH))
    assert ask.parameters["apikey"] == "secret"


def test_the_one_that_is_meant_becomes_a_place() -> None:
    assert searched("munich", results(MUNICH, MUNICH_IN_DAKOTA)).place == Place(
        "munich",
        "Munich",
        48.13743,
        11.57549,
        country="Germany",
        geocoder_id=2867714,
        country_code="DE",
        admin1="Bavaria",
        timezone="Europe/Berlin",
    )


@pytest.mark.parametrize("spelling", ["München", "MÜNCHEN", "Monaco di Baviera", "80331"])
def test_other_spellings_and_languages_are_the_same_place(spelling: str) -> None:
    both = results(MUNICH, MUNICH_IN_DAKOTA)
    found, asks = put(GEOCODER.search(spelling), results(MUNICH), both)
    assert found.place is not None
    assert (found.place.geocoder_id, found.place.place) == (2867714, "munich")
    assert [ask.parameters["name"] for ask in asks] == [spelling, "Munich"]


def test_another_spelling_of_a_place_that_is_not_meant_by_its_name_gets_no_plain_topic() -> None:
    found = searched("58352", results(MUNICH_IN_DAKOTA), results(MUNICH, MUNICH_IN_DAKOTA))
    assert found.place is not None
    assert found.place.place == "munich-north-dakota-us"


def test_an_ambiguous_name_is_answered_with_candidates() -> None:
    found = searched("Springfield", results(*SPRINGFIELDS))
    assert found.place is None
    assert [one.city for one in found.candidates] == [
        "Springfield, Missouri, United States",
        "Springfield, Illinois, United States",
        "Springfield, Dane, Wisconsin, United States",
        "Springfield, Marquette, Wisconsin, United States",
    ]
    assert found.candidates[1] == Candidate(
        4250542,
        "Springfield",
        "Illinois",
        "United States",
        "US",
        39.80172,
        -89.64371,
        116565,
        "Springfield, Illinois, United States",
    )


def test_the_text_of_each_candidate_finds_it_and_no_other() -> None:
    candidates = searched("Springfield", results(*SPRINGFIELDS)).candidates
    found = [searched(one.city, results(*SPRINGFIELDS)).place for one in candidates]
    assert [place.geocoder_id for place in found if place] == [one.id for one in candidates]


def wisconsin(id: int, admin2: str | None, population: int, latitude: float, **more: Any) -> dict[str, Any]:
    told = springfield(id, "Wisconsin", admin2 or "", population, latitude) | more
    return told if admin2 else {name: value for name, value in told.items() if name != "admin2"}


@pytest.mark.parametrize(
    ("twins", "texts"),
    [
        ([wisconsin(7, None, 2_700, 43.2), wisconsin(8, None, 2_600, 44.9)], ["Wisconsin", "Wisconsin"]),
        ([wisconsin(7, "Dane", 2_700, 43.2), wisconsin(8, "Dane", 2_600, 43.4)], ["Wisconsin", "Wisconsin"]),
        ([wisconsin(7, "Dane", 2_700, 43.2), wisconsin(8, None, 2_600, 44.9)], ["Dane, Wisconsin", "Wisconsin"]),
        (
            [
                wisconsin(7, "Dane", 2_700, 43.2, admin3="Springfield"),
                wisconsin(8, "Dane", 2_600, 43.4, admin3="Roxbury"),
            ],
            ["Springfield, Dane, Wisconsin", "Roxbury, Dane, Wisconsin"],
        ),
    ],
)
def test_several_of_one_state_are_candidates_whose_texts_tell_them_apart(twins: list[Any], texts: list[str]) -> None:
    answer = results(*SPRINGFIELDS[:2], *twins)
    of_all, of_state = (searched(name, answer).candidates for name in ("Springfield", "Springfield, Wisconsin"))
    assert [one.id for one in of_state] == [7, 8]
    assert of_all[2:] == of_state
    asked = [one.city for one in of_state]
    assert len(set(asked)) == 2
    assert all(
        text.startswith(f"Springfield, {areas}, United States") for text, areas in zip(asked, texts, strict=True)
    )
    found = [searched(text, answer).place for text in asked]
    assert [place.geocoder_id for place in found if place] == [7, 8]


@pytest.mark.parametrize("asked", ["Springfield, Illinois", "springfield,ILLINOIS , us", "Springfield, Sangamon, USA"])
def test_regions_and_countries_say_which_one(asked: str) -> None:
    found, (ask,) = put(GEOCODER.search(asked), results(*SPRINGFIELDS))
    assert (ask.parameters["name"].casefold(), ask.parameters["count"]) == ("springfield", "100")
    assert found.place is not None
    assert (found.place.geocoder_id, found.place.place) == (4250542, "springfield-illinois-us")


def test_a_region_in_which_there_are_several_leaves_candidates() -> None:
    assert len(searched("Springfield, US", results(*SPRINGFIELDS)).candidates) == 4


def test_a_region_that_does_not_fit_finds_nothing() -> None:
    assert searched("Springfield, Bavaria", results(*SPRINGFIELDS)) == Resolved()


def test_a_place_has_one_topic_however_it_is_asked_for() -> None:
    both = results(MUNICH, MUNICH_IN_DAKOTA)
    found = [
        searched("Munich", both),
        searched("Munich, Germany", both),
        searched("München", results(MUNICH), both),
        put(GEOCODER.by_id(2867714), told(MUNICH), both)[0],
    ]
    assert {one.place.place for one in found if one.place} == {"munich"}
    assert len({one.place for one in found}) == 1


def test_an_id_is_asked_for_by_itself() -> None:
    found, asks = put(GEOCODER.by_id(4250542), told(SPRINGFIELDS[1]), results(*SPRINGFIELDS))
    assert found.place is not None
    assert found.place.place == "springfield-illinois-us"
    assert asks[0].url == "https://geocoding-api.open-meteo.com/v1/get"
    assert asks[0].parameters == {"id": "4250542", "language": "en"}


def test_an_id_that_the_service_does_not_know_finds_nothing() -> None:
    assert put(GEOCODER.by_id(7), refused(400, "Location ID not found."))[0] == Resolved()


@pytest.mark.parametrize("no_id", [0, -1, 2**31, 2**70])
def test_an_id_that_cannot_be_is_not_asked_for(no_id: int) -> None:
    assert put(GEOCODER.by_id(no_id)) == (Resolved(), [])


def test_an_answer_about_another_id_is_garbled() -> None:
    with pytest.raises(GarbledAnswerError, match="asked for 7"):
        put(GEOCODER.by_id(7), told(MUNICH))


@pytest.mark.parametrize("status", [400, 404, 414])
def test_a_name_that_the_service_refuses_finds_nothing(status: int) -> None:
    assert searched("%%%", refused(status)) == Resolved()


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_a_service_that_fails_is_told(status: int) -> None:
    with pytest.raises(FetchError):
        searched("Munich", refused(status))


def test_no_results_find_nothing() -> None:
    assert searched("Atlantis", results()) == Resolved()


def test_a_name_in_another_script_is_known_by_the_geocoders_number() -> None:
    found = searched("東京", results({"id": 1850147, "name": "東京", "latitude": 35.7, "longitude": 139.7}))
    assert found.place is not None
    assert (found.place.place, found.place.name) == ("place-1850147", "東京")


def test_a_topic_is_well_formed_however_long_the_name() -> None:
    long = MUNICH | {"name": "Llanfair" * 20}
    twin = long | {"id": 3, "admin1": "Wales", "latitude": 0}
    found = searched(f"{long['name']}, Wales", results(long, twin))
    assert found.place is not None
    assert re.match(NAME_PATTERN, found.place.place)


@pytest.mark.parametrize(
    "garbage",
    [
        [],
        "text",
        {"error": True, "reason": "overloaded"},
        {"results": {"a": 1}},
    ],
)
def test_a_garbled_answer_is_refused(garbage: Any) -> None:
    with pytest.raises(GarbledAnswerError):
        searched("Berlin", told(garbage))


@given(body=ANY_JSON, match=ANY_JSON)
@settings(max_examples=200, deadline=None)
def test_no_json_at_all_raises_anything_else(body: Any, match: Any) -> None:
    for each in (body, {"results": [match]}, {"results": [MUNICH | {"name": match}]}):
        for question in (GEOCODER.search("Munich, Bavaria"), GEOCODER.by_id(2867714)):
            asked = 0
            try:
                next(question)
                while True:
                    question.send(told(each))
                    asked += 1
            except (GarbledAnswerError, StopIteration):
                assert asked <= 1


def test_a_match_that_cannot_be_read_keeps_no_other_away() -> None:
    nowhere = {name: value for name, value in MUNICH_IN_DAKOTA.items() if name != "latitude"}
    resolved, _ = put(GEOCODER.search("Munich"), told({"results": [nowhere, MUNICH]}))
    assert resolved.place is not None
    assert resolved.place.geocoder_id == MUNICH["id"]


@pytest.mark.parametrize(
    "match",
    [
        "Berlin",
        {"id": 1, "name": "Berlin"},
        {"id": 1, "name": "Berlin", "latitude": 95.0, "longitude": 0.0},
        {"id": 1, "name": {}, "latitude": 5.0, "longitude": 0.0},
    ],
)
def test_a_match_that_cannot_be_read_is_none(match: Any) -> None:
    assert put(GEOCODER.search("Munich"), told({"results": [match]}))[0] == Resolved()


def test_an_id_of_a_place_that_cannot_be_read_is_of_none() -> None:
    nowhere = {name: value for name, value in MUNICH.items() if name != "latitude"}
    assert put(GEOCODER.by_id(2867714), told(nowhere))[0] == Resolved()
