from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.data_dir import LOCK, SOCKET_PATH_BYTES, owned, socket_path
from services.errors import StartError


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's right to write everywhere, if we have it."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_it_is_made_for_this_user_only(tmp_path: Path) -> None:
    with owned(str(tmp_path / "a" / "data")) as folder:
        assert folder == tmp_path / "a" / "data"
        assert folder.stat().st_mode & 0o777 == 0o700


def test_it_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with (
        owned(str(tmp_path)),
        pytest.raises(StartError, match=f"another windsock \\(process {os.getpid()}\\) uses"),
        owned(str(tmp_path)),
    ):
        pass
    with owned(str(tmp_path)):
        pass


def test_a_directory_with_files_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(StartError, match=r"holds files of something else \(thesis.doc\)"), owned(str(tmp_path)):
        pass
    assert os.listdir(tmp_path) == ["thesis.doc"]


def test_an_empty_volume_is_taken(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    with owned(str(tmp_path)):
        assert (tmp_path / LOCK).exists()


def test_a_file_in_its_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "data"):
        with (
            pytest.raises(StartError, match=r"cannot keep files in WINDSOCK_DATA_DIR=.*name another"),
            owned(str(path)),
        ):
            pass


def test_a_directory_that_is_not_writable_is_one_line(tmp_path: Path) -> None:
    readable = tmp_path.parents[2]  # what pytest made is for its user only
    locked = Path(str(readable)) / f"windsock-test-locked-{os.getpid()}"
    locked.mkdir(mode=0o555)
    try:
        with as_nobody(), pytest.raises(StartError, match="Permission denied; make it writable"), owned(str(locked)):
            pass
    finally:
        locked.rmdir()


def test_the_socket_is_in_it(tmp_path: Path) -> None:
    assert socket_path(Path("/data")) == Path("/data/redis.sock")


def test_a_path_too_long_for_a_socket_gets_a_private_place_that_stays_the_same(short_folder: Path) -> None:
    long = Path("/" + "x" * SOCKET_PATH_BYTES)
    path = socket_path(long)
    assert path.parent.parent == short_folder
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert socket_path(long) == path
    assert socket_path(Path(f"{long}y")) != path


@pytest.mark.usefixtures("short_folder")
def test_a_private_place_that_others_may_enter_is_refused() -> None:
    long = Path("/" + "x" * SOCKET_PATH_BYTES)
    socket_path(long).parent.chmod(0o755)
    with pytest.raises(StartError, match="is not a private directory"):
        socket_path(long)
