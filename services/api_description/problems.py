"""How requests are refused: problem details (RFC 9457), by status, from the tree of errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus

from services.api_description.area import Part, array, integer, media, nullable, obj, ref, text
from services.errors import StartError, WindsockError

FAULT = obj(
    {
        "index": nullable(integer("Which reading of the body, from 0.")),
        "field": nullable(text("Which field or parameter.")),
        "reason": text("What is wrong with it."),
    },
    ["index", "field", "reason"],
    "One thing that is wrong.",
)
FAULTS = array(ref("Fault"), description="All that is wrong, up to 20.")
FAULTS_OMITTED = integer("How many more there are.", minimum=1)
PROBLEM = obj(
    {
        "type": text(),
        "title": text(),
        "status": integer(),
        "detail": text("For people."),
        "code": text("For programs; it does not change."),
        "index": nullable(integer("Which reading of the body is wrong first, from 0.")),
        "field": nullable(text("Which field or parameter is wrong first.")),
        "reason": text("What is wrong with it."),
        "candidates": array(obj({}), description="Places that may be meant."),
        "errors": FAULTS,
        "errors_omitted": FAULTS_OMITTED,
    },
    ["type", "title", "status", "detail", "code"],
    "Why a request is refused (RFC 9457).",
)
SCHEMAS = {"Problem": PROBLEM, "Fault": FAULT}
RETRY_AFTER = ("Seconds to wait.", integer(minimum=0))
HEADERS: dict[int, dict[str, tuple[str, Part]]] = {
    401: {"WWW-Authenticate": ("How to say who one is.", text())},
    429: {
        "Retry-After": RETRY_AFTER,
        "RateLimit-Policy": ("The limit: its name, the readings `q` that may come in `w` seconds.", text()),
        "RateLimit": ("What is left of it: `r` readings, and more in `t` seconds.", text()),
    },
    503: {"Retry-After": RETRY_AFTER},
}


def responses(statuses: Iterable[int]) -> dict[str, Part]:
    """The refusals with these statuses, by name."""
    return {f"Problem{status}": _response(status) for status in sorted(set(statuses))}


def _response(status: int) -> Part:
    codes = {error.code: _first_line(error) for error in _tree(WindsockError) if error.status == status}
    meant = "; ".join(f"`{code}`: {meaning}" for code, meaning in codes.items())
    found: Part = {
        "description": meant or HTTPStatus(status).phrase,
        "content": media("application/problem+json", ref("Problem")),
    }
    if status in HEADERS:
        found["headers"] = {
            name: {"description": about, "required": True, "schema": schema}
            for name, (about, schema) in HEADERS[status].items()
        }
    return found


def _tree(root: type[WindsockError]) -> Iterator[type[WindsockError]]:
    for error in root.__subclasses__():
        if "code" in vars(error) and error.__module__ == WindsockError.__module__ and not issubclass(error, StartError):
            yield error
        yield from _tree(error)


def _first_line(error: type[WindsockError]) -> str:
    return (error.__doc__ or "").partition("\n")[0].rstrip(".")
