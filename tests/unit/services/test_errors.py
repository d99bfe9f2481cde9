from __future__ import annotations

from services.errors import BadRequest, Fault, InvalidReadings, Overloaded, Unavailable, WindsockError

MEMBERS = {"type", "title", "status", "detail", "code"}


def subclasses(kind: type[WindsockError]) -> set[type[WindsockError]]:
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


def test_a_fault_stands_on_top_of_the_problem_and_in_the_message() -> None:
    error = InvalidReadings([Fault(3, "values.t", "is empty"), Fault(4, None, "no")], omitted=2)
    problem = error.problem()
    assert problem.keys() >= MEMBERS
    assert (problem["index"], problem["field"], problem["reason"]) == (3, "values.t", "is empty")
    assert problem["errors"][1] == {"index": 4, "field": None, "reason": "no"}
    assert problem["errors_omitted"] == 2
    assert error.message()["error"] == {
        "code": "invalid_reading",
        "message": "reading 3: values.t: is empty",
        "index": 3,
        "field": "values.t",
        "reason": "is empty",
        "errors": problem["errors"],
        "errors_omitted": 2,
    }
    assert error.in_full() == "reading 3: values.t: is empty; reading 4: no; and 2 more"


def test_a_message_with_a_single_fault_says_it_once() -> None:
    error = InvalidReadings([Fault(3, None, "no")])
    assert error.message()["error"].keys() == {"code", "message", "index", "reason"}
    assert error.in_full() == "reading 3: no"


def test_a_wrong_parameter_is_named() -> None:
    assert BadRequest("limit", "too many").problem()["field"] == "limit"


def test_what_may_be_tried_again_says_when() -> None:
    for error in (Unavailable("busy", 7), Overloaded("full", 7)):
        assert error.retryable
        assert error.status == 503
        assert error.headers() == {"Retry-After": "7"}


def test_only_our_own_faults_and_limits_of_pace_are_retryable() -> None:
    for kind in subclasses(WindsockError):
        if kind.__module__ == "services.errors":
            assert kind.retryable == (kind.status in (429, 503)), kind
