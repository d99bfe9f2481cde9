"""Code blocks of the documentation, for the tests that run them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]


def blocks(document: str, heading: str, language: str) -> list[str]:
    """The blocks in `language` below `heading` (with its hashes) of a document, up to the next one of its level."""
    section: list[str] = []
    inside = within_code = False
    for line in (ROOT / document).read_text().splitlines():
        level = 0 if within_code else len(line) - len(line.lstrip("#"))
        within_code ^= line.startswith("```")
        if level:
            inside = line == heading or (inside and level > heading.count("#"))
        elif inside:
            section.append(line)
    found = [part.split("\n```\n", 1)[0] for part in ("\n".join(section) + "\n").split(f"```{language}\n")[1:]]
    assert found, f"{document} has no {language} below {heading!r}"
    return [text + "\n" for text in found]
