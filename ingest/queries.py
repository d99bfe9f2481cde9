"""Parameters that stand in the query of a request. Pure."""

from __future__ import annotations

from starlette.datastructures import QueryParams

from services.errors import BadRequest


def only(query: QueryParams, name: str, default: str) -> str:
    """The parameter's value, `default` without one. Raises BadRequest for a parameter that is given twice."""
    given = query.getlist(name)
    if len(given) > 1:
        raise BadRequest(name, "stands there more than once")
    return given[0] if given else default
