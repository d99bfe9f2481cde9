"""Bodies that come compressed (RFC 9110, section 8.4): gzip, deflate, zstd. Pure.

However small a body is that wants to become large, no more than the bound and a few megabytes are ever held.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import zstandard

from services.errors import Fault, MalformedBody, TooLarge, UnsupportedMedia
from services.lane import Headers

WINDOW_BYTES = 8 * 2**20
"""The largest window of a zstd frame that a decoder must take (RFC 9659)."""
PIECE = 256
"""Bytes that zstd gets at once: at most 64 blocks of 128 KiB come of them (RFC 8878, section 3.1.1.2)."""
MEMBERS = 64
"""Most gzip members or zstd frames in one body: each costs a new decoder."""


def plain(headers: Headers, body: bytes, most: int) -> bytes:
    """`body` as it was before its Content-Encoding.

    Raises UnsupportedMedia for another coding, TooLarge for more than `most` bytes, and MalformedBody for what is cut
    off or no such data.
    """
    coding = headers.get(b"content-encoding", b"").strip().lower()
    if coding in (b"", b"identity"):
        return body
    decoder = _DECODERS.get(coding)
    if decoder is None:
        shown = coding.decode("latin-1")[:32]
        raise UnsupportedMedia(f"content encoding {shown!r} is not read here; send gzip, deflate, zstd or none")
    try:
        return decoder(body, most)
    except (zlib.error, zstandard.ZstdError) as error:
        raise _broken(coding.decode(), str(error)) from None
    except EOFError as error:
        raise _broken(coding.decode(), str(error)) from None


def _gunzipped(body: bytes, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for _ in range(MEMBERS):
        part, body = _inflated(body, zlib.MAX_WBITS | 16, most - size)
        parts.append(part)
        size += len(part)
        if not body.rstrip(b"\0"):  # gzip pads with zeros
            return b"".join(parts)
    raise EOFError(f"it has more than {MEMBERS} members")


def _deflated(body: bytes, most: int) -> bytes:
    """What is called deflate is zlib's form of it, but some send the bare one (RFC 9110, section 8.4.1.2)."""
    try:
        return _all(_inflated(body, zlib.MAX_WBITS, most))
    except zlib.error:
        return _all(_inflated(body, -zlib.MAX_WBITS, most))


def _inflated(body: bytes, wbits: int, most: int) -> tuple[bytes, bytes]:
    """What the stream at the start of `body` holds, and what comes after it."""
    decoder = zlib.decompressobj(wbits)
    data = decoder.decompress(body, most + 1)
    if len(data) > most:
        raise _too_large(most)
    if not decoder.eof:
        raise EOFError("it is cut off")
    return data, decoder.unused_data


def _all(inflated: tuple[bytes, bytes]) -> bytes:
    data, rest = inflated
    if rest:
        raise EOFError("something follows its end")
    return data


def _unzstd(body: bytes, most: int) -> bytes:
    context = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES)
    parts: list[bytes] = []
    size = 0
    frames = 0
    frame = None
    for start in range(0, len(body), PIECE):
        piece = body[start : start + PIECE]
        while piece:
            if frame is None:
                frames += 1
                if frames > MEMBERS:
                    raise EOFError(f"it has more than {MEMBERS} frames")
                frame = context.decompressobj()
            part = frame.decompress(piece)
            parts.append(part)
            size += len(part)
            if size > most:
                raise _too_large(most)
            piece = b""
            if frame.eof:
                piece, frame = frame.unused_data, None
    if frame is not None or not body:
        raise EOFError("it is cut off")
    return b"".join(parts)


_DECODERS: dict[bytes, Callable[[bytes, int], bytes]] = {
    b"gzip": _gunzipped,
    b"x-gzip": _gunzipped,
    b"deflate": _deflated,
    b"zstd": _unzstd,
}


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body is larger than {most} bytes once it is decompressed")


def _broken(coding: str, reason: str) -> MalformedBody:
    return MalformedBody([Fault(None, None, f"the body is not what its content encoding {coding} says: {reason}")])
