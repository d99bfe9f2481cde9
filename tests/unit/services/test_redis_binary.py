from __future__ import annotations

from pathlib import Path

import pytest

from services.errors import StartError
from services.redis_binary import Binary, find, parse_version


def program(folder: Path, name: str, version: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{version}'\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c971a948f0", (7, 0, 15)),
        ("Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1", (8, 1, 1)),
        ("Redis server v=255.255.255 sha=1", (255, 255, 255)),
        ("Redis server v=8.0 sha=1", (8, 0, 0)),
        ("command not found", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_what_the_program_prints(output: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(output) == version


def test_redis_is_preferred_to_valkey(tmp_path: Path) -> None:
    program(tmp_path, "valkey-server", "Valkey server v=8.0.0 x")
    path = program(tmp_path, "redis-server", "Redis server v=6.2.0 x")
    assert find(str(tmp_path)) == Binary(path, (6, 2, 0))


def test_a_program_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "redis-server", "Redis server v=6.0.16 x")
    path = program(tmp_path, "valkey-server", "Valkey server v=8.0.0 x")
    assert find(str(tmp_path)) == Binary(path, (8, 0, 0))


def test_without_a_program_the_one_in_the_package_is_used(tmp_path: Path) -> None:
    found = find(str(tmp_path))
    assert found.path.endswith("/valkey-server")
    assert found.version >= (9, 0, 0)


@pytest.mark.usefixtures("no_package")
def test_nothing_usable_is_one_line_that_says_what_was_found_and_how_to_mend_it(tmp_path: Path) -> None:
    path = program(tmp_path, "redis-server", "Redis server v=6.0.16 x")
    with pytest.raises(StartError, match=f"{path} is 6.0.16.*apt-get install redis-server.*WINDSOCK_REDIS_URL"):
        find(str(tmp_path))
    with pytest.raises(StartError, match=r"^no Redis server of version 6\.2 or newer; install one"):
        find(str(tmp_path / "empty"))
