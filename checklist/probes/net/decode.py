"""Bounded decoding of bodies: a bomb costs no more memory than the limit."""

from __future__ import annotations

import zlib
from typing import Protocol

from checklist.probes.net.errors import BadAnswer

# Sent as Accept-Encoding; an answer in anything else, or in several on top of each other, is refused unread.
ACCEPTED = "gzip, deflate"


class Decoder(Protocol):
    """Turns raw chunks into decoded ones, never more than asked for."""

    def feed(self, data: bytes, room: int) -> bytes:
        """Decode, returning at most `room` + 1 bytes: the one too many tells that the limit was passed."""
        ...


class _Identity:
    def feed(self, data: bytes, room: int) -> bytes:
        return data[: room + 1]


class _Inflate:
    """gzip (also of several members) and deflate, both with and without zlib's header."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._wbits = 31 if gzip else 15
        self._stream = zlib.decompressobj(self._wbits)
        self._started = False

    def feed(self, data: bytes, room: int) -> bytes:
        out = b""
        while data and len(out) <= room:
            if self._stream.eof:
                if not self._gzip:
                    break
                self._stream = zlib.decompressobj(self._wbits)
            out += self._inflate(data, room + 1 - len(out))
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        return out

    def _inflate(self, data: bytes, most: int) -> bytes:
        try:
            out = self._stream.decompress(data, most)
        except zlib.error as error:
            if self._started or self._gzip:
                raise BadAnswer("The body is not valid in the encoding that its header names.") from error
            # Some servers send deflate without zlib's header (RFC 9110, section 8.4.1.2).
            self._stream = zlib.decompressobj(-15)
            self._started = True
            return self._inflate(data, most)
        self._started = True
        return out


def decoder(content_encoding: str) -> Decoder:
    """The decoder for a Content-Encoding header. Raises BadAnswer for one we did not ask for."""
    names = [name.strip().lower() for name in content_encoding.split(",") if name.strip()]
    names = [name for name in names if name != "identity"]
    if not names:
        return _Identity()
    if len(names) > 1:
        raise BadAnswer("The body is encoded several times over; it was not read.")
    if names[0] in {"gzip", "x-gzip"}:
        return _Inflate(gzip=True)
    if names[0] == "deflate":
        return _Inflate(gzip=False)
    raise BadAnswer("The body is in an encoding that was not asked for; it was not read.")
