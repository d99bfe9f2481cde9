"""Compressed bodies: what they hold, and how much of it is held at most."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard

from ingest.bodies import MEMBERS, plain
from services.errors import MalformedBody, TooLarge, UnsupportedMedia

TEXT = b'{"device":"d","values":{"t":21.4}}' * 20
MOST = 1_000_000


def raw_deflate(data: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return coder.compress(data) + coder.flush()


def streamed_zstd(data: bytes) -> bytes:
    """Without its size in the header, as a client that does not know it sends."""
    coder = zstandard.ZstdCompressor().compressobj()
    return coder.compress(data) + coder.flush()


CODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("X-GZip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("zstd", zstandard.ZstdCompressor().compress),
    ("zstd", streamed_zstd),
]
each_coding = pytest.mark.parametrize(
    ("coding", "compress"), CODINGS, ids=["gzip", "x-gzip", "zlib", "raw", "zstd", "streamed"]
)


def opened(coding: str, body: bytes, most: int = MOST) -> bytes:
    return plain({b"content-encoding": coding.encode()}, body, most)


@each_coding
def test_what_was_compressed_is_read(coding: str, compress: Callable[[bytes], bytes]) -> None:
    assert opened(coding, compress(TEXT)) == TEXT
    assert opened(coding, compress(b"")) == b""
    assert opened(coding, compress(TEXT), len(TEXT)) == TEXT


def test_what_was_not_compressed_is_left_as_it_is() -> None:
    assert plain({}, TEXT, 1) == opened("identity", TEXT, 1) == opened(" ", TEXT, 1) == TEXT


@each_coding
def test_more_than_the_bound_is_too_large(coding: str, compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TooLarge, match=str(len(TEXT) - 1)):
        opened(coding, compress(TEXT), len(TEXT) - 1)


@each_coding
def test_a_bomb_takes_little_memory(coding: str, compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(bytes(200_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            opened(coding, bomb)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@each_coding
def test_what_is_cut_off_is_told(coding: str, compress: Callable[[bytes], bytes]) -> None:
    whole = compress(TEXT)
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        with pytest.raises(MalformedBody, match=coding.lower()):
            opened(coding, whole[:length])


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_what_is_no_such_data_is_told(coding: str) -> None:
    with pytest.raises(MalformedBody):
        opened(coding, TEXT)


@each_coding
def test_nothing_may_follow(coding: str, compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(MalformedBody):
        opened(coding, compress(TEXT) + b"{}")


@pytest.mark.parametrize(("coding", "compress"), [CODINGS[0], CODINGS[4]])
def test_parts_that_were_compressed_one_by_one_are_one_body(coding: str, compress: Callable[[bytes], bytes]) -> None:
    assert opened(coding, compress(TEXT) + compress(b"2")) == TEXT + b"2"
    assert opened(coding, compress(b"x") * MEMBERS) == b"x" * MEMBERS
    with pytest.raises(MalformedBody, match="more than"):
        opened(coding, compress(b"x") * (MEMBERS + 1))
    with pytest.raises(TooLarge):
        opened(coding, compress(TEXT) * 2, len(TEXT) * 2 - 1)


def test_a_window_that_is_too_large_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    coder = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(MalformedBody, match="memory"):
        opened("zstd", coder.compress(TEXT) + coder.flush())


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "x" * 100, "\xff"])
def test_other_codings_are_refused(coding: str) -> None:
    with pytest.raises(UnsupportedMedia):
        plain({b"content-encoding": coding.encode("latin-1")}, TEXT, MOST)
