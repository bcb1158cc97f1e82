"""A run of octets in a file: what an answer sends of a stored object without having it in memory.

A short run is read when its turn comes. A long one is only opened then, and the kernel or a small buffer
takes it from there to the client, so that an answer of gigabytes takes no more memory than one of kilobytes.
"""

import os
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from reference_server.errors import Unavailable

SHORT_BYTES = 1 << 16


class OpenExtent:
    """An extent whose file is open; leaving the context closes it."""

    __slots__ = ("descriptor", "offset", "size_bytes")

    def __init__(self, descriptor: int, offset: int, size_bytes: int) -> None:
        self.descriptor = descriptor
        self.offset = offset
        self.size_bytes = size_bytes

    def __enter__(self) -> Self:
        """Return the open extent."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def read(self, first: int, size_bytes: int) -> bytes:
        """Return that many octets from an offset within the extent; fewer raise Unavailable."""
        content = os.pread(self.descriptor, size_bytes, self.offset + first)
        if len(content) != size_bytes:
            raise Unavailable("a stored object is shorter than it was")
        return content


@dataclass(frozen=True, slots=True)
class Extent:
    """Octets of a file, not yet open."""

    path: str
    offset: int
    size_bytes: int

    def part(self, first: int, size_bytes: int) -> "Extent":
        """Return that part of the extent."""
        return replace(self, offset=self.offset + first, size_bytes=size_bytes)

    def take(self) -> bytes | OpenExtent:
        """Return the octets of a short extent, or a long one open; not whole, it is Unavailable."""
        opened = self._opened()
        if self.size_bytes > SHORT_BYTES:
            return opened
        with opened:
            return opened.read(0, self.size_bytes)

    def octets(self) -> bytes:
        """Return the octets, however many; not whole, it is Unavailable."""
        with self._opened() as opened:
            return opened.read(0, self.size_bytes)

    def _opened(self) -> OpenExtent:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Unavailable("a stored object is missing from the disk") from None
        opened = OpenExtent(descriptor, self.offset, self.size_bytes)
        if self.size_bytes > SHORT_BYTES and os.fstat(descriptor).st_size < self.offset + self.size_bytes:
            with opened:
                raise Unavailable("a stored object is shorter than it was")
        return opened
