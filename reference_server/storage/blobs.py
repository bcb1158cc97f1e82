"""Blobs are write-once files with random names; the index knows which instance each one is, and its SHA-256.

A blob is written under `incoming/`, linked into place, and, with full durability, it and its folder are
synchronised before the index may name it: an acknowledged instance is on disk. Its name in `incoming/` goes
when the index names it, so what a crash left between the two is listed there: at the next start, a blob that
the index does not name is removed, without a search through all blobs. The name of a file never comes from a
caller. Names are random rather than digests, so that undoing a refused store removes this request's file and
never one that another request has come to rely on.
"""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from reference_server.errors import Unavailable
from reference_server.settings import Durability
from reference_server.storage.extents import Extent

MEMORY_BYTES = 1 << 20  # of an arriving blob; a larger one goes to disk


def _sync_folder(path: Path | str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unlink(location: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(location)  # noqa: PTH108  see BlobStore._arriving


class IncomingBlob:
    """A blob that is still arriving: in memory while it is small, else bytes go to disk as they come."""

    __slots__ = ("_chunks", "_descriptor", "_digest", "location", "name", "on_disk", "size_bytes")

    def __init__(self, folder: str) -> None:
        self.name = secrets.token_hex(16)
        self.location = f"{folder}/{self.name}"
        self._descriptor = -1
        self.on_disk = False
        self._chunks: list[bytes] = []
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, chunk: bytes) -> None:
        """Append a chunk."""
        self.size_bytes += len(chunk)
        self._chunks.append(chunk)
        if self.on_disk or self.size_bytes > MEMORY_BYTES:
            self.to_disk()

    def to_disk(self) -> None:
        """Write what is in memory to the file, which comes into being with it; the rest arrives there too."""
        content = self.content()
        self._digest.update(content)
        self.write_out()
        self.on_disk = True
        self._chunks.clear()

    def write_out(self) -> None:
        """Write what is in memory to the file; it stays in memory as well."""
        if self._descriptor < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._descriptor = os.open(self.location, flags, 0o640)
        view = memoryview(self.content())
        while view:
            view = view[os.write(self._descriptor, view) :]

    def content(self) -> bytes:
        """The bytes in memory: all of the blob, or none once it is on disk."""
        if len(self._chunks) > 1:
            self._chunks[:] = [b"".join(self._chunks)]
        return self._chunks[0] if self._chunks else b""

    def measure(self) -> None:
        """Take size and digest from the file itself, after somebody else has written it."""
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, hashlib.sha256)
            self.size_bytes = file.tell()
        self._digest = digest

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        return Path(self.location)

    @property
    def sha256(self) -> str:
        """The SHA-256 of what has arrived, as hexadecimal digits."""
        if self.on_disk:
            return self._digest.hexdigest()
        return hashlib.sha256(self.content()).hexdigest()

    def sync(self, durability: Durability) -> None:
        """Force the bytes to disk where the durability asks for it."""
        if durability is Durability.FULL:
            os.fsync(self._descriptor)
        elif durability is Durability.FILE:
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def discard(self) -> None:
        """Remove what has arrived."""
        self.close()
        self._chunks.clear()
        _unlink(self.location)


class BlobStore:
    """The blobs of one data folder."""

    def __init__(self, data: Path, durability: Durability = Durability.FULL) -> None:
        self._durability = durability
        self._blobs = data / "blobs"
        self.arriving = data / "incoming"
        self._arriving = str(self.arriving)  # a Path takes longer to make than a file to remove

    def prepare(self) -> list[str]:
        """Create the folders; return the names of blobs that an interrupted run left in `incoming/`."""
        self.arriving.mkdir(parents=True, exist_ok=True)
        for number in range(256):
            (self._blobs / f"{number:02x}").mkdir(parents=True, exist_ok=True)
        for folder in (self._blobs, self._blobs.parent):
            _sync_folder(folder)
        return [leftover.name for leftover in self.arriving.iterdir()]

    def incoming(self) -> IncomingBlob:
        """Open a new blob."""
        return IncomingBlob(self._arriving)

    def keep(self, blob: IncomingBlob) -> str:
        """Make a blob as durable as the setting says, and return its name.

        It is linked before it is synchronised, so that file systems with a journal write both at once; the
        index names it only after that.
        """
        if not blob.on_disk:
            blob.write_out()
        name = blob.name
        os.link(blob.location, self._location(name))
        blob.sync(self._durability)
        blob.close()
        if self._durability is Durability.FULL:
            _sync_folder(f"{self._blobs}/{name[:2]}")
        return name

    def settle(self, name: str) -> None:
        """Take note that the index names a blob."""
        _unlink(f"{self._arriving}/{name}")

    def remove(self, name: str) -> None:
        """Remove a blob that the index does not name."""
        _unlink(self._location(name))
        _unlink(f"{self._arriving}/{name}")

    def path(self, name: str) -> Path:
        """Return where the blob of that name lies."""
        return Path(self._location(name))

    def _location(self, name: str) -> str:
        return f"{self._blobs}/{name[:2]}/{name}"  # a Path takes longer to make than a file to open

    def read(self, name: str) -> bytes:
        """Return the bytes of a blob; one that is missing raises Unavailable."""
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError:
            raise Unavailable("a stored object is missing from the disk") from None

    def modified(self, name: str) -> int:
        """Return when a blob was written, in seconds since 1970; one that is missing raises Unavailable."""
        try:
            return int(os.stat(self._location(name)).st_mtime)  # noqa: PTH116  see _location
        except FileNotFoundError:
            raise Unavailable("a stored object is missing from the disk") from None

    def extent(self, name: str, offset: int, size_bytes: int) -> Extent:
        """Return that many bytes from an offset, not yet read."""
        return Extent(self._location(name), offset, size_bytes)
