"""The directory in which the private Redis server keeps its files: made, locked, and not shared.

One process at a time owns it, by a lock that the kernel drops when the process dies. A directory that
holds files of something else is refused rather than mixed up with them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.errors import StartError

LOCK = "lock"
SOCKET = "redis.sock"
SOCKET_PATH_BYTES = 100
"""Kernels take 104 to 108 bytes."""

_HARMLESS = {"lost+found", ".gitignore", ".gitkeep", ".DS_Store"}


@contextmanager
def owned(path: str) -> Iterator[Path]:
    """Make the directory `path` if need be and hold its lock. Raises StartError if it cannot be ours."""
    folder = Path(path).absolute()
    try:
        os.fspath(folder).encode()
    except UnicodeEncodeError:
        raise StartError(f"WINDSOCK_DATA_DIR={str(folder)!r} is not UTF-8; name another directory") from None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / LOCK).exists():
            _refuse_foreign(folder)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise StartError(
            f"cannot keep files in WINDSOCK_DATA_DIR={str(folder)!r}: {error.strerror or error}; "
            "make it writable, or name another directory"
        ) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise StartError(
                f"another windsock (process {owner}) uses WINDSOCK_DATA_DIR={str(folder)!r}; "
                "stop it, or name another directory"
            ) from None
        _write_owner(lock, folder)
        yield folder
    finally:
        os.close(lock)


def socket_path(folder: Path) -> Path:
    """Where the server of `folder` listens: in it, or, as its path is too long for a socket, in a private
    temporary directory that is the same at every start.
    """
    path = folder / SOCKET
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"windsock-{os.geteuid()}-{digest}"
    try:
        private.mkdir(mode=0o700, exist_ok=True)
        found = private.lstat()
    except OSError as error:
        raise StartError(f"cannot make {str(private)!r} for the Redis socket: {error.strerror or error}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise StartError(f"{str(private)!r} is not a private directory of this user; remove it")
    if len(os.fsencode(private / SOCKET)) > SOCKET_PATH_BYTES:
        raise StartError(f"WINDSOCK_DATA_DIR={str(folder)!r} is too long a path for a socket; name a shorter one")
    return private / SOCKET


def _refuse_foreign(folder: Path) -> None:
    others = sorted(entry.name for entry in folder.iterdir() if entry.name not in _HARMLESS)
    if others:
        shown = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        raise StartError(
            f"WINDSOCK_DATA_DIR={str(folder)!r} holds files of something else ({shown}); name an empty or new directory"
        )


def _write_owner(lock: int, folder: Path) -> None:
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise StartError(f"cannot write to WINDSOCK_DATA_DIR={str(folder)!r}: {error.strerror or error}") from None
