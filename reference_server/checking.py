"""The blobs of a data folder are held against its index: what is missing, damaged or named by nobody is told.

A read serves what the disk gives, since a digest of every answer would cost more than the answer; the check
computes all digests, and with `repair` takes a damaged blob out of the way, so that it is never served as if
it were right: the archive then answers 503 for it. A blob that no row names is removed. Both are safe while
the archive runs: what is arriving has a name in `incoming/` until its row is there, and is left alone.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from reference_server.settings import SettingsError
from reference_server.storage.blobs import BlobStore
from reference_server.storage.folder import INDEX

BATCH = 500
DAMAGED_FOLDER = "damaged"
# Rows that share a blob, as those of a synthetic archive do, are told apart by their own lines.
INSTANCES = """
SELECT instance.id, instance.blob, instance.size_bytes, instance.sha256,
    study.study_uid || '/' || series.series_uid || '/' || instance.sop_instance_uid
FROM instance JOIN series ON series.id = instance.series_id JOIN study ON study.id = instance.study_id
WHERE instance.id > ? ORDER BY instance.id LIMIT ?
"""
IS_NAMED = "SELECT EXISTS (SELECT 1 FROM instance WHERE blob = ?)"


class Verdict(StrEnum):
    """What a blob is found to be."""

    GOOD = "good"
    MISSING = "missing"  # a row names it, and there is no file
    CUT = "cut"  # its size is not that of the row
    DAMAGED = "damaged"  # its SHA-256 is not that of the row
    ORPHAN = "orphan"  # no row names it


@dataclass(frozen=True, slots=True)
class Finding:
    """A blob that is not as it should be: its name, what names it, and whether that was repaired."""

    verdict: Verdict
    blob: str
    instance: str = ""
    repaired: bool = False

    def __str__(self) -> str:
        """One line."""
        words = (self.verdict, self.blob, self.instance, "repaired" if self.repaired else "")
        return " ".join(word for word in words if word)


@dataclass(slots=True)
class Check:
    """One check of a data folder; `run` yields what it finds."""

    data: Path
    repair: bool = False
    digests: bool = True
    instances: int = field(default=0, init=False)

    def run(self) -> Iterator[Finding]:
        """Yield what is not as it should be; SettingsError where there is no index that can be read."""
        path = self.data / INDEX
        if not path.exists():
            raise SettingsError(f"data={str(self.data)!r} holds no index")
        try:
            with closing(sqlite3.connect(f"file:{os.fspath(path)}?mode=ro", uri=True)) as connection:
                named: dict[str, Verdict] = {}
                yield from self._rows(connection, named)
                yield from self._orphans(connection, named)
        except sqlite3.Error as error:
            raise SettingsError(f"data={str(self.data)!r} cannot be checked: {error}") from None

    def _rows(self, connection: sqlite3.Connection, named: dict[str, Verdict]) -> Iterator[Finding]:
        """Yield the instances whose blob is not what they say; add every blob to those that are named."""
        blobs = BlobStore(self.data)
        last = 0
        while rows := connection.execute(INSTANCES, (last, BATCH)).fetchall():
            for _, blob, size_bytes, sha256, instance in rows:
                if blob not in named:
                    named[blob] = self._verdict(blobs.path(blob), size_bytes, sha256)
                verdict = named[blob]
                self.instances += 1
                if verdict is not Verdict.GOOD:
                    yield Finding(verdict, blob, instance, self._set_aside(blobs.path(blob)))
            last = rows[-1][0]

    def _verdict(self, path: Path, size_bytes: int, sha256: str) -> Verdict:
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size != size_bytes:
                    return Verdict.CUT
                if self.digests and hashlib.file_digest(file, hashlib.sha256).hexdigest() != sha256:
                    return Verdict.DAMAGED
        except FileNotFoundError:
            return Verdict.MISSING
        except OSError:  # the disk does not give its bytes back
            return Verdict.DAMAGED
        return Verdict.GOOD

    def _set_aside(self, path: Path) -> bool:
        """Take a damaged blob out of the way where that is asked for, and tell whether it is."""
        if not self.repair or not path.exists():
            return False
        folder = self.data / DAMAGED_FOLDER
        folder.mkdir(exist_ok=True)
        path.rename(folder / path.name)
        return True

    def _orphans(self, connection: sqlite3.Connection, named: dict[str, Verdict]) -> Iterator[Finding]:
        """Yield blobs that no row names and that are not arriving; the row is there before the name goes."""
        for path in (self.data / "blobs").glob("??/*"):
            if path.name in named or (self.data / "incoming" / path.name).exists():
                continue
            if not connection.execute(IS_NAMED, (path.name,)).fetchone()[0]:
                if self.repair:
                    path.unlink(missing_ok=True)
                yield Finding(Verdict.ORPHAN, path.name, repaired=self.repair)
