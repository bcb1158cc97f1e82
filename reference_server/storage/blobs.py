"""Blobs are write-once files named by the SHA-256 of their content.

A blob is written under `incoming/`, synchronised, renamed into place, and its folder is synchronised too, before the
index may name it: an acknowledged instance is on disk. What a crash leaves in `incoming/` nobody names; it is removed at
the next start. The name of a file never comes from a caller.
"""

import hashlib
import os
import secrets
from pathlib import Path

from reference_server.errors import Unavailable


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class IncomingBlob:
    """A blob that is still arriving: bytes go to disk as they come, and into the digest."""

    __slots__ = ("_descriptor", "_digest", "path", "size_bytes")

    def __init__(self, folder: Path) -> None:
        self.path = folder / secrets.token_hex(16)
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, chunk: bytes) -> None:
        """Append a chunk."""
        self._digest.update(chunk)
        self.size_bytes += len(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def sync(self) -> str:
        """Force the bytes to disk, close the file, and return the SHA-256 as hexadecimal digits."""
        os.fsync(self._descriptor)
        self.close()
        return self._digest.hexdigest()

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def discard(self) -> None:
        """Remove what has arrived."""
        self.close()
        self.path.unlink(missing_ok=True)


class BlobStore:
    """The blobs of one data folder."""

    def __init__(self, data: Path) -> None:
        self._blobs = data / "blobs"
        self._incoming = data / "incoming"

    def prepare(self) -> None:
        """Create the folders, and remove what an interrupted run left in `incoming/`."""
        for folder in (self._blobs, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._incoming.iterdir():
            leftover.unlink()

    def incoming(self) -> IncomingBlob:
        """Open a new blob."""
        return IncomingBlob(self._incoming)

    def keep(self, blob: IncomingBlob) -> str:
        """Make a blob durable under its digest, which is returned; equal content is kept once."""
        digest = blob.sync()
        target = self.path(digest)
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder(target.parent.parent)
            _sync_folder(self._blobs)
        # Replacing an equal blob is atomic and spares the question whether its first writer has synchronised it.
        blob.path.replace(target)
        _sync_folder(target.parent)
        return digest

    def path(self, digest: str) -> Path:
        """Return where the blob of that digest lies."""
        return self._blobs / digest[:2] / digest[2:4] / digest

    def read(self, digest: str) -> bytes:
        """Return the bytes of a blob; one that is missing raises Unavailable."""
        try:
            return self.path(digest).read_bytes()
        except FileNotFoundError:
            raise Unavailable("a stored object is missing from the disk") from None
