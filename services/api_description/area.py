"""What the description of an area is made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Part = dict[str, Any]
"""A piece of an OpenAPI or AsyncAPI document."""


@dataclass(frozen=True, slots=True)
class Area:
    """Some endpoints that belong together: `paths` by path and method, `schemas` by name."""

    name: str
    about: str
    paths: Mapping[str, Mapping[str, Part]]
    schemas: Mapping[str, Part] = field(default_factory=dict)


def ref(schema: str) -> Part:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{schema}"}


def obj(properties: Mapping[str, Part], required: Sequence[str] = (), about: str = "", **more: Any) -> Part:
    """An object; `more` are further members of its schema."""
    described = {"description": about} if about else {}
    needed = {"required": list(required)} if required else {}
    return {"type": "object", **described, "properties": dict(properties), **needed, **more}


def array(items: Part, **more: Any) -> Part:
    """An array of `items`."""
    return {"type": "array", "items": items, **more}


def text(about: str = "", **more: Any) -> Part:
    """A string."""
    return {"type": "string", **({"description": about} if about else {}), **more}


def integer(about: str = "", **more: Any) -> Part:
    """A whole number."""
    return {"type": "integer", **({"description": about} if about else {}), **more}


def nullable(schema: Part) -> Part:
    """`schema`, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def json(schema: Part, example: Any = None) -> Part:
    """A JSON body."""
    return media("application/json", schema, example)


def media(types: str | Iterable[str], schema: Part, example: Any = None) -> Part:
    """A body of any of these media types."""
    shown = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {name: shown for name in ([types] if isinstance(types, str) else types)}


def body(content: Part, *, required: bool = True, about: str = "") -> Part:
    """What is sent."""
    return {**({"description": about} if about else {}), "required": required, "content": content}


def answer(about: str, content: Part | None = None, headers: Mapping[str, str] | None = None) -> Part:
    """What comes back; `headers` are always there, and their values are text."""
    found: Part = {"description": about}
    if headers:
        found["headers"] = {
            name: {"description": meaning, "required": True, "schema": {"type": "string"}}
            for name, meaning in headers.items()
        }
    return found | ({"content": content} if content else {})


def parameter(place: str, name: str, about: str, schema: Part, *, required: bool = False) -> Part:
    """A parameter of the `path`, `query` or `header`."""
    return {
        "name": name,
        "in": place,
        "description": about,
        "required": required or place == "path",
        "schema": schema,
    }


def operation(
    name: str,
    summary: str,
    answers: Mapping[int, Part],
    refusals: Iterable[int] = (),
    *,
    about: str = "",
    parameters: Sequence[Part] = (),
    sends: Part | None = None,
    security: Sequence[str] = (),
) -> Part:
    """One method of a path: what it answers, and with which statuses it refuses (as problem details).

    `security` names schemes that may say who asks; which of them are needed is a matter of settings.
    """
    found: Part = {"operationId": name, "summary": summary}
    if about:
        found["description"] = about
    if security:
        found["security"] = [{}, *({scheme: []} for scheme in security)]
    if parameters:
        found["parameters"] = list(parameters)
    if sends:
        found["requestBody"] = sends
    refused = {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in refusals}
    found["responses"] = {str(status): one for status, one in answers.items()} | refused
    return found
