"""The page's own modules that need no browser: their tests under Node."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.javascript_sdk import NODE

FOLDER = Path(__file__).parents[2] / "javascript"
FILES = sorted(file for file in FOLDER.glob("*/*.test.mjs") if file.parent.name != "node_modules")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.name.removesuffix('.test.mjs')}")
def test_the_module_does_what_its_tests_say(file: Path) -> None:
    command = [str(NODE), "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--test", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "\nℹ pass 0\n" not in ran.stdout


def test_there_are_tests() -> None:
    assert len(FILES) >= 13
