"""Records of a large request wait on disk until the transaction that enters them into the index.

A record holds the DICOM JSON of an instance, some ten kilobytes; a request may bring tens of thousands of
instances. The first records stay in memory, since most requests bring few.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from reference_server.storage.records import FrameLayout, InstanceRecord, StudyKeys

BATCH_BYTES = 1 << 22  # of metadata
FEW_BYTES = 1 << 18


class RecordSpool:
    """Holds the records of one request in the order in which they are added; closing it removes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: BinaryIO | None = None
        self._recent: list[InstanceRecord] = []
        self._recent_bytes = 0

    def add(self, record: InstanceRecord) -> None:
        """Add a record; raises OSError where the disk is full."""
        self._recent.append(record)
        self._recent_bytes += len(record.metadata)
        if self._recent_bytes >= BATCH_BYTES:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  closed by close()
            self._file.write(orjson.dumps(self._recent, default=bytes.decode) + b"\n")
            self._file.flush()
            self._recent, self._recent_bytes = [], 0

    @property
    def are_few(self) -> bool:
        """Whether entering the records into the index takes little time."""
        return self._file is None and self._recent_bytes <= FEW_BYTES

    def batches(self) -> Iterator[list[InstanceRecord]]:
        """Yield all records, some at a time."""
        if self._file is not None:
            self._file.seek(0)
            for line in self._file:
                yield [_record(values) for values in orjson.loads(line)]
        if self._recent:
            yield self._recent

    def close(self) -> None:
        """Remove what is on disk."""
        if self._file is not None:
            self._file.close()


def _record(values: dict[str, Any]) -> InstanceRecord:
    """Return the record that was written as JSON."""
    frames = values["frames"]
    known = {each.name: values[each.name] for each in fields(InstanceRecord)}
    return InstanceRecord(
        **known
        | {
            "study_keys": StudyKeys(**values["study_keys"]),
            "metadata": values["metadata"].encode(),
            "name_words": tuple((tag, word) for tag, word in values["name_words"]),
            "frames": FrameLayout(**frames) if frames else None,
        }
    )
