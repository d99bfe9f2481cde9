"""The documents by themselves: that they are what their standards say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.api_description.document import asyncapi, openapi

ASYNCAPI = Path(__file__).parents[2] / "javascript" / "node_modules" / "@asyncapi" / "specs" / "schemas"


def test_the_http_description_is_openapi() -> None:
    OpenAPIV31SpecValidator(openapi()).validate()


def test_the_description_of_the_sockets_is_asyncapi() -> None:
    schema = json.loads((ASYNCAPI / "3.0.0-without-$id.json").read_text())
    jsonschema.Draft7Validator(schema).validate(asyncapi())


@pytest.mark.parametrize("document", [openapi(), asyncapi()], ids=["openapi", "asyncapi"])
def test_whatever_is_referred_to_is_there(document: dict[str, Any]) -> None:
    for reference in references(document):
        found = document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]


@pytest.mark.parametrize("document", [openapi(), asyncapi()], ids=["openapi", "asyncapi"])
def test_patterns_are_such_as_any_language_reads(document: dict[str, Any]) -> None:
    patterns = [value for key, value in pairs(document) if key == "pattern" and isinstance(value, str)]
    assert patterns
    for pattern in patterns:
        assert not re.search(r"\\[AZz]|\(\?P", pattern)
        assert pattern.startswith("^")


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [value for key, value in pairs(openapi()) if key == "operationId"]
    assert len(names) == len(set(names)) > 30


def test_an_example_is_what_its_schema_says() -> None:
    document = openapi()
    for methods in document["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if "example" in content:
                    schema = content["schema"] | {"components": document["components"]}
                    jsonschema.Draft202012Validator(schema).validate(content["example"])


def pairs(document: Any) -> Iterator[tuple[str, Any]]:
    """Every member of every object in it."""
    if isinstance(document, dict):
        yield from document.items()
        for value in document.values():
            yield from pairs(value)
    elif isinstance(document, list):
        for value in document:
            yield from pairs(value)


def references(document: Any) -> Iterator[str]:
    return (value for key, value in pairs(document) if key == "$ref")
